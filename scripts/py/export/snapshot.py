"""A Hugging Face snapshot folder: what is in it, or what is wrong with it. Nothing is downloaded."""

import json
from pathlib import Path

from export.errors import ExportError
from export.families import known_families
from export.files import first_line, read_json

INDEX = "model.safetensors.index.json"
WHOLE = "model.safetensors"


def open_snapshot(folder: Path):
    """The resolved config of a snapshot that says what an export must know."""
    if not folder.exists():
        raise ExportError(f"there is no folder {folder}")
    if not folder.is_dir():
        raise ExportError(f"{folder} is not a folder; give the snapshot's folder, the one that holds config.json")
    if not (folder / "config.json").is_file():
        raise ExportError(f"{folder} has no config.json, so it is no Hugging Face snapshot{_hint_of_cache(folder)}")
    config = _resolve_config(folder)
    if not (folder / "processor_config.json").is_file():  # newer snapshots keep the recipe of the pictures in there
        _require(folder, "preprocessor_config.json", "download it from the model's page into the folder")
    return config


def require_tokenizer(folder: Path) -> None:
    _require(
        folder,
        "tokenizer.json",
        'make it with: python -c "from transformers import AutoTokenizer as T; '
        f"T.from_pretrained('{folder}').save_pretrained('{folder}')\"",
    )


def _hint_of_cache(folder: Path) -> str:
    found = sorted(folder.glob("snapshots/*/config.json"))
    return f"; did you mean {found[-1].parent}?" if found else ""


def _resolve_config(folder: Path):
    """With all defaults of the Python classes filled in."""
    from transformers import CONFIG_MAPPING, AutoConfig

    written = read_json(folder / "config.json")
    model_type = written.get("model_type")
    if not isinstance(model_type, str) or model_type not in CONFIG_MAPPING:
        raise ExportError(
            f"{folder}/config.json has the model_type {json.dumps(model_type)}, which is not known; "
            f"the known types are: {known_families()}"
        )
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # whatever transformers stumbles over in the user's file
        raise ExportError(f"{folder}/config.json cannot be used: {first_line(error)}") from error


def _require(folder: Path, name: str, remedy: str) -> None:
    if not (folder / name).is_file():
        raise ExportError(f"{folder} has no {name}; {remedy}")


def weight_files(folder: Path) -> list[str]:
    """Names of the safetensors files, all of them there."""
    names = _listed_files(folder)
    for name in names:
        if not isinstance(name, str) or "/" in name or name in ("", ".", ".."):
            raise ExportError(f"{folder}/{INDEX} names the file {name!r}, which is not a plain file name")
        if not (folder / name).is_file():
            raise ExportError(f"{folder} has no {name}; the download is not complete")
    return names


def _listed_files(folder: Path) -> list[str]:
    if (folder / INDEX).is_file():
        shards = read_json(folder / INDEX).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise ExportError(f"{folder}/{INDEX} has no weight_map")
        return sorted(set(shards.values()), key=str)
    if (folder / WHOLE).exists() or (folder / WHOLE).is_symlink():
        return [WHOLE]
    if any(folder.glob("pytorch_model*.bin")):
        raise ExportError(
            f"{folder} has its weights only as pytorch_model.bin, and safetensors are needed; convert them with: "
            f'python -c "from transformers import {_class_name(folder)} as M; '
            f"M.from_pretrained('{folder}', dtype='auto').save_pretrained('{folder}')\""
        )
    raise ExportError(f"{folder} has no weights: neither {WHOLE} nor {INDEX}")


def _class_name(folder: Path) -> str:
    architectures = read_json(folder / "config.json").get("architectures")
    return architectures[0] if architectures else "AutoModelForImageTextToText"


def tensor_shapes(folder: Path, names: list[str]) -> dict[str, list[int]]:
    """From the files' headers; no weights are read."""
    from safetensors import SafetensorError, safe_open

    shapes = {}
    for name in names:
        try:
            with safe_open(folder / name, "pt") as file:
                shapes.update({key: file.get_slice(key).get_shape() for key in file.keys()})  # noqa: SIM118  it is no dict
        except SafetensorError as error:
            raise ExportError(f"{folder / name} is damaged: {first_line(error)}") from error
    return shapes
