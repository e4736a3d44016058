"""Reads the JSON files of a snapshot."""

import json
from pathlib import Path

from export.errors import ExportError


def read_json(file: Path) -> dict:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(f"{file} cannot be read: {first_line(error)}") from error
    if not isinstance(value, dict):
        raise ExportError(f"{file} must hold a JSON object")
    return value


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
