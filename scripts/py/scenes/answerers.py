"""Who answers about drawn scenes: the built program, or transformers, the reference."""

import base64
import io
import tempfile
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image

import program
from scenes.draw import Scene

BATCH = 100  # pictures at once
NEW_TOKENS_MAX = 64


class Asked(NamedTuple):
    image: Image.Image
    kind: str
    prompt: str | None  # none: the model's default
    answer: str  # the true one


def program_answers(model: str, asked: list[Asked]) -> list[str]:
    answers = []
    for start in range(0, len(asked), BATCH):
        pictures = [_as_job(one) for one in asked[start : start + BATCH]]
        results = program.run_batch(pictures, "--model", model, "--threads", 1)
        answers += [result.get("caption", str(result.get("error"))) for result in results]
    return answers


def _as_job(asked: Asked) -> dict:
    file = io.BytesIO()
    asked.image.save(file, "PNG")
    job = {"image": "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()}
    return job | ({"prompt": asked.prompt} if asked.prompt is not None else {})


def reference_answers(model: str, asked: list[Asked]) -> list[str]:
    import transformers

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


def program_likeness(model: str, scenes: list[Scene]) -> torch.Tensor:
    """Products of the vectors, [pictures, texts]."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.png" for number in range(len(scenes))]
        for file, scene in zip(files, scenes):
            scene.image.save(file)
        captions = [scene.caption for scene in scenes]
        results = program.embed(files, captions, "--embedder", model, "--threads", 1)
    vectors = torch.tensor([result["embedding"] for result in results])
    return vectors[: len(scenes)] @ vectors[len(scenes) :].T


def reference_likeness(model: str, scenes: list[Scene]) -> torch.Tensor:
    from transformers import CLIPModel, CLIPProcessor

    from scenes.evaluate_clip import likeness

    torch.set_num_threads(1)
    folder = program.ROOT / "models" / model
    return likeness(CLIPModel.from_pretrained(folder).eval(), CLIPProcessor.from_pretrained(folder), scenes)
