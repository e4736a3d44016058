"""Jobs about pictures that ask as jobs about films do: by preset, schema and prefix, and about several in a prompt."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from parity.film_jobs import draw_question
from parity.films import Asked
from parity.pictures import data_url

SEVERAL_MOST = 3


@dataclass(frozen=True, eq=False)
class PicturesJob:
    files: list[Path]
    fields: dict  # of the job
    asked: Asked  # of the reference; where a preset asks, the program says what

    times = ()  # of frames

    def input(self) -> dict:
        sent = [data_url(file, "image/png") for file in self.files]
        seen = {"image": sent[0]} if len(sent) == 1 else {"images": sent, "together": True}
        return seen | {"return_tokens": True, "loop_guard": False} | self.fields

    def has_room(self, manifest: dict) -> bool:
        return True

    def seen(self, snapshot) -> list[Image.Image]:
        return [Image.open(file) for file in self.files]

    def __str__(self) -> str:
        return f"{', '.join(file.name for file in self.files)}, {self.fields}"


def draw_picture_jobs(rng, files: list[Path], prompts: list[str], choices: list[str], count: int) -> list[PicturesJob]:
    """Every second one is about a single picture."""
    jobs = []
    for number in range(count):
        several = rng.randint(2, SEVERAL_MOST) if number % 2 else 1
        some = rng.sample(files, min(several, len(files)))
        jobs.append(PicturesJob(some, *draw_question(rng, rng.randrange(2), prompts, choices)))
    return jobs
