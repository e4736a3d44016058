"""Bundles of published checkpoints in true size that take no room: the ready program and manifest of models/, weights
in a sparse file that are all zero, and a tokenizer with a word for each row."""

import hashlib
import json
import math
import shutil
import struct
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from export.checkpoints import expand_keys
from program import ROOT

FAMILIES = {  # name of a budget: (folder in models/, the dtype in which a GPU runs it)
    "blip": ("Salesforce--blip-image-captioning-large", "float16"),
    "blip2-opt": ("Salesforce--blip2-opt-2.7b", "float16"),
    "blip2-t5": ("Salesforce--blip2-flan-t5-xl", "bfloat16"),
    "clip": ("openai--clip-vit-large-patch14", "float16"),
    "llava-mistral": ("llava-hf--llava-v1.6-mistral-7b-hf", "float16"),
    "llava-vicuna": ("llava-hf--llava-v1.6-vicuna-7b-hf", "float16"),
    "llava-video": ("llava-hf--LLaVA-NeXT-Video-7B-hf", "bfloat16"),
    "video_llava": ("LanguageBind--Video-LLaVA-7B-hf", "float16"),
    "qwen2_5_vl-7b": ("Qwen--Qwen2.5-VL-7B-Instruct", "bfloat16"),
    "qwen3_vl-4b": ("Qwen--Qwen3-VL-4B-Instruct", "bfloat16"),
}
ONLY_OPENED = {  # the program of another one, larger: it asks for the same calls
    "qwen3_vl-8b": ("Qwen--Qwen3-VL-8B-Instruct", "bfloat16"),
}
FORMATS = {"float16": ("F16", 2), "bfloat16": ("BF16", 2), "float32": ("F32", 4)}


def make_true_bundle(family: str, parent: Path) -> Path:
    """parent/family, as `vignette models add` would make it of a snapshot in this dtype."""
    ready, dtype = (FAMILIES | ONLY_OPENED)[family]
    bundle = parent / family
    shutil.copytree(ROOT / "models" / ready, bundle)
    manifest = json.loads((bundle / "manifest.json").read_text())
    weights, text = manifest["weights"], manifest["text"]
    size = write_sparse(bundle / "model.safetensors", weights, dtype)
    placeholder = "<|image_pad|>" if "<|image_pad|>" in text.get("image_text", "") else "<image>"
    tokenizer = make_tokenizer(text["vocabulary"], text.get("image_token") or None, placeholder)
    (bundle / "tokenizer.json").write_text(tokenizer)
    nobody_looks = "0" * 64  # only `models verify` would, at every byte of them
    weights |= {"folder": ".", "files": [{"file": "model.safetensors", "bytes": size, "sha256": nobody_looks}]}
    manifest["tokenizer"]["sha256"] = hashlib.sha256(tokenizer.encode()).hexdigest()
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"dtype": dtype}))
    return bundle


def write_sparse(file: Path, weights: dict, dtype: str) -> int:
    """A safetensors file with a header and a hole. Each tensor has the type that it will have on the card, so that
    opening reads none of the hole."""
    header, end = {}, 0
    for name, shape in expand_keys(weights["keys"]).items():
        if name in weights["ties"]:
            continue
        wide = dtype == "float16" and name.startswith(tuple(weights["float32"]))
        kind, item = FORMATS["float32" if wide else dtype]
        start, end = end, end + math.prod(shape) * item
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with file.open("wb") as written:
        written.write(struct.pack("<Q", len(text)) + text)
        written.truncate(8 + len(text) + end)
    return file.stat().st_size


def make_tokenizer(rows: int, image_token: int | None, placeholder: str) -> str:
    words = {f"w{number}": number for number in range(rows) if number != image_token}
    if image_token is not None:
        words[placeholder] = image_token
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="w3"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if image_token is not None:
        tokenizer.add_special_tokens([AddedToken(placeholder, normalized=False, special=True)])
    return tokenizer.to_str()
