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
from transformers import (
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2QFormerConfig,
    Blip2VisionConfig,
    OPTConfig,
)
from transformers.utils.logging import disable_progress_bar

from scenes.models.blip2 import (
    BOS,
    IMAGE_SIZE,
    PAD,
    PROMPT,
    QUERIES,
    VOCABULARY,
    make_processor,
    make_tokenizer,
    pixel_values,
)
from scenes.evaluate_blip2 import caption_scenes, draw_scenes, exact_share
from scenes.draw import draw_scene

WIDTH = 96
PATCH = 8
VISION_LAYERS = 3
QFORMER_LAYERS = 2
TEXT_LAYERS = 2
HEADS = 4
MAX_POSITIONS = 128

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


def make_config(tokenizer) -> Blip2Config:
    vision = Blip2VisionConfig(
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=VISION_LAYERS,
        num_attention_heads=HEADS,
        image_size=IMAGE_SIZE,
        patch_size=PATCH,
    )
    qformer = Blip2QFormerConfig(
        vocab_size=8,  # the Q-Former's own text side is unused in BLIP-2
        hidden_size=WIDTH,
        num_hidden_layers=QFORMER_LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=4 * WIDTH,
        encoder_hidden_size=WIDTH,
        cross_attention_frequency=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    text = OPTConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        word_embed_proj_dim=WIDTH,
        num_hidden_layers=TEXT_LAYERS,
        ffn_dim=4 * WIDTH,
        num_attention_heads=HEADS,
        max_position_embeddings=MAX_POSITIONS,
        dropout=0.0,
        bos_token_id=BOS,
        pad_token_id=PAD,
        eos_token_id=newline_id(tokenizer),
    )
    return Blip2Config(
        vision_config=vision,
        qformer_config=qformer,
        text_config=text,
        num_query_tokens=QUERIES,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )


def newline_id(tokenizer) -> int:
    """BLIP-2 with OPT ends a caption with the newline token."""
    return tokenizer.convert_tokens_to_ids("\u010a")


def make_model(config: Blip2Config) -> Blip2ForConditionalGeneration:
    model = Blip2ForConditionalGeneration(config)
    with torch.no_grad():
        _initialise(model)
    return model


def _initialise(model: Blip2ForConditionalGeneration) -> None:
    """Wider than the library's std of 0.02, which at this width leaves attention nearly
    uniform and stalls learning of shape and place."""
    for name, weight in model.named_parameters():
        if name.endswith(("embed_tokens.weight", "embed_positions.weight")):
            weight.normal_(0, 0.15)
        elif name.endswith("patch_embedding.weight"):
            weight.normal_(0, 1 / math.sqrt(weight[0].numel()))
        elif weight.dim() == 2:
            weight.normal_(0, 0.9 / math.sqrt(weight.shape[1]))
    embeddings = model.vision_model.embeddings
    embeddings.position_embedding[0, 1:] = 0.7 * grid_positions(IMAGE_SIZE // PATCH, WIDTH)
    embeddings.class_embedding.normal_(0, 0.5)
    model.query_tokens.normal_(0, 1)
    model.tie_weights()


def grid_positions(side: int, width: int) -> torch.Tensor:
    """Sine-cosine code of each patch's row and column, [side * side, width]."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    quarter = width // 4
    frequencies = 40.0 ** -(torch.arange(quarter) / quarter)
    waves = [part.reshape(-1, 1) * frequencies for part in (rows, columns)]
    return torch.cat([f(wave) for wave in waves for f in (torch.sin, torch.cos)], dim=1)


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
    optimizer = torch.optim.AdamW(
        model.parameters(), betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY, foreach=True
    )

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
    parser = argparse.ArgumentParser(description="Train the demo captioner.")
    parser.add_argument("--out", type=Path, required=True, help="snapshot folder to write")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    train(args.out, args.steps, args.seed)


if __name__ == "__main__":
    main()
