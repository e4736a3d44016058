"""The worker under test as a process: started, killed, restarted, measured."""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "release" / "scripted" / "vignette"
GRACE_S = 25
READY = b"ready for jobs"  # before it, a decoder or an outbox that fails is rightly the end of the start


def command():
    """VIGNETTE_PROGRAM may be a program or a command with arguments."""
    return [*shlex.split(os.environ.get("VIGNETTE_PROGRAM", str(PROGRAM))), "worker"]


class WorkerProcess:
    def __init__(self, platform, log, **environment):
        self.platform = platform
        self.log = log
        self.environment = {
            **os.environ,
            "RUNPOD_LOG_LEVEL": "INFO",
            "VIGNETTE_GRACE_S": str(GRACE_S),
            **platform.worker_env(),
            **{name: str(value) for name, value in environment.items()},
        }
        self.process = None
        self.start()

    def start(self):
        self.ready = False
        with open(self.log, "ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen(
                command(), env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def is_ready(self):
        """Its start is over, by its own log."""
        if not self.ready:
            with open(self.log, "rb") as log:
                log.seek(self.log_start)
                self.ready = READY in log.read()
        return self.ready

    def wait_until_ready(self, timeout_s):
        """Or until it has ended: a signal amid its start would rightly be its death."""
        end = time.monotonic() + timeout_s
        while not self.is_ready() and self.ended() is None and time.monotonic() < end:
            time.sleep(0.02)

    def ended(self):
        """The exit code of a worker that has ended by itself."""
        return self.process.poll()

    def kill_and_restart(self):
        self.kill()
        self.platform.worker_started()
        self.start()

    def kill(self):
        """With all that it may have started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill_a_decoder(self, draw):
        """1, or 0 if it has none just now, or still starts."""
        if not self.is_ready():
            return 0
        decoders = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                name, _, rest = (folder / "stat").read_text().rpartition(")")
                if "(vignette-decod" in name and int(rest.split()[1]) == self.process.pid:
                    decoders.append(int(folder.name))
        if not decoders:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.kill(draw.choice(decoders), signal.SIGKILL)
        return 1

    def terminate(self, timeout_s=GRACE_S + 10):
        """(exit code, seconds), the code None where it had to be killed."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout_s)

    def wait(self, timeout_s=GRACE_S + 10):
        began = time.monotonic()
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = None
        self.kill()
        return code, time.monotonic() - began

    def rss_mib(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("the worker has no VmRSS: it has ended")
