"""The random models of the rows about decoding: LLaVA-NeXT with a language model worth measuring and a tiny tower.

Whatever the picture, the tower's side gives the embedding of one word, again and again. So an engine that knows
nothing of pictures can be asked the very same question in tokens, and say the same.

They stay in build/decoding between runs (0.3b: 4 GB with all its forms, 1b: 13 GB), until somebody deletes the folder.
"""

import functools
import os
import subprocess
from pathlib import Path

from program import ROOT

FOLDER = ROOT / "build/decoding"
COMMON = {"num_key_value_heads": 4, "head_dim": 64, "max_position_embeddings": 4096}
TEXTS = {
    "0.3b": {"hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 24, "num_attention_heads": 16},
    "1b": {"hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22, "num_attention_heads": 32},
}
# A picture twice as wide as high has 602 tokens: 14 x 14 of the small one, 14 rows of 28 and a line's end.
TOWER = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 2,
    "image_size": 196, "patch_size": 14,
}  # fmt: skip
PICTURE = (392, 196)
PINPOINTS = {"image_grid_pinpoints": [[196, 392], [392, 196], [392, 392]]}
SEEN = 300  # the word that all pictures look like
PROMPT = "a photo of"


def made(path: Path, make) -> Path:
    """The path, made by make(path) unless it is there; a run that was stopped leaves nothing half made there."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        path.parent.mkdir(parents=True, exist_ok=True)
        make(fresh)
        fresh.rename(path)
    return path


def snapshot_of(size: str, dtype: str = "float16") -> Path:
    """All engines and precisions have their numbers from the one in float16; others hold the same."""
    folder = FOLDER / (size if dtype == "float16" else f"{size}-in-{dtype}")
    return made(folder, functools.partial(draw_snapshot, size, dtype))


def draw_snapshot(size: str, dtype: str, folder: Path) -> None:
    import torch

    from big_models.published import draw_weights, save_llava_of

    def draw(shapes):
        for name, values in draw_weights(shapes):
            yield name, livened(name, as_one_word(name, values))

    parts = {"text_config": TEXTS[size] | COMMON, "vision_config": TOWER}
    save_llava_of(parts | PINPOINTS, folder, getattr(torch, dtype), draw=draw)


def as_one_word(name: str, values):
    """The weights, changed where they say what a picture looks like."""
    import torch

    if name.endswith("linear_2.weight"):
        return torch.zeros_like(values)
    word = torch.linspace(-0.03, 0.03, values.shape[-1]).to(values.dtype)
    if name.endswith(("linear_2.bias", "image_newline")):
        return word
    if name.endswith("embed_tokens.weight"):
        values[SEEN] = word
    return values


def livened(name: str, values):
    """With every layer as loud as the words, such a model says one word for ever, whatever it is asked. By powers of
    two, so that nothing is rounded."""
    if name.endswith(("embed_tokens.weight", "linear_2.bias", "image_newline")):
        return values * 16
    return values / 8 if name.endswith(("o_proj.weight", "down_proj.weight")) else values


def bundle_of(size: str, dtype: str, snapshot_dtype: str = "float16") -> Path:
    from big_models.blip2 import export

    snapshot = snapshot_of(size, snapshot_dtype)
    folder = FOLDER / (f"{size}-{dtype}" if snapshot_dtype == "float16" else f"{snapshot.name}-{dtype}")
    return made(folder, lambda fresh: export(snapshot, fresh, "--dtype", dtype, "--name", folder.name))


def written_by(peer: str, script: str, size: str, kind: str, ending: str) -> Path:
    """The form of the model that a peer wants, written by a script in the peer's own environment."""
    python, program = ROOT / f"build/{peer}/bin/python", ROOT / "scripts/py/bench" / script

    def write(fresh):
        subprocess.run([str(word) for word in (python, program, snapshot_of(size), fresh, kind)], check=True)

    return made(FOLDER / f"{size}-{kind}{ending}", write)


def draw_pictures(folder: Path, count: int) -> list[Path]:
    from PIL import Image

    from bench.common import draw_scenes

    files = draw_scenes(folder, count)
    for file in files:
        Image.open(file).resize(PICTURE).save(file)
    return files


def question(size: str, picture: Path) -> list[int]:
    """The tokens that are the same to the language model as the picture with the prompt."""
    from PIL import Image
    from transformers import AutoConfig

    from parity.reference import make_inputs

    snapshot = snapshot_of(size)
    image = AutoConfig.from_pretrained(snapshot).image_token_index
    tokens = make_inputs(str(snapshot), [Image.open(picture)], PROMPT)["input_ids"][0].tolist()
    return [SEEN if token == image else token for token in tokens]
