"""A worker in Python that does what the soak asks, and nothing else: it shows that the soak can pass, and, with
STUB_SIN, that it fails where it should. It understands the same prompts as the scripted captioner.

STUB_SIN: forget (drops one result in twenty), double (posts one in twenty twice), swap (streams out of order), nan,
code (ends with 3), leak (keeps 20 KB of each job)
"""

import asyncio
import contextlib
import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from urllib.parse import quote

import aiohttp
from yarl import URL

ROOM = int(os.environ.get("SCRIPTED_PICTURES", "64"))
WORKER = os.environ["RUNPOD_POD_ID"]
KEY = os.environ["RUNPOD_AI_API_KEY"]
SIN = os.environ.get("STUB_SIN", "")
LEAKED = []
OUTBOX = os.environ.get("VIGNETTE_OUTBOX")
TAKE = os.environ["RUNPOD_WEBHOOK_GET_JOB"].replace("$ID", WORKER)
DONE = os.environ["RUNPOD_WEBHOOK_POST_OUTPUT"].replace("$RUNPOD_POD_ID", WORKER)
STREAM = os.environ["RUNPOD_WEBHOOK_POST_STREAM"].replace("$RUNPOD_POD_ID", WORKER)
PING = os.environ["RUNPOD_WEBHOOK_PING"].replace("$RUNPOD_POD_ID", WORKER)
RESULT_MAX = 20_000_000
LOST = (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError)


def error_text(message):
    fields = {"error_type": "stub", "error_message": message, "hostname": "stub", "worker_id": WORKER, "version": "0"}
    return json.dumps(fields)


def encoded(value):
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


