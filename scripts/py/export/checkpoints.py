"""Public facts about real checkpoints: their JSON files, and the names and shapes of their weights. No weights.

A file checkpoints/<org>--<name>.json:
  source         the id
  facts          where each part came from: a public copy that was read, or derived from what
  config, preprocessor, processor, video, generation     the JSON files of the snapshot; null where it has none
  chat_template  as the snapshot has it, where it has one
  keys           {"layers.{0..31}.{q,k}_proj.weight": [shape]}: {a..b} is a range, {a,b} are alternatives
"""

import itertools
import json
import re
from pathlib import Path

from export.errors import ExportError

FOLDER = Path(__file__).parent / "checkpoints"
FILES = {
    "config": "config.json",
    "preprocessor": "preprocessor_config.json",
    "processor": "processor_config.json",
    "video": "video_preprocessor_config.json",
    "generation": "generation_config.json",
}
CHOICE = re.compile(r"\{([^{}]*)\}")


def known_checkpoints() -> list[str]:
    return sorted(file.stem.replace("--", "/", 1) for file in FOLDER.glob("*.json"))


def load_checkpoint(source: str) -> dict:
    file = FOLDER / f"{folder_name(source)}.json"
    if source not in known_checkpoints():
        raise ExportError(f"the checkpoint {source} is not known; the known ones are: {', '.join(known_checkpoints())}")
    return json.loads(file.read_text(encoding="utf-8"))


def folder_name(source: str) -> str:
    return source.replace("/", "--", 1)


def expand_keys(keys: dict[str, list[int]]) -> dict[str, list[int]]:
    """Every name with its shape."""
    return {name: shape for pattern, shape in keys.items() for name in expand(pattern)}


def expand(pattern: str) -> list[str]:
    pieces = CHOICE.split(pattern)  # text, choice, text, choice, ... text
    choices = [[piece] if place % 2 == 0 else alternatives(piece) for place, piece in enumerate(pieces)]
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def alternatives(choice: str) -> list[str]:
    ends = choice.split("..")
    if len(ends) == 2:
        return [str(number) for number in range(int(ends[0]), int(ends[1]) + 1)]
    return choice.split(",")


def write_small_files(checkpoint: dict, folder: Path) -> None:
    """The snapshot as far as it is known: its JSON files. So a checkpoint is read as any snapshot is."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, name in FILES.items():
        if checkpoint.get(part) is not None:
            (folder / name).write_text(json.dumps(checkpoint[part], indent=2), encoding="utf-8")
    if checkpoint.get("chat_template") is not None:
        (folder / "chat_template.jinja").write_text(checkpoint["chat_template"], encoding="utf-8")
