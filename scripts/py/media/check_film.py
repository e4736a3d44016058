"""Draws a long film of scenes, has the program describe a frame a second of it, and says whether its memory stayed
flat, repeated frames were merged, every frame came in its order with its true caption, and how fast it was.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from media import films
from scenes.draw import draw_scene

ROOT = Path(__file__).resolve().parents[3]
RATE = 2  # pictures a second in the film
DIFFERENT = 60  # scenes that take turns
LASTS = (1, 12)  # seconds of a scene, drawn anew each time
WARM_AFTER = 0.2
GROWTH_MIB_MAX = 32


class Second(NamedTuple):
    """What a second of the film shows."""

    scene: int
    caption: str


class Line(NamedTuple):
    """A described frame, and how much memory the program had then."""

    timestamp: float
    caption: str | None
    same_as: int | None
    mib: float


def draw_film(path: Path, seconds: int, rng: random.Random) -> list[Second]:
    """Writes it, and gives what each second shows."""
    drawn = [draw_scene(rng) for _ in range(DIFFERENT)]
    shown: list[Second] = []
    with films.open_film(path, "libx264", rate=RATE, crf=18, preset="veryfast") as film:
        while len(shown) < seconds:
            number = rng.randrange(DIFFERENT)
            for _ in range(min(rng.randint(*LASTS), seconds - len(shown))):
                for picture in range(RATE):
                    film.add(len(shown) + picture / RATE, drawn[number].image)
                shown.append(Second(number, drawn[number].caption))
    return shown


def memory_mib(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def describe(path: Path, program: Path, model: str) -> tuple[list[Line], float, int]:
    """Its lines as they come, the seconds it took, and its exit code."""
    command = [program, "--model", model, "caption", "--json", "--max-frames", "10000", path]
    begin = time.monotonic()
    lines = []
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as process:
        for text in process.stdout:
            told = json.loads(text)
            mib = memory_mib(process.pid)
            lines.append(Line(told["timestamp"], told.get("caption"), told.get("same_as"), mib))
    return lines, time.monotonic() - begin, process.returncode


def verdict(lines: list[Line], shown: list[Second], code: int) -> list[str]:
    """What is wrong with it."""
    wrong = []
    if code != 0:
        wrong.append(f"the program left with {code}")
    if [line.timestamp for line in lines] != list(range(len(shown))):
        wrong.append("frames are missing, too many or out of order")
    changes = sum(before is None or before.scene != now.scene for before, now in zip([None, *shown], shown))
    described = sum(line.same_as is None for line in lines)
    if described != changes:
        wrong.append(f"{described} frames were described, {changes} differ from the one before")
    right = sum(line.caption == second.caption for line, second in zip(lines, shown))
    if right < 0.95 * len(shown):
        wrong.append(f"only {right} of {len(shown)} captions are true")
    warm = lines[int(len(lines) * WARM_AFTER) :]
    if warm and max(line.mib for line in warm) - warm[0].mib > GROWTH_MIB_MAX:
        wrong.append("the memory grows")
    return wrong


def report(lines: list[Line], shown: list[Second], took: float) -> None:
    described = sum(line.same_as is None for line in lines)
    right = sum(line.caption == second.caption for line, second in zip(lines, shown))
    print(f"film: {len(shown)} s, {len(lines)} frames told, {described} described, {len(lines) - described} merged")
    print(f"captions: {right} of {len(shown)} exactly true")
    if lines:
        warm = lines[int(len(lines) * WARM_AFTER)]
        mibs = [line.mib for line in lines]
        print(f"VmRSS: first {mibs[0]:.0f} MiB, warm {warm.mib:.0f}, last {mibs[-1]:.0f}, most {max(mibs):.0f}")
    print(f"took {took:.1f} s: {len(shown) / took:.1f} times as fast as the film runs")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/check-film", description=__doc__)
    parser.add_argument("--seconds", type=int, default=7200, help="of film (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the scenes to draw (default: %(default)s)")
    parser.add_argument("--model", default="demo-blip2", help="a bundle (default: %(default)s)")
    arguments = parser.parse_args()
    program = Path(os.environ.get("VIGNETTE_PROGRAM", ROOT / "build/release/vignette"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        shown = draw_film(path, arguments.seconds, random.Random(arguments.seed))
        lines, took, code = describe(path, program, arguments.model)
    report(lines, shown, took)
    wrong = verdict(lines, shown, code)
    print("\n".join(wrong) or "as it must be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