class Stub:
    def __init__(self):
        self.held = {}  # id: task
        self.stopping = asyncio.Event()
        self.room = asyncio.Event()
        self.outbox = Path(OUTBOX) if OUTBOX else None
        self.waiting = {}  # id: body, from a life before

    async def run(self):
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stopping.set)
        timeout = aiohttp.ClientTimeout(total=90)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            headers={"Authorization": KEY}, timeout=timeout, connector=connector
        ) as self.http:
            ping = asyncio.create_task(self.ping())
            if self.outbox:
                self.outbox.mkdir(exist_ok=True)
                for file in self.outbox.glob("*.json"):
                    kept = json.loads(file.read_text())
                    self.held[kept["id"]] = asyncio.create_task(self.post_kept(kept["id"], kept["body"].encode()))
            print("ready for jobs", flush=True)
            polls = [asyncio.create_task(self.take()), asyncio.create_task(self.stops())]
            await self.stopping.wait()
            for poll in polls:
                poll.cancel()
            await asyncio.gather(*polls, return_exceptions=True)
            await asyncio.gather(*self.held.values(), return_exceptions=True)
            ping.cancel()
        if SIN == "code":
            sys.exit(3)

    async def ping(self):
        while True:
            ids = ",".join(quote(id, safe="") for id in self.held)
            try:
                async with self.http.get(f"{PING}&job_id={ids}&stub_version=0", timeout=aiohttp.ClientTimeout(total=2)):
                    pass
            except LOST:
                pass
            await asyncio.sleep(0.5)

    async def take(self):
        failures = 0
        while True:
            free = ROOM - len(self.held)
            if free <= 0:
                self.room.clear()
                await self.room.wait()
                continue
            url = TAKE.replace("/job-take/", "/job-take-batch/") + f"&batch_size={free}" if free > 1 else TAKE
            try:
                async with self.http.get(f"{url}&job_in_progress={int(bool(self.held))}") as answer:
                    body = await answer.read()
                    if answer.status == 200 and answer.content_type == "application/json":
                        found = json.loads(body.decode("utf-8", "replace"))
                        self.accept(found if isinstance(found, list) else [found])
                    failures = 0 if answer.status in (200, 204) else failures + 1
            except (*LOST, ValueError):
                failures += 1
            if failures:
                await asyncio.sleep(min(2.0, 0.05 * 2**failures))

    def accept(self, jobs):
        for job in jobs:
            id = job.get("id") if isinstance(job, dict) else None
            if isinstance(id, str) and id and id not in self.held:
                self.held[id] = asyncio.create_task(self.work(id, job.get("input")))

    async def stops(self):
        while True:
            try:
                async with self.http.get(TAKE.replace("/job-take/", "/job-stop/")) as answer:
                    found = json.loads(await answer.read()) if answer.status == 200 else {}
                    for id in found.get("jobsToStop", []):
                        if id in self.held:
                            self.held[id].cancel()
            except (*LOST, ValueError):
                pass
            await asyncio.sleep(0.1)

    async def work(self, id, input):
        try:
            try:
                result = await self.answered(id, input)
            except ValueError as error:
                result = {"error": error_text(str(error))}
            body = encoded(result)
            if len(body) > RESULT_MAX:
                body = encoded({"error": error_text("the result is too large")})
            if SIN == "leak":
                LEAKED.append(os.urandom(20_000))
            if SIN == "nan" and random.random() < 0.05:
                body = b'{"output": NaN}'
            if SIN == "forget" and random.random() < 0.05:
                return
            kept = self.keep(id, body)
            await self.post(DONE, id, body)
            if SIN == "double" and random.random() < 0.05:
                await self.post(DONE, id, body)
            if kept:
                kept.unlink(missing_ok=True)
        finally:
            self.held.pop(id, None)
            self.room.set()

    def keep(self, id, body):
        if not self.outbox:
            return None
        file = self.outbox / (hashlib.sha256(id.encode()).hexdigest() + ".json")
        new = file.with_suffix(".new")
        with contextlib.suppress(OSError):  # the folder may be gone, or its disk full
            self.outbox.mkdir(exist_ok=True)
            new.write_text(json.dumps({"id": id, "body": body.decode()}))
            new.rename(file)
        return file

    async def post_kept(self, id, body):
        kept = self.keep(id, body)
        await self.post(DONE, id, body)
        kept.unlink(missing_ok=True)
        self.held.pop(id, None)
        self.room.set()

    async def post(self, template, id, body):
        """Until it has arrived; refused for good, a small error goes out in its place."""
        url = URL(template.replace("$ID", quote(id, safe="")) + "&isStream=false", encoded=True)
        for attempt in range(100):
            try:
                async with self.http.post(url, data=body) as answer:
                    await answer.read()
                    if answer.status < 400 or answer.status == 404:
                        return
                    if answer.status < 500 and answer.status != 429:
                        if template is STREAM:
                            return
                        body = encoded({"error": error_text(f"the result was refused with {answer.status}")})
            except LOST:
                pass
            await asyncio.sleep(min(2.0, 0.05 * 2**attempt))

    async def answered(self, id, input):
        if not isinstance(input, dict):
            raise ValueError("the input is no object")
        stream = bool(input.get("stream"))
        if "images" not in input:
            return {"output": await self.picture(id, input, 0, None, stream)}
        results = []
        for at, item in enumerate(input["images"]):
            try:
                results.append(await self.picture(id, item, at, item.get("id"), stream))
            except ValueError as error:
                results.append({"error": {"code": "model_failed", "message": str(error), "retryable": False}})
                if stream:
                    await self.chunk(id, [{"index": at, "result": results[-1]}])
        failed = sum("error" in result for result in results)
        return {"output": {"results": results, "count": len(results), "failed": failed, "processing_time": 0.1}}

    async def picture(self, id, input, at, own_id, stream):
        source = input.get("data_url", input.get("image"))
        if not isinstance(source, str) or len(source) < 100:
            raise ValueError("no picture")
        words = dict(word.partition("=")[::2] for word in input.get("prompt", "").split(";") if word)
        await asyncio.sleep(float(words.get("sleep", 0)) / 1000)
        if words.get("decode") == "refused":
            raise ValueError("undecodable_image")
        if "fail" in words:
            raise ValueError(words["fail"])
        pieces = words["pieces"].split("|") if "pieces" in words else [words.get("text", "a stub's picture")]
        result = {"id": own_id} if own_id else {}
        result |= {"caption": "".join(pieces), "processing_time": time.time()}
        if "size" in words:
            result["caption"] = "x" * int(words["size"])
        if SIN == "swap":
            pieces.reverse()
        if stream:
            for piece in pieces[:-1]:
                await self.chunk(id, [{"index": at, "text": piece}])
            await self.chunk(id, [{"index": at, "text": pieces[-1]}, {"index": at, "result": result}])
        return result

    async def chunk(self, id, events):
        await self.post(STREAM, id, encoded({"output": {"events": events}}))


if __name__ == "__main__":
    assert sys.argv[1:] == ["worker"], sys.argv
    asyncio.run(Stub().run())
