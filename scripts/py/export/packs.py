"""Weights that lie side by side as one tensor, as the C++ side lays them out on a GPU. For those who load programs in
Python: tests, and probes of the GPU."""

from collections.abc import Iterator


def fill_packs(program, packs: dict[str, list[str]]) -> None:
    """Of a scripted module whose parameters have their values. In `packs`, "mlp.gate_up" is the tensor `gate_up` of
    each module named `mlp`, and its parts are parameters of the same module."""
    import torch

    for module, key, name in buffers_of(program, ""):
        for pack, parts in packs.items():
            if f".{name}".endswith(f".{pack}"):
                tensors = dict(module.named_parameters())
                setattr(module, key, torch.cat([tensors[part] for part in parts]))


def buffers_of(module, prefix: str) -> Iterator[tuple]:
    for key, _ in list(module.named_buffers(recurse=False)):
        yield module, key, prefix + key
    for name, child in module.named_children():
        yield from buffers_of(child, f"{prefix}{name}.")
