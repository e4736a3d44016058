"""All parts together: one process, one event loop, one queue for every endpoint's name."""

import asyncio
import sys
import traceback

from aiohttp import web

from . import client_api, worker_api
from .control import Control
from .counting import Count
from .faults import Faults
from .jobs import Jobs
from .recorder import Recorder
from .webhooks import Webhooks
from .wire import json_answer

LEASES_EVERY_S = 0.05
LINE_MAX = 256 * 1024  # a job's id may have 10 KB, and the path holds it escaped


class Platform:
    def __init__(self, settings):
        self.settings = settings
        self.count = Count()
        self.jobs = Jobs(settings, self.count)
        self.faults = Faults()
        self.recorder = Recorder(settings)
        self.webhooks = Webhooks()
        self.worker_api = worker_api.WorkerApi(settings, self.jobs, self.faults, self.recorder, self.count)
        self.client_api = client_api.ClientApi(settings, self.jobs, self.worker_api)
        self.control = Control(self)
        self.jobs.on_final = self.webhooks.job_ended
        self.tasks = []

    def stats(self):
        self.count.faults = self.faults.done
        unhealthy = self.worker_api.unhealthy
        return {**self.count.as_json(self.jobs), "webhooks": self.webhooks.sent, "unhealthy": unhealthy}

    async def answer(self, request):
        try:
            if request.raw_path.startswith("/control/"):
                return await self.control.answer(request)
            if call := worker_api.parse(request.raw_path):
                return await self.worker_api.answer(call, request)
            if asked := client_api.operation(request.raw_path):
                return await self.client_api.answer(asked, request)
            return json_answer({"error": "not found"}, 404).response()
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)  # a mistake of the fake: tests must see it
            return json_answer({"error": "the fake has failed"}, 500).response()

    async def start(self, host, port):
        """Returns the port."""
        server = web.Server(
            self.answer,
            handler_cancellation=True,  # a poll whose worker has gone must not be handed a job
            max_line_size=LINE_MAX,
            max_field_size=LINE_MAX,
            access_log=None,
            keepalive_timeout=600,
        )
        self.runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, host, port, backlog=1024)
        await site.start()
        self.tasks.append(asyncio.create_task(self._expire_leases()))
        return self.runner.addresses[0][1]

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await self.webhooks.close()
        await self.runner.cleanup()

    async def _expire_leases(self):
        while True:
            await asyncio.sleep(LEASES_EVERY_S)
            self.jobs.expire_leases()
