"""Makes a model bundle for Vignette from a local Hugging Face snapshot. No weights are copied."""

import argparse
import os
import sys
from pathlib import Path

from export.errors import ExportError

DTYPES = ("float32", "float16", "bfloat16")


def main(argv: list[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    try:
        if arguments.checkpoint is None:
            export(*arguments.folders, arguments.dtype or "float32", arguments.name)
        else:
            from export.ready import make_ready

            make_ready(arguments.checkpoint, *arguments.folders, arguments.dtype, arguments.name, say)
    except ExportError as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("export: stopped", file=sys.stderr)
        return 130
    return 0


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/export",
        description=__doc__,
        usage="scripts/export SNAPSHOT BUNDLE [--dtype DTYPE] [--name NAME]\n"
        "       scripts/export --checkpoint ID BUNDLE",
    )
    parser.add_argument(
        "folders",
        metavar="FOLDER",
        type=Path,
        nargs="+",
        help="the snapshot, which holds config.json and safetensors; and the bundle to write, maybe the same",
    )
    parser.add_argument("--checkpoint", metavar="ID", help="write the ready bundle of a known checkpoint instead")
    parser.add_argument("--dtype", choices=DTYPES, help="to compute in (default: float32; of a checkpoint its own)")
    parser.add_argument("--name", help="of the model in answers (default: the name of the bundle's folder)")
    arguments = parser.parse_args(argv)
    wanted = 2 if arguments.checkpoint is None else 1
    if len(arguments.folders) != wanted:
        parser.error("give the folder of the snapshot and that of the bundle" if wanted == 2 else "give one folder")
    return arguments


def export(snapshot: Path, bundle: Path, dtype: str = "float32", name: str | None = None) -> None:
    from export import manifest
    from export.families import open_family
    from export.program import check_weights, script_program
    from export.snapshot import open_snapshot, require_tokenizer, tensor_shapes, weight_files

    config = open_snapshot(snapshot)
    require_tokenizer(snapshot)
    family, described = open_family(config, snapshot)
    described["text"] = manifest.with_presets(described["text"], snapshot)
    say(f"{snapshot}: {family.FAMILY}")
    files = weight_files(snapshot)

    module = family.make_program(config)
    parameters = check_weights(module, described, tensor_shapes(snapshot, files))
    say(f"weights fit: {parameters / 1e6:.1f} million parameters in {len(files)} file{'s' * (len(files) > 1)}")
    program = script_program(module)
    say(f"program scripted: {manifest.spell_bytes(len(program))}")

    manifest.make_folder(bundle)
    manifest.write_file(bundle / "program.pt", program)
    copy_tokenizer(snapshot, bundle)
    weights = manifest.weights_part(snapshot, bundle, files, say)
    described_whole = manifest.whole(
        family,
        described,
        name=name or bundle.resolve().name,
        dtype=dtype,
        program=manifest.file_part(bundle / "program.pt"),
        tokenizer=manifest.file_part(bundle / "tokenizer.json"),
        weights=weights,
    )
    manifest.write_json(bundle / "manifest.json", described_whole)
    where = "inside the bundle" if not os.path.isabs(weights["folder"]) else f"in {weights['folder']}, not copied"
    say(f"wrote manifest.json, program.pt, tokenizer.json to {bundle}; the weights stay {where}")
    print(f"next: vignette caption --model {bundle} picture.jpg")


def say(line: str) -> None:
    print(f"  {line}", flush=True)


def copy_tokenizer(snapshot: Path, bundle: Path) -> None:
    from export import manifest

    source, copy = snapshot / "tokenizer.json", bundle / "tokenizer.json"
    content = source.read_bytes()
    if not copy.is_file() or copy.read_bytes() != content:
        manifest.write_file(copy, content)


if __name__ == "__main__":
    sys.exit(main())
