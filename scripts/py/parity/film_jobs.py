"""Films of many kinds, and jobs about them, drawn from a seed: as the program is sent them, and as the reference is."""

import json
import subprocess
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image
from tokenizers import Tokenizer

from export.films import TOKENS_MAX
from media.films import write_film
from parity.films import Asked, Film, has_square_frames
from parity.pictures import data_url
from program import ROOT

PROBE = ROOT / "build/release/film_probe"
TOGETHER_MOST, TOGETHER_USUAL, RATE_USUAL = 64, 16, 2  # frames, and a second: docs/video.md
RATES = [1, 2, 3, 4, 5, 10]  # frames a second; above 2, groups of Qwen2.5-VL stand less than a tick apart
ASKED_RATES = [0.5, 1, 1.5, 2, 3]
SIZES = [(17, 400), (400, 17), (9, 9), (96, 240), (251, 60)]  # strips, smaller than a patch, portrait, wide
EVEN_CODECS = [("libx264", "mp4", {"preset": "ultrafast"}), ("libx264", "mkv", {"preset": "ultrafast"})]
CODECS = [("mpeg4", "mp4", {}), ("mpeg4", "avi", {}), ("mjpeg", "avi", {}), ("mpeg4", "mkv", {})]
PRESETS = ["alt_text", "one_sentence", "detailed", "tags", "production"]
PREFIXES = ["a", " the red", "Two dogs", "\u00fcber"]
CHOICES = ["red", "green", "reddish", "blue1", "no", "7"]
SAME_TIME = 1e-6  # seconds


@dataclass(frozen=True, eq=False)
class Clip:
    file: Path
    rate: int
    frames: list[np.ndarray]  # that the program decodes, since every decoder makes slightly other colours
    times: list[float]
    duration: float

    @cached_property
    def sent(self) -> str:
        return data_url(self.file, f"video/{self.file.suffix[1:]}")


@dataclass(frozen=True, eq=False)
class FilmJob:
    clip: Clip
    fields: dict  # of the job
    asked: Asked  # of the reference; where a preset asks, the program says what
    usual: int = TOGETHER_USUAL  # frames, where the fields do not say

    def input(self) -> dict:
        fixed = {"video": self.clip.sent, "together": True, "return_tokens": True, "loop_guard": False}
        return fixed | self.fields

    def of_one_frame(self) -> dict:
        """The same question, answered with one word."""
        short = {"max_frames": 1, "max_length": 1, "min_length": 0}
        return {name: value for name, value in self.input().items() if name not in ("fps", "timestamps")} | short

    @cached_property
    def taken(self) -> list[int]:
        """The frames that are looked at."""
        most = self.fields.get("max_frames", self.usual)
        if times := self.fields.get("timestamps"):
            return at_times(self.clip, times[:most])
        return by_rate(self.clip, self.fields.get("fps", RATE_USUAL), most)

    @property
    def times(self) -> list[float]:
        return [self.clip.times[place] for place in self.taken]

    def has_room(self, manifest: dict) -> bool:
        return len(self.taken) <= room_of(manifest)

    def seen(self, snapshot) -> list[Film]:
        frames, times = [self.clip.frames[place] for place in self.taken], self.times
        if len(frames) == 1 and not has_square_frames(str(snapshot)):  # it takes no such film; ours shows it twice
            frames, times = frames * 2, times * 2
        return [Film(frames, times, self.rate)]

    @property
    def rate(self) -> float:
        """Of the frames that are looked at; 0 where they stand at unlike distances."""
        steps = {later - earlier for earlier, later in zip(self.taken, self.taken[1:])} or {1}
        return self.clip.rate / steps.pop() if len(steps) == 1 else 0

    def __str__(self) -> str:
        height, width = self.clip.frames[0].shape[:2]
        film = f"{self.clip.file.name}, {width}x{height}, {len(self.clip.frames)} frames, {self.clip.rate} a second"
        return f"{film}, {len(self.taken)} shown, {self.fields}"


def same_times(some: list[float], others: list[float]) -> bool:
    return len(some) == len(others) and all(abs(one - other) < SAME_TIME for one, other in zip(some, others))


def by_rate(clip: Clip, rate: float, most: int) -> list[int]:
    """The first frame at or after each beat; of a film with more beats than `most`, so many over all of it."""
    if clip.duration * rate > most:
        rate = most / clip.duration
    beats = [beat / rate for beat in range(int(clip.times[-1] * rate) + 2)]
    firsts = (next((i for i, time in enumerate(clip.times) if time >= beat - SAME_TIME), None) for beat in beats)
    return sorted({place for place in firsts if place is not None})[:most]


def at_times(clip: Clip, times: list[float]) -> list[int]:
    """What is on the screen then, each frame once."""
    shown = [time for time in times if time <= clip.times[-1]]
    return sorted({max(i for i, begin in enumerate(clip.times) if begin <= time + SAME_TIME) for time in shown})


def draw_clips(rng, folder: Path, counts: list[int]) -> list[Clip]:
    """One of so many frames each."""
    files = [draw_file(rng, folder, number, count) for number, count in enumerate(counts)]
    names = [file for file, _ in files]
    done = subprocess.run(
        [PROBE, "--pixels", folder, "--kept", "999", *names], capture_output=True, text=True, check=True
    )
    clips = []
    for (file, rate), count, line in zip(files, counts, done.stdout.splitlines()):
        told = json.loads(line)
        width, height = told["size"]
        frames = np.fromfile(folder / f"{file.name}.rgb", dtype=np.uint8).reshape(-1, height, width, 3)
        times = [place / rate if file.suffix == ".avi" else round(place / rate, 3) for place in range(count)]
        if len(frames) != count or not same_times(times, told["times"]):
            raise SystemExit(f"{file}: {len(frames)} of {count} frames, at {told['times']}")
        clips.append(Clip(file, rate, list(frames), times, told["duration"]))
    return clips


