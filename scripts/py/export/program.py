"""program.pt: the code and structure of a model, scripted on the meta device, so without weights."""

import io
import sys
import warnings
import zipfile

from export.errors import ExportError

SAME_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip archive can name


def script_program(module) -> bytes:
    import torch

    keep_names()
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated: known, and kept behind four methods
        torch.jit.save(torch.jit.script(module), content)
    return without_traces(content)


def keep_names() -> None:
    """TorchScript names classes and functions after their modules. The parts keep the names that they had before they
    were in a folder: so programs, and their digests in manifests, stay as they are."""
    for module in [name for name in sys.modules if name.startswith("export.")]:
        for value in vars(sys.modules[module]).values():
            if getattr(value, "__module__", None) == module:
                place = module.replace("export.parts.", "export.")
                value._jit_override_qualname = f"__torch__.{place}.{value.__qualname__}"


def without_traces(archive: io.BytesIO) -> bytes:
    """Drops what names this machine's source files, and the id made of it. So the same model always gives the
    same bytes, and its digest says something; the C++ side does not read these parts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if not name.endswith((".debug_pkl", "/serialization_id")):
                new.writestr(zipfile.ZipInfo(name, SAME_TIME), old.read(name), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def check_weights(module, described: dict, shapes: dict[str, list[int]]) -> int:
    """Every parameter must be in the files with its shape; what the files have beyond that is not needed.
    The number of parameters."""
    wanted = dict(module.named_parameters())
    keys = {name: find_key(name, described, shapes) for name in wanted}
    missing = [name for name, key in keys.items() if key is None]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise ExportError(f"the weights lack {', '.join(missing[:3])}{more}; the snapshot does not fit its config.json")
    for name, parameter in wanted.items():
        found = shapes[keys[name]]
        if list(parameter.shape) != list(found):
            raise ExportError(
                f"the weight {name} has the shape {list(found)}, and config.json says {list(parameter.shape)}"
            )
    return sum({keys[name]: parameter.numel() for name, parameter in wanted.items()}.values())  # shared ones once


def find_key(name: str, described: dict, keys) -> str | None:
    """The file's key of a parameter, found as the C++ side finds it: tied first, as it is, then by the first rename
    of its beginning that leads to a key."""
    name = described["ties"].get(name, name)
    renamed = [to + name[len(old) :] for old, to in described["renames"] if name.startswith(old)]
    return next((key for key in [name, *renamed] if key in keys), None)
