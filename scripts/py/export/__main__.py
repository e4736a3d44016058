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
        export(arguments.snapshot, arguments.bundle, arguments.dtype, arguments.name)
    except ExportError as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("export: stopped", file=sys.stderr)
        return 130
    return 0


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/export", description=__doc__)
    parser.add_argument("snapshot", metavar="SNAPSHOT", type=Path, help="folder with config.json and safetensors")
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="folder to write; may be the snapshot itself")
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="to compute in (default: %(default)s)")
    parser.add_argument("--name", help="of the model in answers (default: the name of the bundle's folder)")
    return parser.parse_args(argv)


def export(snapshot: Path, bundle: Path, dtype: str = "float32", name: str | None = None) -> None:
    from export import manifest
    from export.families import find_family
    from export.program import check_weights, script_program
    from export.snapshot import image_processor, open_snapshot, tensor_shapes, weight_files

    config = open_snapshot(snapshot)
    family = find_family(config)
    say(f"{snapshot}: {family.FAMILY}")
    family.check(config)
    files = weight_files(snapshot)
    processor = image_processor(snapshot)
    described = family.describe(config)
    image = manifest.image_part(processor, config.vision_config.image_size)

    module = family.make_program(config)
    parameters = check_weights(module, described["ties"], tensor_shapes(snapshot, files))
    say(f"weights fit: {parameters / 1e6:.1f} million parameters in {len(files)} file{'s' * (len(files) > 1)}")
    program = script_program(module)
    say(f"program scripted: {manifest.spell_bytes(len(program))}")

    make_folder(bundle)
    manifest.write_file(bundle / "program.pt", program)
    copy_tokenizer(snapshot, bundle)
    weights = manifest.weights_part(snapshot, bundle, files, say)
    weights |= {"ties": described["ties"], "renames": described["renames"]}
    # Only a float16 model of the reference keeps parts in float32; a bfloat16 one does not.
    weights["float32"] = described["float32"] if dtype == "float16" else []
    manifest.write_json(
        bundle / "manifest.json",
        {
            "manifest_version": manifest.VERSION,
            "name": name or bundle.resolve().name,
            "family": family.FAMILY,
            "dtype": dtype,
            "program": manifest.file_part(bundle / "program.pt"),
            "tokenizer": manifest.file_part(bundle / "tokenizer.json"),
            "weights": weights,
            "image": image,
            "text": described["text"],
            "cache": described["cache"],
            "generation": described["generation"],
        },
    )
    where = "inside the bundle" if not os.path.isabs(weights["folder"]) else f"in {weights['folder']}, not copied"
    say(f"wrote manifest.json, program.pt, tokenizer.json to {bundle}; the weights stay {where}")
    print(f"next: vignette caption --model {bundle} picture.jpg")


def say(line: str) -> None:
    print(f"  {line}", flush=True)


def make_folder(bundle: Path) -> None:
    try:
        bundle.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"the folder {bundle} cannot be made: {error.strerror}") from error


def copy_tokenizer(snapshot: Path, bundle: Path) -> None:
    from export import manifest

    source, copy = snapshot / "tokenizer.json", bundle / "tokenizer.json"
    content = source.read_bytes()
    if not copy.is_file() or copy.read_bytes() != content:
        manifest.write_file(copy, content)


if __name__ == "__main__":
    sys.exit(main())