def draw_file(rng, folder: Path, number: int, count: int) -> tuple[Path, int]:
    """(a film of smooth random pictures, how many it has a second)"""
    noise, rate = np.random.default_rng(rng.randrange(2**32)), rng.choice(RATES)
    size = rng.choice(SIZES) if rng.random() < 0.4 else (rng.randint(16, 240), rng.randint(16, 240))
    if count > 16 or rng.random() < 0.5:
        size = tuple(side + side % 2 for side in size)
    codec, ending, options = rng.choice(CODECS if any(side % 2 for side in size) else [*CODECS, *EVEN_CODECS])
    frames = []
    for place in range(count):
        small = noise.integers(0, 256, (rng.randint(2, 9), rng.randint(2, 9), 3), dtype=np.uint8)
        frames.append((place / rate, Image.fromarray(small).resize(size, Image.BICUBIC)))
    file = folder / f"film-{number}.{ending}"
    write_film(file, frames, codec, rate=rate, **options)
    return file, rate


def draw_choice(rng, clip: Clip, room: int) -> dict:
    """Fields that choose frames."""
    kind = rng.choice(["every", "some", "usual", "times"])
    if kind == "times":  # several may be of one frame, and one may be after the end
        times = {round(rng.uniform(0, clip.times[-1]), 2) for _ in range(rng.randint(1, 12))}
        late = [clip.times[-1] + 1000] * (rng.random() < 0.3)
        return {"timestamps": sorted(times) + late, "max_frames": rng.choice([3, 16])}
    if kind == "some":
        return {"fps": rng.choice(ASKED_RATES), "max_frames": rng.choice([2, 5, 8, 16])}
    return every(clip, room) if kind == "every" else {}


def every(clip: Clip, room: int) -> dict:
    return {"fps": clip.rate, "max_frames": room}


def draw_question(rng, number: int, prompts: list[str], choices: list[str]) -> tuple[dict, Asked]:
    """Fields that ask, and the same for the reference. Every second film may be asked about with beams."""
    most = rng.choice([1, 12, 24, 40])
    beams, least = rng.choice([(1, 0), (3, 0), (3, min(8, most)), (2, min(3, most))]) if number % 2 else (1, 0)
    prompt = rng.choice(prompts)
    fields = {"max_length": most, "min_length": least, "num_beams": beams, "n": beams}
    asked = Asked(prompt, most, least, beams)
    kind = rng.choice(["prompt", "prompt", "preset", "prefix", *["schema"] * bool(choices)])
    if kind == "preset":
        return fields | {"preset": rng.choice(PRESETS)}, asked
    if kind == "prefix":
        prefix = rng.choice(PREFIXES)
        return fields | {"prompt": prompt, "prefix": prefix}, replace(asked, prefix=prefix)
    if kind == "schema":
        choices = rng.sample(choices, rng.randint(1, len(choices)))
        fields = {"schema": {"enum": choices}, "max_length": most}
        return fields, Asked(prompt, most, choices=tuple(json.dumps(choice) for choice in choices))
    return fields | {"prompt": prompt}, asked


def draw_jobs(rng, folder: Path, bundle: Path, prompts: list[str], count: int) -> list[FilmJob]:
    """The first is of one frame, the second of many."""
    manifest, choices = read_manifest(bundle), sayable_choices(bundle)
    usual = usual_of(manifest)
    lengths = [rng.choice([1, rng.randint(2, 9), rng.randint(2, 16), rng.randint(17, 70)]) for _ in range(count)]
    lengths[:2] = [1, rng.randint(33, 70)][:count]
    jobs = []
    for number, clip in enumerate(draw_clips(rng, folder, lengths)):
        room = room_of(manifest) if rng.random() < 0.9 else TOGETHER_MOST
        chosen = every(clip, room) if number < 2 else draw_choice(rng, clip, room)
        fields, asked = draw_question(rng, number, prompts, choices)
        tokens = draw_tokens(rng, min(len(clip.frames), chosen.get("max_frames", usual)), manifest)
        if tokens:
            fields, asked = fields | {"picture_tokens": tokens}, replace(asked, tokens_max=min(tokens, TOKENS_MAX))
        jobs.append(FilmJob(clip, fields | chosen, asked, usual))
    return jobs


def read_manifest(bundle: Path) -> dict:
    return json.loads((bundle / "manifest.json").read_text())


def sayable_choices(bundle: Path) -> list[str]:
    """Those that JSON can hold without a word that is an end: some tiny models end with a letter."""
    words = Tokenizer.from_file(str(bundle / "tokenizer.json"))
    ends = [words.id_to_token(id_) for id_ in read_manifest(bundle)["text"]["eos"]]
    return [text for text in CHOICES if not any(end in json.dumps(text) for end in ends)]


def room_of(manifest: dict) -> int:
    """Frames that are looked at together: those of one size do not become smaller where there are more of them."""
    film = manifest["film"]
    return min(TOGETHER_MOST, film["tokens_max"] // film["group_tokens"]) if "group_tokens" in film else TOGETHER_MOST


def usual_of(manifest: dict) -> int:
    return min(TOGETHER_USUAL, room_of(manifest))


def draw_tokens(rng, frames: int, manifest: dict) -> int | None:
    """Placeholders at most. Many frames would not fit with as many as they have otherwise."""
    if frames < 9:
        return rng.choice([None, None, rng.randint(1, 100), 5000])
    groups, room = frames // 2 + 1, manifest["cache"]["positions"] - 150
    words = 0 if manifest["film"].get("ticks_per_second") else 15  # of a group, that say its time
    return max(1, room // groups - words) * groups
