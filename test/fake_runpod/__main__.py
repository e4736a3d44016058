"""PYTHONPATH=test python -m fake_runpod --port 0: prints {"port": N} when it listens, ends with SIGTERM or when the one
who started it goes away (with --with-parent)."""

import argparse
import asyncio
import json
import os
import signal

from .platform import Platform
from .settings import Settings


def arguments():
    parser = argparse.ArgumentParser(prog="fake_runpod")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default=Settings.key, help="asked of workers (raw) and clients (raw or Bearer)")
    parser.add_argument("--hold", type=float, default=Settings.hold_s, help="seconds an idle poll is held")
    parser.add_argument(
        "--lease", type=float, default=Settings.lease_s, help="seconds without a ping that lists the job"
    )
    parser.add_argument(
        "--attempts", type=int, default=Settings.attempts_max, help="hand-outs until a job fails; 0: no limit"
    )
    parser.add_argument("--no-record", action="store_true", help="keep no exchanges")
    parser.add_argument("--with-parent", action="store_true", help="end when the parent process ends")
    return parser.parse_args()


async def serve(options):
    settings = Settings(key=options.key, hold_s=options.hold, lease_s=options.lease, attempts_max=options.attempts)
    settings.record = not options.no_record
    platform = Platform(settings)
    port = await platform.start(options.host, options.port)
    print(json.dumps({"port": port}), flush=True)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    parent = os.getppid()
    while options.with_parent and not ended.is_set():
        if os.getppid() != parent:
            break
        try:
            await asyncio.wait_for(ended.wait(), 0.5)
        except TimeoutError:
            continue
    if not options.with_parent:
        await ended.wait()
    await platform.stop()


if __name__ == "__main__":
    asyncio.run(serve(arguments()))
