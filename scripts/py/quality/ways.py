"""Ways to compute a model: in float64 with its own weights, the measure of all; in float32; and in float64 with
weights, and inputs of linear layers, rounded as a precision of the program rounds them: each rounding is seen alone."""

import copy
from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from parity.rounded import PRECISIONS, round_tensor
from quality.layers import KINDS, kind_of, narrow_layers


@dataclass(frozen=True)
class Way:
    weights: str = ""  # a precision; empty: as they are
    inputs: int = 0  # of linear layers: whole numbers up to this, with a scale for each row; 0: as they are
    arithmetic: torch.dtype = torch.float64
    kinds: Collection[str] = KINDS  # of the layers that are rounded


EXACT = Way()
WAYS = {
    "fp32": Way(arithmetic=torch.float32),
    "fp16": Way("fp16"),
    "bf16": Way("bf16"),
    "weights": Way("8bit"),
    "8bit": Way("8bit", 2**15 - 1),  # up to 4,129 columns; more leave fewer bits
    "inputs14": Way("8bit", 2**13 - 1),  # as few as layers of 16,512 columns leave
    "inputs8": Way("8bit", 2**7 - 1),
}


class AllInDouble(TorchFunctionMode):
    """Where a model's code names float32, for its norms, angles and softmax, it gets float64."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.Tensor.float:
            return args[0].double()
        named = {name: _wider(value) for name, value in (kwargs or {}).items()}
        return function(*(_wider(value) for value in args), **named)


def _wider(value):
    return torch.float64 if value is torch.float32 else value


class Computed:
    """A model as one way computes it."""

    def __init__(self, model: nn.Module, way: Way) -> None:
        self.dtype = way.arithmetic
        self.model = copy.deepcopy(model)
        for name, layer in narrow_layers(self.model).items():
            if kind_of(name) in way.kinds:
                _round_layer(layer, way)
        self.model.to(self.dtype)

    @torch.inference_mode()
    def __call__(self, **inputs):
        given = {name: one.to(self.dtype) if one.is_floating_point() else one for name, one in inputs.items()}
        if self.dtype is torch.float32:
            return self.model(**given)
        with AllInDouble():
            return self.model(**given)


def _round_layer(layer: nn.Module, way: Way) -> None:
    if way.weights:  # a parameter of its own, so that a tied table may be rounded in one place only
        layer.weight = nn.Parameter(round_tensor(layer.weight.detach(), PRECISIONS[way.weights]))
    if way.inputs and isinstance(layer, nn.Linear):
        layer.register_forward_pre_hook(lambda _, given: (round_rows(given[0], way.inputs), *given[1:]))


def round_rows(values: torch.Tensor, limit: int) -> torch.Tensor:
    scales = values.abs().amax(-1, keepdim=True) / limit
    return torch.where(scales > 0, (values / scales).round() * scales, values)
