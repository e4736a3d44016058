"""Films in one prompt: does the C++ program say what transformers says? The frames are those that the program decodes,
since every decoder makes slightly other colours of a film."""

import json
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

from media.films import write_film
from parity.films import Film, describe_films, has_square_frames
from program import ROOT, caption_files

FILMS_PER_MODEL = 3
PROBE = ROOT / "build/release/film_probe"
RATES = [1, 2, 4, 5]  # frames a second; above 2, groups of Qwen2.5-VL stand less than a tick apart


def draw_film(rng, folder, number) -> tuple[Path, int]:
    """Smooth random pictures, of which the film has `rate` a second."""
    noise = np.random.default_rng(rng.randrange(2**32))
    size, rate = (2 * rng.randint(8, 120), 2 * rng.randint(8, 120)), rng.choice(RATES)
    frames = []
    for place in range(rng.randint(1, 9)):
        small = Image.fromarray(noise.integers(0, 256, (rng.randint(2, 9), rng.randint(2, 9), 3), dtype=np.uint8))
        frames.append((place / rate, small.resize(size, Image.BICUBIC)))
    file = Path(folder) / f"film-{number}.mp4"
    write_film(file, frames, rate=rate, preset="ultrafast")
    return file, rate


def decoded(file: Path, folder: Path) -> list[np.ndarray]:
    """The frames as the program sees them, in their order."""
    done = subprocess.run([PROBE, "--pixels", folder, "--kept", "64", file], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    pixels = np.fromfile(folder / f"{file.name}.rgb", dtype=np.uint8)
    width, height = told["size"]
    return list(pixels.reshape(-1, height, width, 3))


def check_films(rng, snapshot: Path, bundle: Path, prompts: list[str]) -> int:
    """How many of the films get the reference's tokens."""
    folder, equal = bundle.parent, 0
    for number in range(FILMS_PER_MODEL):
        file, rate = draw_film(rng, folder, number)
        prompt, most = rng.choice(prompts), rng.choice([1, 12, 24])
        options = ["--prompt", prompt, "--max_length", most, "--min_length", 0, "--num_beams", 1]
        options += ["--together", "--fps", rate, "--max-frames", 64, "--tokens", "--threads", 1]
        result = caption_files([file], *options, "--model", bundle)[0]
        frames = decoded(file, folder)
        times = [place / rate for place in range(len(frames))]
        if len(frames) == 1 and not has_square_frames(str(snapshot)):  # it takes no such film; ours shows it twice
            frames, times = frames * 2, times * 2
        expected = describe_films(snapshot, [Film(frames, times, rate)], prompt, most).tokens
        equal += result.get("tokens") == expected
        if result.get("tokens") != expected:
            drawn = f"{len(frames)} frames of {frames[0].shape[1]}x{frames[0].shape[0]}, {rate} a second"
            print(f"{folder.name}, {file.name}, {drawn}, {prompt!r}: WRONG:")
            print(f"  ours   {result.get('tokens', result)}\n  theirs {expected}")
    return equal
