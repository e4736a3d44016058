"""The outbox under the worker's feet: its folder disappears, cannot be made again, or its disk is full."""

import contextlib
import os
import shutil
import subprocess

DISK = "64m"
PORTION = 1 << 16


def remove(folder):
    """Moved away first: at no time does the worker see half of it."""
    away = folder.with_name("away")
    with contextlib.suppress(OSError):
        folder.rename(away)
    shutil.rmtree(away, ignore_errors=True)


def bar(folder):
    """Puts a file in its place."""
    while not folder.is_file():
        remove(folder)
        with contextlib.suppress(OSError):  # the worker was faster
            folder.touch(exist_ok=False)


class OutboxFolder:
    """As root on a small disk of its own, which goes with the mount namespace that scripts/soak has made."""

    def __init__(self, folder):
        disk = folder / "disk"
        shutil.rmtree(disk, ignore_errors=True)
        disk.mkdir(parents=True)
        self.path = disk / "outbox"
        self.filler = disk / "filler"
        self.counts = dict.fromkeys(("gone", "barred", "full"), 0)
        self.broken = None
        self.has_disk = "SOAK_MAY_MOUNT" in os.environ
        if self.has_disk:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "soak", disk], check=True)
        self.path.mkdir()

    def fault(self, draw):
        self.mend()
        getattr(self, draw.choice(["gone", "barred", "full"] if self.has_disk else ["gone", "barred"]))()

    def gone(self):
        """The worker may make it again."""
        remove(self.path)
        self._now("gone")

    def barred(self):
        bar(self.path)
        self._now("barred")

    def full(self):
        with contextlib.suppress(OSError), open(self.filler, "wb", buffering=0) as file:
            while file.write(bytes(PORTION)) == PORTION:
                pass
        self._now("full")

    def mend(self):
        self.filler.unlink(missing_ok=True)
        if self.path.is_file():
            self.path.unlink()
        self.broken = None

    def kept(self):
        """The results in it; a worker may keep other files there."""
        return sorted(file.name for file in self.path.rglob("*") if file.suffix in (".result", ".json"))

    def _now(self, what):
        self.broken = what
        self.counts[what] += 1
