"""Outliers, planted in a random model: behind norms a few channels are much larger than all others, as in the published
OPT and CLIP. Random models have none, and they are what 8 bits of anything have to cope with.

Two plants, for nobody knows how much of what a layer adds up comes from its outliers; real ones lie between these:
  quiet  the layers behind a norm have weights for the channel that are smaller by as much, so that the model says what
         it said before. What is left of these weights after rounding by row counts for much.
  loud   the layers keep weights of usual size for it and listen to hardly anything else. All are made smaller, so that
         their results are as large as before.
"""

import copy
import random
import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from parity.reference import load_model

PLANTS = ("quiet", "loud")
TIMES = 50.0
CHANNELS_PER_OUTLIER = 64  # and one at least; denser than in a real model, where of thousands a handful are outliers
UNCHANGED = 1e-3  # of the largest score: float32 with outliers


@dataclass(frozen=True)
class Planted:
    norms: int
    of: int


@torch.no_grad()
def plant(snapshot: Path, folder: Path, how: str, rng: random.Random, say: Callable) -> Planted:
    """Writes the model with its outliers to `folder`. say: a model's scores, of something."""
    model = copy.deepcopy(load_model(str(snapshot)))
    before = say(model)
    fed, norms = _fed_layers(model, say)
    grown = []
    for name, layers in fed.items():
        norm = model.get_submodule(name)
        width = norm.weight.numel()
        channels = rng.sample(range(width), max(1, width // CHANNELS_PER_OUTLIER))
        kept = {one: [part.clone() for part in one.parameters()] for one in [norm, *layers]}
        _grow(norm, layers, channels)
        if float((say(model) - before).abs().max() / before.abs().max()) < UNCHANGED:
            grown.append((layers, channels))
            continue
        for one, parts in kept.items():  # something else hears the norm, too, such as the sum that goes on
            for part, was in zip(one.parameters(), parts):
                part.copy_(was)
    if how == "loud":
        for layers, channels in grown:
            for layer in layers:
                _hear(layer, channels)
    model.save_pretrained(folder)
    for file in (file for ending in ("json", "jinja") for file in snapshot.glob(f"*.{ending}")):
        if not (folder / file.name).exists():
            shutil.copy(file, folder)
    return Planted(len(grown), norms)


def _fed_layers(model: nn.Module, say: Callable) -> tuple[dict[str, list[nn.Linear]], int]:
    """For each norm the layers that are given what it returns; and how many norms there are."""
    returned, fed, hooks, norms = {}, defaultdict(list), [], 0
    kept = []  # all results, so that no two share an address

    def note_result(name: str) -> Callable:
        def note(module, given, result):
            returned[result.data_ptr()] = name
            kept.append(result)

        return note

    def note_input(layer, given):
        name = returned.get(given[0].data_ptr())
        if name and layer not in fed[name] and layer.in_features == model.get_submodule(name).weight.numel():
            fed[name].append(layer)

    for name, module in model.named_modules():
        if "Norm" in type(module).__name__:
            norms += 1
            hooks.append(module.register_forward_hook(note_result(name)))
        if isinstance(module, nn.Linear):
            hooks.append(module.register_forward_pre_hook(note_input))
    say(model)
    for hook in hooks:
        hook.remove()
    return fed, norms


def _grow(norm: nn.Module, layers: list[nn.Linear], channels: list[int]) -> None:
    for part in norm.parameters():
        part[channels] *= TIMES
    for layer in layers:
        layer.weight[:, channels] /= TIMES


def _hear(layer: nn.Linear, channels: list[int]) -> None:
    layer.weight[:, channels] *= TIMES
    width = layer.in_features
    layer.weight *= (width / (width + len(channels) * (TIMES**2 - 1))) ** 0.5
