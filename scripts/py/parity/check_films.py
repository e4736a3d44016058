"""Films in one prompt, and pictures: does the C++ program say what transformers says? A server is asked about each
alone, then about all of them at once while long answers about other pictures are under way, and the command line about
films with weights in bfloat16."""

import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

from load.server import WHOLE, serving
from parity.film_jobs import (
    Clip,
    FilmJob,
    draw_jobs,
    read_manifest,
    same_times,
    sayable_choices,
    usual_of,
)
from parity.films import Asked, ask_about_films, film_inputs
from parity.picture_jobs import PicturesJob, draw_picture_jobs
from parity.pictures import PROMPTS, Settings, asker, data_url
from parity.reference import Said
from parity.verdict import judge
from program import caption_files

FILMS_PER_MODEL, QUESTIONS_PER_MODEL = 10, 6  # the questions are about pictures
CROWDS = 3  # times that all are asked about at once
JOIN_SECONDS = 0.1  # within which they join
LONG, LONG_COMPARED = 200, 40  # words of pictures that are under way from the first film to the last
IN_BFLOAT16 = 4  # of the films
REFUSED = "prompt_too_long"
# Every answer is worked out anew. A film takes milliseconds: with a process for each, as the command line has them, few
# would meet.
SERVER = ["--threads", 1, "--cache-mib", 0, "--vision-cache-mib", 0, "--sandbox", "off"]

AnyJob = FilmJob | PicturesJob
Verdict = tuple[bool, str]  # whether it is fine, what is different
Ask = Callable[[int], Said]  # what the reference says, for the number of a shake


def check_films(
    rng,
    snapshot: Path,
    whole: Path,
    half: tuple[Path, Path],
    files: list[Path],
    pictures: list[tuple[Path, Settings]],
) -> tuple[int, int]:
    """How many of the films get the reference's words, and how many of the questions about some of the files: alone,
    at once with the others, and films with weights in half precision. whole: a bundle of the snapshot in float32; half:
    a snapshot in bfloat16 and its bundle; pictures: what is asked about beside films"""
    manifest, choices = read_manifest(whole), sayable_choices(whole)
    films = draw_jobs(rng, snapshot.parent, whole, PROMPTS, FILMS_PER_MODEL)
    jobs = [*films, *draw_picture_jobs(rng, files, PROMPTS, choices, QUESTIONS_PER_MODEL)]
    company = [Company(snapshot, *one, is_long=number < 2) for number, one in enumerate(pictures)]
    with serving(WHOLE, "--model", whole, *SERVER) as (port, _):
        lone = [ask(port, job.input()) for job in jobs]
        inputs = [one.input() for one in [*jobs, *company]]
        crowds = [ask_at_once(rng, port, inputs) for _ in range(CROWDS)]
        jobs = [with_prompt(port, job, answer) for job, answer in zip(jobs, lone)]
    expected = [job_asker(snapshot, manifest, job) for job in jobs]
    wrong, told = set(), set()

    def note(number: int, how: str, verdict: Verdict, what: str = "") -> None:
        fine, problem = verdict
        if not fine:
            wrong.add(number)
        if problem and (number, problem) not in told:
            print(f"{snapshot.parent.name}, {how}, {what or jobs[number]}: {problem}")
        told.add((number, problem))

    for number, job in enumerate(jobs):
        note(number, "alone", judge_job(lone[number], job, expected[number]))
        for crowd in crowds:
            note(number, "with others", judge_job(crowd[number], job, expected[number]))
    for number, one in enumerate(company):
        for crowd in crowds:  # a picture's answer that films spoil is a wrong one of theirs
            note(number, "beside films", one.judge(crowd[len(jobs) + number]), f"{one.file.name}, {one.settings}")
    for number, verdict in check_half(rng, *half, [film.clip for film in films]):
        note(number, "bfloat16", verdict)
    wrong_films = sum(number < len(films) for number in wrong)
    return len(films) - wrong_films, QUESTIONS_PER_MODEL - (len(wrong) - wrong_films)


