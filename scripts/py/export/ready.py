"""A ready bundle: program and manifest of a known checkpoint, made from public facts, without weights and tokenizer.

`vignette models add` completes it from a snapshot.
"""

import tempfile
from pathlib import Path

from export import manifest
from export.checkpoints import expand_keys, load_checkpoint, write_small_files
from export.facts import compact_keys, config_facts
from export.families import open_family
from export.program import check_weights, script_program
from export.snapshot import open_snapshot


def make_ready(source: str, bundle: Path, dtype: str | None, name: str | None, say) -> None:
    checkpoint = load_checkpoint(source)
    with tempfile.TemporaryDirectory(prefix="vignette-checkpoint-") as folder:
        write_small_files(checkpoint, Path(folder))
        config = open_snapshot(Path(folder))
        family, described = open_family(config, Path(folder))
    module = family.make_program(config)
    parameters = check_weights(module, described, expand_keys(checkpoint["keys"]))
    say(f"{source}: {family.FAMILY}, {parameters / 1e6:.1f} million parameters")
    program = script_program(module)
    say(f"program scripted: {manifest.spell_bytes(len(program))}")

    keys = compact_keys({key: list(parameter.shape) for key, parameter in module.named_parameters()})
    manifest.make_folder(bundle)
    manifest.write_file(bundle / "program.pt", program)
    whole = manifest.whole(
        family,
        described,
        name=name or source.split("/")[-1],
        dtype=dtype or checkpoint.get("dtype", "float32"),
        source=source,
        program=manifest.file_part(bundle / "program.pt"),
        tokenizer={"file": "tokenizer.json", "sha256": None},
        weights={"folder": None, "files": [], "keys": keys},
    )
    whole["weights"]["float32"] = described["float32"]  # counts in float16 only, which `models add` may choose
    whole["config"] = config_facts(checkpoint["config"], checkpoint.get("asked", []))
    manifest.write_json(bundle / "manifest.json", whole)
    say(f"wrote manifest.json, program.pt to {bundle}")
