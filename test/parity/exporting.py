"""Exports in tests: a snapshot's files changed, what is written, what is refused; and in half precision beside the
reference."""

import json
import random
import shutil
from pathlib import Path

import torch

from bundle_twin import prompt_embeds
from export.__main__ import main as export_main
from parity import reference
from parity.rounding import MARGINS, margin
from slot_engine import Request, SlotEngine, load_program, read_manifest


def change(file: Path, edit) -> None:
    value = json.loads(file.read_text())
    edit(value)
    file.write_text(json.dumps(value))


def copy_without_template(snapshot: Path, copy: Path) -> Path:
    """To be changed, with the chat template of no model."""
    shutil.copytree(snapshot, copy)
    (copy / "chat_template.jinja").unlink(missing_ok=True)
    return copy


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


def export_half(case, folder: Path, dtype: str):
    """(the program, the reference's model). case: of a family, with its snapshot and float32's manifest"""
    assert export_main([str(case.snapshot), str(folder), "--dtype", dtype]) == 0
    manifest = read_manifest(folder)
    assert manifest["program"] == case.manifest["program"] and manifest["weights"]["float32"] == []
    return load_program(folder), reference.load_model(str(case.snapshot), getattr(torch, dtype))


def check_captions_in_half(case, folder: Path, dtype: str, pictures: list, prompt: str) -> None:
    """At the first word where it differs, the reference's choice must have been close."""
    program, model = export_half(case, folder, dtype)
    for picture in pictures:
        inputs = reference.make_inputs(case.snapshot, picture, prompt)
        said = model.generate(
            **inputs, do_sample=False, max_new_tokens=16, return_dict_in_generate=True, output_scores=True
        )
        theirs = said.sequences[0, inputs["input_ids"].shape[1] :].tolist()
        request = Request(prompt_embeds(folder, program, [picture], prompt))
        (ours,) = SlotEngine(folder, program, 2).serve([request], 16, 0, random.Random(0))
        differing = [step for step, (one, other) in enumerate(zip(ours, theirs)) if one != other]
        assert not differing or margin(said.scores[differing[0]][0]) < MARGINS[dtype]
        assert differing or ours == reference.trim(theirs, reference.end_tokens(model))
