"""What a model is asked, with the answer given word by word, so that every way of computing it is asked the same."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from parity.pictures import PROMPTS, draw_picture
from parity.reference import load_config, load_processor, make_inputs
from scenes.check import DRAWERS
from scenes.draw import draw_scene
from scenes.films import Film

WORDS = 24  # of an answer


@dataclass(frozen=True)
class Lesson:
    inputs: dict[str, torch.Tensor]  # of a model
    answer: tuple[int, ...] = ()  # empty: an embedder's lesson, of many pictures and texts

    def scores(self, compute: Callable) -> torch.Tensor:
        """[positions, words]: what each word of the answer, and the one after it, might have been. Of an embedder:
        which text is each picture's, and which picture is each text's."""
        said = compute(**self.inputs)
        if not self.answer:
            return torch.cat([said.logits_per_image, said.logits_per_text]).double()
        return said.logits[0, -len(self.answer) - 1 :].double()

    def vectors(self, compute: Callable) -> torch.Tensor:
        said = compute(**self.inputs)
        return torch.cat([said.image_embeds, said.text_embeds]).double()


def draw_lessons(rng: random.Random, snapshot: Path, count: int) -> list[Lesson]:
    """Of a random model: random pictures, and random words for an answer."""
    files = [draw_picture(rng, snapshot, number) for number in range(count)]
    pictures = [Image.open(file) for file in files]
    if load_config(str(snapshot)).model_type == "clip":
        return [embedder_lesson(snapshot, pictures, [" ".join(rng.choices(PROMPTS, k=4)) for _ in pictures])]
    return [
        teach(snapshot, picture, rng.choice(PROMPTS), rng.choices(plain_words(snapshot), k=WORDS))
        for picture in pictures
    ]


def plain_words(snapshot: Path) -> list[int]:
    tokenizer = load_processor(str(snapshot)).tokenizer
    return [word for word in range(len(tokenizer)) if word not in tokenizer.added_tokens_decoder]


def draw_demo_lessons(rng: random.Random, snapshot: Path, count: int) -> list[Lesson]:
    """Of a demo model: drawn scenes, and what is true of them."""
    if load_config(str(snapshot)).model_type == "clip":
        scenes = [draw_scene(rng) for _ in range(count)]
        return [embedder_lesson(snapshot, [one.image for one in scenes], [one.caption for one in scenes])]
    asked = [one for one in DRAWERS[snapshot.name](rng, count) if not isinstance(one.image, Film)]
    words = load_processor(str(snapshot)).tokenizer
    answers = [words(one.answer, add_special_tokens=False)["input_ids"] for one in asked]
    return [teach(snapshot, one.image, one.prompt or "a photo of", said) for one, said in zip(asked, answers)]


def teach(snapshot: Path, picture: Image.Image, prompt: str, answer: list[int]) -> Lesson:
    inputs = dict(make_inputs(snapshot, picture, prompt))
    config = load_config(str(snapshot))
    if getattr(config, "is_encoder_decoder", False) and config.model_type == "blip-2":
        start = config.text_config.decoder_start_token_id
        return Lesson(inputs | {"decoder_input_ids": torch.tensor([[start, *answer]])}, tuple(answer))
    if config.model_type == "blip":  # as in generate(): a start of its own, and no [SEP]
        inputs = {name: one[:, :-1] if one.dim() == 2 else one for name, one in inputs.items()}
        inputs["input_ids"] = inputs["input_ids"].clone()
        inputs["input_ids"][:, 0] = config.text_config.bos_token_id
    words = torch.tensor([answer])
    added = {"input_ids": words, "attention_mask": words**0, "mm_token_type_ids": 0 * words}
    for name in added.keys() & inputs.keys():
        inputs[name] = torch.cat([inputs[name], added[name]], dim=1)
    return Lesson(inputs, tuple(answer))


def embedder_lesson(snapshot: Path, pictures: list[Image.Image], texts: list[str]) -> Lesson:
    processor = load_processor(str(snapshot))
    made = processor(images=pictures, text=texts, padding=True, truncation=True, return_tensors="pt")
    return Lesson(dict(made))
