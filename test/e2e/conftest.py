"""The built program and how to run it. Results are on stdout, logs on stderr, and the exit code says how it went."""

import base64
import io
import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("VIGNETTE_PROGRAM", ROOT / "build/release/vignette"))
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever starts the tests in the background has it ignored


@dataclass
class Outcome:
    code: int
    stdout: str
    stderr: str

    @property
    def json(self):
        return json.loads(self.stdout)

    @property
    def error(self):
        return self.json["error"]


def vignette(*arguments, cwd=None, stdin="", env=None):
    done = subprocess.run(
        [str(PROGRAM), *map(str, arguments)],
        cwd=cwd or ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **(env or {})},
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def run_input(job_input, **kwargs):
    """One mock event with this input, given as a file so that its size does not matter."""
    return vignette("run", "-", stdin=json.dumps({"id": "test", "input": job_input}), **kwargs)


def picture_bytes(size=(64, 64), colour=(200, 30, 40), kind="PNG", **options):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **options)
    return out.getvalue()


def data_url(content, kind="png"):
    return f"data:image/{kind};base64," + base64.b64encode(content).decode()


@pytest.fixture
def scene():
    """A sample event's input and the caption that is true of its scene."""
    event = json.loads((ROOT / "test/events/scene-1.json").read_text())
    return event["input"]
