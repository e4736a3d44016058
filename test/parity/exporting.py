"""Exports in tests: a snapshot's files changed, what is written, what is refused."""

import json
from pathlib import Path

from export.__main__ import main as export_main
from slot_engine import read_manifest


def change(file: Path, edit) -> None:
    value = json.loads(file.read_text())
    edit(value)
    file.write_text(json.dumps(value))


def exported(home: Path, bundle: Path) -> dict:
    """Its manifest."""
    assert export_main([str(home), str(bundle)]) == 0
    return read_manifest(bundle)


def refusal(capsys, snapshot: Path, bundle: Path) -> str:
    capsys.readouterr()
    assert export_main([str(snapshot), str(bundle)]) == 1
    message = capsys.readouterr().err
    assert message.startswith("export: ") and message.count("\n") == 1 and "Traceback" not in message
    assert not (bundle / "manifest.json").exists()
    return message
