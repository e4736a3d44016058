"""program.pt: the code and structure of a model, scripted on the meta device, so without weights."""

import io
import warnings
import zipfile

from export.errors import ExportError

SAME_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip archive can name


def script_program(module) -> bytes:
    import torch

    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated: known, and kept behind four methods
        torch.jit.save(torch.jit.script(module), content)
    return without_traces(content)


def without_traces(archive: io.BytesIO) -> bytes:
    """Drops what names this machine's source files, and the id made of it. So the same model always gives the
    same bytes, and its digest says something; the C++ side does not read these parts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if not name.endswith((".debug_pkl", "/serialization_id")):
                new.writestr(zipfile.ZipInfo(name, SAME_TIME), old.read(name), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


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
