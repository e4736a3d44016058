"""What the trainings of the demo LLaVA-NeXT and the demo CLIP have in common."""

import argparse
from pathlib import Path

import torch
from torch import nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

DECAY_SHARE = 0.3  # of all steps, at the end: the rate falls to nothing
WARM_UP_STEPS = 200
WEIGHT_DECAY = 0.02


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Level, then falling: a run can be cut short or drawn out while it is level."""
    warm_up = min(1.0, (step + 1) / WARM_UP_STEPS)
    fall = min(1.0, (steps - step) / (DECAY_SHARE * steps))
    return peak * warm_up * fall


def attend(module, query, key, value, mask, scaling, is_causal=None, **_) -> tuple[torch.Tensor, None]:
    """Attention in float32: the CPU's kernel is slow at bfloat16, which serves the products around it."""
    groups = query.shape[1] // key.shape[1]
    key, value = (part.repeat_interleave(groups, dim=1) for part in (key, value))
    causal = mask is None and bool(module.is_causal if is_causal is None else is_causal)
    with torch.autocast("cpu", enabled=False):
        parts = (part.float() for part in (query, key, value))
        mixed = nn.functional.scaled_dot_product_attention(*parts, attn_mask=mask, scale=scaling, is_causal=causal)
    return mixed.transpose(1, 2).contiguous(), None


def use_attend(*parts) -> None:
    """Makes these parts of a model call attend()."""
    ALL_ATTENTION_FUNCTIONS.register("attend", attend)
    for part in parts:
        part.config._attn_implementation = "attend"


def make_optimizer(module: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(module.parameters(), betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY, foreach=True)


def descend(module: nn.Module, optimizer, loss: torch.Tensor, rate: float) -> float:
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def load_batches(batches: torch.utils.data.Dataset, start: int) -> torch.utils.data.DataLoader:
    """The batches of the steps from start on, drawn ahead by another process."""
    return torch.utils.data.DataLoader(
        batches, batch_size=None, sampler=range(start, len(batches)), num_workers=1, prefetch_factor=8
    )


class State:
    """A run's state in a file, if one is given: a run that was cut off goes on as if it had not been."""

    def __init__(self, file: Path | None, *parts) -> None:
        self._file, self._parts = file, parts

    def keep(self, done: int) -> None:
        if self._file:
            partial = self._file.with_suffix(".partial")
            torch.save({"parts": [part.state_dict() for part in self._parts], "done": done}, partial)
            partial.rename(self._file)

    def restore(self) -> int:
        """The number of steps that were done already."""
        if not self._file or not self._file.exists():
            return 0
        kept = torch.load(self._file)
        for part, values in zip(self._parts, kept["parts"]):
            part.load_state_dict(values)
        return kept["done"]


def run(train, description: str, steps: int) -> None:
    """The command line of a training."""
    parser = argparse.ArgumentParser(prog="scripts/train-demo", description=description)
    parser.add_argument("--out", type=Path, required=True, help="snapshot folder to write")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--state", type=Path, help="file to keep the run's state in, and to take it up from")
    args = parser.parse_args()
    train(args.out, args.steps, args.seed, args.threads, args.state)
