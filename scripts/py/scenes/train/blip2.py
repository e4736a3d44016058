"""Trains the demo captioner: a genuine, very small BLIP-2 (OPT) for drawn scenes.

The result is an ordinary Hugging Face snapshot folder. One thread and fixed
seeds: the same options give the same weights on the same machine.

    python -m scenes.train.blip2 --out build/demo-blip2
"""

import argparse
import copy
import math
import random
import time
from pathlib import Path

import torch
from transformers import Blip2Config
from transformers.utils.logging import disable_progress_bar

from scenes.draw import draw_scene
from scenes.evaluate_blip2 import caption_scenes, draw_scenes, exact_share
from scenes.models.blip2 import (
    PAD,
    PROMPT,
    QUERIES,
    make_config,
    make_model,
    make_processor,
    make_tokenizer,
    pixel_values,
)

BATCH = 48
STEPS = 8_000
LEARNING_RATE = 1.0e-3
LEARNING_RATE_FLOOR = 0.02  # of the peak
WARM_UP_STEPS = 200
WEIGHT_DECAY = 0.02
EMA_DECAY = 0.998

REPORT_EVERY = 500
REPORT_SCENES = 200
REPORT_SEED = 99_999

IGNORED = -100  # label of positions that the loss skips


class Samples:
    """Endless training batches of fresh scenes."""

    def __init__(self, tokenizer, config: Blip2Config, seed: int) -> None:
        self._tokenizer = tokenizer
        self._image_ids = [config.image_token_index] * QUERIES
        self._end_id = config.text_config.eos_token_id
        self._rng = random.Random(seed)

    def next_batch(self, size: int) -> dict[str, torch.Tensor]:
        scenes = [draw_scene(self._rng) for _ in range(size)]
        rows = [self._row(scene.caption) for scene in scenes]
        length = max(len(ids) for ids, _ in rows)
        ids = torch.full((size, length), PAD)
        labels = torch.full((size, length), IGNORED)
        for index, (row, given) in enumerate(rows):
            ids[index, : len(row)] = torch.tensor(row)
            labels[index, given : len(row)] = ids[index, given : len(row)]
        return {
            "pixel_values": pixel_values([scene.image for scene in scenes]),
            "input_ids": ids,
            "attention_mask": (ids != PAD).long(),
            "labels": labels,
        }

    def _row(self, caption: str) -> tuple[list[int], int]:
        """Token ids, and how many of them are given (no loss): images and prompt."""
        prompt = self._rng.choice(("", PROMPT))
        given = self._image_ids + self._tokenizer(prompt).input_ids
        # The leading space makes the caption the same tokens with and without a prompt.
        said = self._tokenizer(" " + caption, add_special_tokens=False).input_ids
        return given + said + [self._end_id], len(given)


class Average:
    """Exponential moving average of the weights; it captions better than the last step's."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.model = copy.deepcopy(model).eval()

    @torch.no_grad()
    def update(self, model: torch.nn.Module, step: int) -> None:
        decay = min(EMA_DECAY, (step + 1) / (step + 10))  # forget the random start quickly
        torch._foreach_lerp_(list(self.model.parameters()), list(model.parameters()), 1 - decay)


def learning_rate(step: int, steps: int) -> float:
    warm_up = min(1.0, (step + 1) / WARM_UP_STEPS)
    cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
    return LEARNING_RATE * warm_up * (cosine + (1 - cosine) * LEARNING_RATE_FLOOR)


def save_snapshot(model, processor, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    processor.image_processor.save_pretrained(folder)  # where readers other than transformers look
    (folder / "model.safetensors").chmod(0o644)


def train(out: Path, steps: int, seed: int) -> None:
    disable_progress_bar()
    torch.set_num_threads(1)  # more threads add in another order: other weights
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    processor = make_processor(tokenizer)
    config = make_config(tokenizer)
    model = make_model(config).train()
    average = Average(model)
    samples = Samples(tokenizer, config, seed)
    report_scenes = draw_scenes(REPORT_SCENES, REPORT_SEED)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY, foreach=True)

    started = time.monotonic()
    print(f"{model.num_parameters()} parameters, {steps} steps of {BATCH} scenes", flush=True)
    for step in range(steps):
        loss = train_step(model, optimizer, samples, learning_rate(step, steps))
        average.update(model, step)
        done = step + 1
        if done % REPORT_EVERY == 0 or done == steps:
            captions = caption_scenes(average.model, processor, report_scenes)
            exact = exact_share(report_scenes, captions)
            seconds = time.monotonic() - started
            print(f"{seconds:.0f} s, step {done}, loss {loss:.4f}, exact {exact:.3f}", flush=True)
            save_snapshot(average.model, processor, out)  # an interrupted run leaves a usable model


def train_step(model, optimizer, samples: Samples, rate: float) -> float:
    for group in optimizer.param_groups:
        group["lr"] = rate
    loss = model(**samples.next_batch(BATCH)).loss
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/train-demo", description="Train the demo captioner.")
    parser.add_argument("--out", type=Path, required=True, help="snapshot folder to write")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    train(args.out, args.steps, args.seed)


if __name__ == "__main__":
    main()
