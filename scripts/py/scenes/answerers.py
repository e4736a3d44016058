"""Who answers about drawn scenes: the built program, or transformers, the reference."""

import base64
import io
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

import program
from scenes.draw import Scene
from scenes.films import Film, chosen_times

BATCH = 100  # pictures or films at once
NEW_TOKENS_MAX = 64
# Containers and codecs of films; the second pair is what OpenCV writes as "mp4v", the third its "MJPG".
WRITTEN = ((".mp4", "libx264"), (".mp4", "mpeg4"), (".avi", "mjpeg"), (".webm", "libvpx"))


class Asked(NamedTuple):
    image: Image.Image | Film
    kind: str
    prompt: str | None  # none: the model's default
    answer: str  # the true one


def program_answers(model: str, asked: list[Asked], precision: str | None = None) -> list[str]:
    """Of pictures, then of films. precision: of the weights; none: the bundle's."""
    films = [one.image for one in asked if isinstance(one.image, Film)]
    pictures = asked[: len(asked) - len(films)]
    options, results = ("--model", model, "--threads", 1, *_precision_option(precision)), []
    for start in range(0, len(pictures), BATCH):
        jobs = [_as_job(one) for one in pictures[start : start + BATCH]]
        results += program.run_batch(jobs, *options)
    for start in range(0, len(films), BATCH):
        with tempfile.TemporaryDirectory() as folder:
            files = write_films(films[start : start + BATCH], Path(folder))
            results += program.caption_files(files, "--together", *options)
    return [result.get("caption", str(result.get("error"))) for result in results]


def _precision_option(precision: str | None) -> tuple[str, ...]:
    return ("--precision", precision) if precision else ()


def write_films(films: list[Film], folder: Path) -> list[Path]:
    from media.films import write_film

    files = []
    for number, film in enumerate(films):
        ending, codec = WRITTEN[number % len(WRITTEN)]
        files.append(folder / f"{number}{ending}")
        write_film(files[-1], ((time, film.frame(time)) for time in film.times()), codec, rate=film.rate)
    return files


def _as_job(asked: Asked) -> dict:
    file = io.BytesIO()
    asked.image.save(file, "PNG")
    job = {"image": "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()}
    return job | ({"prompt": asked.prompt} if asked.prompt is not None else {})


def reference_answers(model: str, asked: list[Asked]) -> list[str]:
    import transformers

    if model == "demo-qwen3-vl":
        return reference_descriptions(model, asked)
    torch.set_num_threads(1)
    folder = program.ROOT / "models" / model
    kind = transformers.AutoConfig.from_pretrained(folder).architectures[0]
    network = getattr(transformers, kind).from_pretrained(folder).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    template = "[INST] <image>\n{} [/INST]" if kind.startswith("LlavaNext") else "{}"
    answers = []
    for start in range(0, len(asked), BATCH):
        part = asked[start : start + BATCH]
        # Without a prompt the BLIP-2 demo is asked for what it always is asked for.
        texts = [template.format("a photo of" if one.prompt is None else one.prompt) for one in part]
        inputs = processor(images=[one.image for one in part], text=texts, padding=True, return_tensors="pt")
        with torch.inference_mode():
            ids = network.generate(**inputs, max_new_tokens=NEW_TOKENS_MAX, do_sample=False)
        said = processor.tokenizer.batch_decode(ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        answers += [text.strip() for text in said]
    return answers


def reference_descriptions(model: str, asked: list[Asked]) -> list[str]:
    """With the program's default prompts. Films as they were drawn, not as a codec leaves them."""
    from parity.films import Film as FilmAsked
    from parity.films import describe_films
    from scenes.models.qwen3_vl import FILM_PROMPTS, PICTURE_PROMPTS

    answers = []
    for one in asked:
        seen, prompt = one.image, PICTURE_PROMPTS[0]
        if isinstance(seen, Film):
            times, prompt = chosen_times(seen), FILM_PROMPTS[0]
            seen = FilmAsked([np.asarray(seen.frame(time)) for time in times], times, 2)
        answers.append(describe_films(program.ROOT / "models" / model, [seen], prompt, NEW_TOKENS_MAX).caption)
    return answers


def program_likeness(model: str, scenes: list[Scene], precision: str | None = None) -> torch.Tensor:
    """Products of the vectors, [pictures, texts]."""
    vectors = program_vectors(model, scenes, precision)
    return vectors[: len(scenes)] @ vectors[len(scenes) :].T


def program_vectors(model: str, scenes: list[Scene], precision: str | None = None) -> torch.Tensor:
    """Of length 1: of the pictures, then of their captions."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.png" for number in range(len(scenes))]
        for file, scene in zip(files, scenes):
            scene.image.save(file)
        captions = [scene.caption for scene in scenes]
        options = ("--embedder", model, "--threads", 1, *_precision_option(precision))
        results = program.embed(files, captions, *options)
    return torch.tensor([result["embedding"] for result in results])


def reference_likeness(model: str, scenes: list[Scene]) -> torch.Tensor:
    from transformers import CLIPModel, CLIPProcessor

    from scenes.evaluate_clip import likeness

    torch.set_num_threads(1)
    folder = program.ROOT / "models" / model
    return likeness(CLIPModel.from_pretrained(folder).eval(), CLIPProcessor.from_pretrained(folder), scenes)