class Company:
    """A picture that is asked about beside films."""

    def __init__(self, snapshot: Path, file: Path, settings: Settings, is_long: bool) -> None:
        self.file, self.settings, self.compared = file, settings, settings.max_length
        if is_long:
            self.settings = Settings(settings.prompt, LONG, LONG, 1)
            settings, self.compared = Settings(settings.prompt, LONG_COMPARED, LONG_COMPARED, 1), LONG_COMPARED
        self.expected = cache(asker(snapshot, file, settings))

    def input(self) -> dict:
        return {"image": data_url(self.file, "image/png"), "return_tokens": True} | self.settings.fields()

    def judge(self, result: dict) -> Verdict:
        return judge(result | {"tokens": result.get("tokens", [])[: self.compared]}, self.expected)


def ask(port: int, job: dict) -> dict:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/run", json.dumps({"input": job}).encode())
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        return json.load(refused)


def ask_at_once(rng: random.Random, port: int, jobs: list[dict]) -> list[dict]:
    """Long ones begin; the others join in any order, while some are answered."""
    moments = [0 if job.get("max_length") == LONG else rng.uniform(0, JOIN_SECONDS) for job in jobs]

    def join(moment: float, job: dict) -> dict:
        time.sleep(moment)
        return ask(port, job)

    with ThreadPoolExecutor(len(jobs)) as crew:
        return list(crew.map(join, moments, jobs))


def with_prompt(port: int, job: AnyJob, answer: dict) -> AnyJob:
    """Where a preset asks, its words. A job that is too long is not told them, so they are asked about less."""
    if "prompt" in job.fields:
        return job
    if "model_info" not in answer and isinstance(job, FilmJob):
        answer = ask(port, job.of_one_frame())
    if "model_info" not in answer:
        return job
    return replace(job, asked=replace(job.asked, prompt=answer["model_info"]["prompt"]))


def job_asker(snapshot: Path, manifest: dict, job: AnyJob) -> Ask | None:
    """None: prompt and answer are longer than a slot."""
    seen, asked = job.seen(snapshot), job.asked
    length = film_inputs(snapshot, seen, asked.prompt, asked.tokens_max)["input_ids"].shape[1]
    if not job.has_room(manifest) or length + asked.most - 1 > manifest["cache"]["positions"]:
        return None
    return cache(lambda shake: ask_about_films(snapshot, seen, asked, shake=shake)[1])


def judge_job(result: dict, job: AnyJob, expected: Ask | None) -> Verdict:
    if not expected:
        refused = result.get("error", {}).get("code") == REFUSED
        return refused, "" if refused else f"WRONG: longer than a slot, and answered {result}"
    told = result.get("timestamps", [])
    if "tokens" in result and not same_times(told, job.times):
        return False, f"WRONG: shown frames at {told}"
    return judge(result, expected)


def check_half(rng, snapshot: Path, bundle: Path, clips: list[Clip]) -> Iterator[tuple[int, Verdict]]:
    """Greedy, on the command line, which is asked the same about some of the films: by their numbers."""
    manifest = read_manifest(bundle)
    prompt, chosen = rng.choice(PROMPTS), rng.choice([{}, {"fps": 1}, {"fps": 3, "max_frames": 7}])
    jobs = [FilmJob(clip, chosen, Asked(prompt, most=24), usual_of(manifest)) for clip in clips]
    expected = {number: ask for number, job in enumerate(jobs) if (ask := job_asker(snapshot, manifest, job))}
    asked = list(expected)[:IN_BFLOAT16]
    options = ["--together", "--tokens", "--threads", 1, "--prompt", prompt, "--max_length", 24, "--model", bundle]
    options += [word for name, value in chosen.items() for word in (f"--{name.replace('_', '-')}", value)]
    for number, result in zip(asked, caption_files([clips[number].file for number in asked], *options)):
        fine, problem = judge(result, expected[number])
        yield number, (fine, problem and f"{prompt!r} {chosen}: {problem}")
