"""Programs that run beside a test: their lines are collected, and they end with it."""

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time


def until(condition, what, timeout_s=30):
    """The first true value of the condition; every wait of these tests has an end that names what was awaited."""
    end = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout_s} s in vain for {what() if callable(what) else what}")
        time.sleep(0.02)
    return value


class Program:
    def __init__(self, command, env, cwd=None):
        self.process = subprocess.Popen(
            [str(word) for word in command],
            env=env,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # what it starts itself ends with it
        )
        self.lines, self.complaints = [], []
        self._fresh = queue.SimpleQueue()
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.lines, self._fresh.put), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.complaints, None), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, pipe, lines, then):
        for raw in pipe:
            line = raw.decode("utf-8", "backslashreplace").rstrip("\n")
            lines.append(line)
            if then:
                then(line)
        if then:
            then(None)

    def tell(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def next_line(self, timeout_s=90):
        try:
            line = self._fresh.get(timeout=timeout_s)
        except queue.Empty:
            raise AssertionError(f"no line within {timeout_s} s; stderr: {self.tail()}") from None
        assert line is not None, f"the program ended with {self.process.wait(5)}; stderr: {self.tail()}"
        return line

    def tail(self):
        return "\n".join(self.complaints[-30:])

    @property
    def alive(self):
        return self.process.poll() is None

    def ask_to_end(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s=30):
        code = self.process.wait(timeout_s)
        for reader in self._readers:
            reader.join(5)
        return code

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
