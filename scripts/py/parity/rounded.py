"""A snapshot whose weights are numbers that a precision of the program can hold: then the program, told that precision,
must say what the reference says of the same snapshot in float32."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

PRECISIONS = {"fp16": torch.float16, "bf16": torch.bfloat16, "8bit": torch.int8}


def round_snapshot(snapshot: Path, precision: str) -> None:
    dtype = PRECISIONS[precision]
    for file in sorted(snapshot.glob("*.safetensors")):
        rounded = {name: round_tensor(tensor, dtype) for name, tensor in load_file(file).items()}
        save_file(rounded, file, metadata={"format": "pt"})


def round_tensor(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    if not tensor.is_floating_point():
        return tensor
    if dtype is not torch.int8:
        return tensor.to(dtype).to(tensor.dtype)
    if tensor.dim() != 2:
        return tensor
    scales = tensor.float().abs().amax(1, keepdim=True) / 127
    whole = torch.where(scales > 0, tensor.float() / scales, torch.zeros(())).round()
    return (whole * scales).to(tensor.dtype)
