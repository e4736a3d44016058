"""Trains the demo CLIP: a genuine, very small one that puts drawn scenes and their captions in one space.

The result is an ordinary Hugging Face snapshot folder. The same options give
the same weights on the same machine, also when a run is taken up again.

    python -m scenes.train.clip --out build/demo-clip
"""

import random
import time
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from transformers.utils.logging import disable_progress_bar

from scenes.caption_changes import changed
from scenes.draw import draw_scene
from scenes.evaluate_clip import draw_different, first_shares
from scenes.models.blip2 import pixel_values
from scenes.models.clip import make_config, make_model, make_processor, make_tokenizer
from scenes.train.blip2 import Average, save_snapshot
from scenes.train.loop import State, descend, learning_rate, load_batches, make_optimizer, run, use_attend

SCENES = 64  # in a batch
NEAR_MISSES = 3  # wrong captions with each scene
STEPS = 1_500
LEARNING_RATE = 1.0e-3
LOGIT_SCALE_MAX = 4.6052  # ln 100, as in CLIP

REPORT_EVERY = 250
REPORT_SEED = 99_999


class Batch(NamedTuple):
    pixels: torch.Tensor  # [scenes, 3, height, width]
    ids: torch.Tensor  # [scenes * (1 + near misses), length]: the true captions first
    excluded: torch.Tensor  # [scenes, texts]: true for the scene, too, though another's


class Batches(torch.utils.data.Dataset):
    """Fresh scenes for each step; a step's batch depends on nothing but the seed and its number."""

    def __init__(self, tokenizer, seed: int, steps: int) -> None:
        self._tokenizer, self._seed, self._steps = tokenizer, seed, steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> Batch:
        rng = random.Random(f"{self._seed} {step}")
        scenes = [draw_scene(rng) for _ in range(SCENES)]
        captions = [scene.caption for scene in scenes]
        texts = captions + [changed(caption, rng) for caption in captions for _ in range(NEAR_MISSES)]
        same = torch.tensor([[text == caption for text in texts] for caption in captions])
        same.fill_diagonal_(False)
        pixels = pixel_values([scene.image for scene in scenes])
        return Batch(pixels, self._tokenizer(texts, padding=True, return_tensors="pt").input_ids, same)


def contrast(model, batch: Batch) -> torch.Tensor:
    """CLIP's loss; the near misses are wrong texts for all pictures."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pictures = model.visual_projection(model.vision_model(batch.pixels).pooler_output)
        texts = model.text_projection(model.text_model(batch.ids).pooler_output)
    pictures, texts = (nn.functional.normalize(part.float(), dim=1) for part in (pictures, texts))
    alike = model.logit_scale.exp() * pictures @ texts.T
    alike = alike.masked_fill(batch.excluded, float("-inf"))
    own = torch.arange(len(pictures))
    to_texts = nn.functional.cross_entropy(alike, own)
    to_pictures = nn.functional.cross_entropy(alike[:, : len(pictures)].T, own)
    return (to_texts + to_pictures) / 2


def train(out: Path, steps: int, seed: int, threads: int, state_file: Path | None) -> None:
    disable_progress_bar()
    torch.set_num_threads(threads)  # another number adds in another order: other weights
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    processor = make_processor(tokenizer)
    model = make_model(make_config(tokenizer)).train()
    use_attend(model.vision_model, model.text_model)
    average = Average(model)
    optimizer = make_optimizer(model)
    state = State(state_file, model, average.model, optimizer)
    start = state.restore()
    rng = random.Random(REPORT_SEED)
    exam = [draw_different(rng) for _ in range(3)]

    started = time.monotonic()
    print(f"{model.num_parameters()} parameters, {steps} steps of {SCENES} scenes", flush=True)
    for step, batch in enumerate(load_batches(Batches(tokenizer, seed, steps), start), start):
        loss = descend(model, optimizer, contrast(model, batch), learning_rate(step, steps, LEARNING_RATE))
        model.logit_scale.data.clamp_(max=LOGIT_SCALE_MAX)
        average.update(model, step)
        done = step + 1
        if done % REPORT_EVERY == 0 or done == steps:
            by_text, by_picture = first_shares(average.model, processor, exam)
            seconds = time.monotonic() - started
            shares = f"first by text {by_text:.3f}, by picture {by_picture:.3f}"
            print(f"{seconds:.0f} s, step {done}, loss {loss:.4f}, {shares}", flush=True)
            save_snapshot(average.model, processor, out)  # an interrupted run leaves a usable model
            state.keep(done)


if __name__ == "__main__":
    run(train, "Train the demo CLIP.", STEPS)
