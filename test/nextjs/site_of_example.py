"""The example as it would be on a server: installed, built once for each state of its sources, and started."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from processes import Program

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "examples/nextjs"
BUILD = ROOT / "build/nextjs"
KEY = "rpa_THE_KEY_THAT_STAYS_ON_THE_SERVER"
NOT_OURS = ("node_modules", ".next", ".env.local", "next-env.d.ts")


def environment(**more):
    """The Node.js of this Python's environment comes first, as `scripts/setup` has put it there."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "NEXT_TELEMETRY_DISABLED": "1", "CI": "1", **more}


def run(command, folder):
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"


def digest(paths):
    together = hashlib.sha256()
    for path in sorted(paths):
        together.update(f"{path.relative_to(SOURCE)}\n".encode() + path.read_bytes())
    return together.hexdigest()[:12]


def sources():
    for path in SOURCE.rglob("*"):
        if path.is_file() and not any(part in NOT_OURS for part in path.relative_to(SOURCE).parts):
            yield path


def built():
    """The folder of the built example. Packages are installed anew where the lock file has changed, and only then."""
    folder = BUILD / digest([SOURCE / "package.json", SOURCE / "package-lock.json"])
    installed, built_from = folder / "node_modules/.installed", folder / ".next/built-from"
    if not installed.exists():
        shutil.rmtree(BUILD, ignore_errors=True)  # packages of older states are 370 MB each
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, folder)
        run(["npm", "ci", "--no-audit", "--no-fund"], folder)
        installed.touch()
    state = digest(sources())
    if not built_from.exists() or built_from.read_text() != state:
        copy_sources(folder)
        # The key is there while it is built, as on a developer's machine: it must not end up in what browsers get.
        (folder / ".env.local").write_text(f"RUNPOD_API_KEY={KEY}\nRUNPOD_ENDPOINT_ID=unused\n")
        run(["npm", "run", "build"], folder)
        built_from.write_text(state)
    return folder


def copy_sources(folder):
    for old in folder.iterdir():
        if old.name == "node_modules":
            continue
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    for path in sources():
        copy = folder / path.relative_to(SOURCE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)


class Site:
    """`next start` on a free port, for an endpoint of this address."""

    def __init__(self, folder, base, endpoint, **more):
        settings = {"RUNPOD_BASE_URL": base, "RUNPOD_ENDPOINT_ID": endpoint, "RUNPOD_API_KEY": KEY, **more}
        command = ["node", "node_modules/next/dist/bin/next", "start", "--hostname", "127.0.0.1", "--port", "0"]
        self.program = Program(command, environment(**settings), cwd=folder)
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", line := self.program.next_line())):
            pass
        self.url = found[0]
        while "Ready" not in line:
            line = self.program.next_line()

    def close(self):
        self.program.kill()
