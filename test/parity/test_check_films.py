"""scripts/check-parity on films: would it find mistakes? The reference plays the program, and makes them."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from film_cases import make_case
from parity.check_films import job_asker
from parity.film_jobs import Clip, FilmJob, at_times, by_rate, draw_jobs
from parity.films import ask_about_films
from parity.pictures import PROMPTS
from parity.reference import Said
from parity.verdict import difference

FAMILIES = ["llava_next_video", "video_llava", "qwen2_5_vl", "qwen3_vl"]
MODEL, FILMS, DRAWN = 5, 7, 20  # seeds of both, and how many


def shown_differently(job: FilmJob, change: Callable[[Clip], Clip]) -> FilmJob:
    """The same places of another clip."""
    made = FilmJob(change(job.clip), job.fields, job.asked)
    made.__dict__["taken"] = job.taken
    return made


def backwards(job: FilmJob) -> FilmJob:
    return shown_differently(job, lambda clip: replace(clip, frames=clip.frames[::-1]))


def a_frame_late(job: FilmJob) -> FilmJob:
    return shown_differently(job, lambda clip: replace(clip, frames=clip.frames[1:] + clip.frames[:1]))


def slower(job: FilmJob) -> FilmJob:
    times = [3 * time + 1 for time in job.clip.times]
    return shown_differently(job, lambda clip: replace(clip, times=times, rate=clip.rate / 3))


def smaller(job: FilmJob) -> FilmJob:
    return replace(job, asked=replace(job.asked, tokens_max=1))


def another_prompt(job: FilmJob) -> FilmJob:
    return replace(job, asked=replace(job.asked, prompt=job.asked.prompt + "a"))


def a_beam_less(job: FilmJob) -> FilmJob:
    return replace(job, asked=replace(job.asked, beams=job.asked.beams - 1))


def without_prefix(job: FilmJob) -> FilmJob:
    return replace(job, asked=replace(job.asked, prefix=""))


EVERYWHERE = [backwards, a_frame_late, another_prompt]
MISTAKES = {family: [*EVERYWHERE, *([slower, smaller] if "qwen" in family else [])] for family in FAMILIES}


class Drawn:
    def __init__(self, factory, family: str) -> None:
        self.case = make_case(factory, family, MODEL)
        folder = factory.mktemp("films")
        drawn = draw_jobs(random.Random(FILMS), folder, self.case.bundle, PROMPTS, DRAWN)
        long = [job for job in drawn if len(job.taken) >= 3 and job.asked.most >= 12 and not job.asked.choices]
        self.jobs = [job for job in long if job_asker(self.case.snapshot, self.case.manifest, job)]

    def say(self, job: FilmJob) -> Said:
        return ask_about_films(self.case.snapshot, job.seen(self.case.snapshot), job.asked)[1]

    def answer(self, job: FilmJob) -> dict:
        said = self.say(job)
        return {"tokens": said.tokens[0], "captions": [{"score": score} for score in said.scores]}


@pytest.fixture(scope="module", params=FAMILIES)
def drawn(request, tmp_path_factory) -> Drawn:
    return Drawn(tmp_path_factory, request.param)


def test_mistakes_are_found(drawn):
    assert len(drawn.jobs) >= 3
    answers = [drawn.answer(job) for job in drawn.jobs]
    for mistake in MISTAKES[drawn.case.family]:
        found = [difference(answer, drawn.say(mistake(job))) for job, answer in zip(drawn.jobs, answers)]
        assert sum(map(bool, found)) > len(found) / 2, mistake.__name__
    for mistake, told in (
        (a_beam_less, lambda job: job.asked.beams > 2),
        (without_prefix, lambda job: job.asked.prefix),
    ):
        for job, answer in zip(drawn.jobs, answers):
            assert not told(job) or difference(answer, drawn.say(mistake(job))), mistake.__name__


CLIP = Clip(None, 4, [None] * 12, [place / 4 for place in range(12)], 3.0)


def test_which_frames_are_looked_at():
    """By docs/video.md."""
    assert by_rate(CLIP, 4, 64) == list(range(12))
    assert by_rate(CLIP, 1, 64) == [0, 4, 8]
    assert by_rate(CLIP, 3, 64) == [0, 2, 3, 4, 6, 7, 8, 10, 11]
    assert by_rate(CLIP, 4, 6) == [0, 2, 4, 6, 8, 10], "spread over all of it"
    assert at_times(CLIP, [0.1, 0.2, 0.25, 2.6, 1000]) == [0, 1, 10]


def test_rates_of_frames_at_like_and_unlike_distances():
    job = FilmJob(CLIP, {"fps": 1}, None)
    assert job.taken == [0, 4, 8] and job.rate == 1
    assert FilmJob(CLIP, {"fps": 3}, None).rate == 0
    assert FilmJob(CLIP, {"timestamps": [0.3]}, None).rate == 4
