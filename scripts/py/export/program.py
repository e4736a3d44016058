"""program.pt: the code and structure of a model, scripted on the meta device, so without weights."""

import io
import warnings

from export.errors import ExportError


def script_program(module) -> bytes:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated: known, and kept behind five methods
        scripted = torch.jit.script(module)
    content = io.BytesIO()
    torch.jit.save(scripted, content)
    return content.getvalue()


def check_weights(module, ties: dict[str, str], shapes: dict[str, list[int]]) -> int:
    """Every parameter must be in the files with its shape; what the files have beyond that is not needed.
    The number of parameters."""
    wanted = dict(module.named_parameters())
    missing = [name for name in wanted if ties.get(name, name) not in shapes]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise ExportError(f"the weights lack {', '.join(missing[:3])}{more}; the snapshot does not fit its config.json")
    for name, parameter in wanted.items():
        found = shapes[ties.get(name, name)]
        if list(parameter.shape) != list(found):
            raise ExportError(
                f"the weight {name} has the shape {list(found)}, and config.json says {list(parameter.shape)}"
            )
    return sum(parameter.numel() for name, parameter in wanted.items() if name not in ties)
