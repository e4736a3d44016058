"""What may happen to the outbox while a worker lives: the folder disappears, the disk is full."""

import contextlib
import shutil
import subprocess

FILLER = "filler"  # somebody else's file on the same disk


class OutboxFaults:
    """The outbox is on a small disk of its own where this user may mount one."""

    def __init__(self, draw, outbox):
        self.draw = draw
        self.outbox = outbox
        self.vanished = 0
        self.filled = 0
        mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(outbox)]
        try:
            self.mounted = subprocess.run(mount, capture_output=True).returncode == 0
        except FileNotFoundError:
            self.mounted = False
        if not self.mounted:
            print("no small disk can be mounted here (that needs root): the outbox's disk is never full")

    def maybe(self):
        """Between two bursts of jobs."""
        self.free()
        chance = self.draw.random()
        if chance < 0.02:
            self.vanish()
        elif chance < 0.05 and self.mounted:
            self.fill()

    def vanish(self):
        for folder in self.outbox.glob("worker-*"):
            shutil.rmtree(folder, ignore_errors=True)  # the worker may be writing to it
        self.vanished += 1

    def fill(self):
        self.filled += 1
        with contextlib.suppress(OSError), open(self.outbox / FILLER, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def free(self):
        (self.outbox / FILLER).unlink(missing_ok=True)

    def end(self):
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.outbox)], check=True)
            self.mounted = False

    def __str__(self):
        return f"outbox: vanished {self.vanished} times, disk full {self.filled} times"
