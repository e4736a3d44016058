"""Snapshots and ready bundles made of the demo model, in every place and form in which a user may have them."""

import hashlib
import json
import os
import shutil
import struct
from pathlib import Path

from conftest import ROOT, vignette
from export.facts import compact_keys, config_facts

DEMO = ROOT / "models/demo-blip2"
SOURCE = "people/tiny-blip2"
SMALL = ("config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json")
WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"


def read_safetensors(file):
    """Name -> (type, shape, bytes)."""
    content = Path(file).read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    data = content[8 + length :]
    return {name: (one["dtype"], one["shape"], data[slice(*one["data_offsets"])]) for name, one in header.items()}


def write_safetensors(file, tensors):
    header, data = {}, b""
    for name, (kind, shape, content) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    Path(file).write_bytes(struct.pack("<Q", len(text)) + text + data)


def make_snapshot(folder, shards=1):
    """A plain folder with the demo's files."""
    folder.mkdir(parents=True)
    for name in SMALL:
        shutil.copy(DEMO / name, folder / name)
    if shards == 1:
        shutil.copy(DEMO / WHOLE, folder / WHOLE)
        return folder
    tensors, index = read_safetensors(DEMO / WHOLE), {}
    for number in range(shards):
        file = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        part = {name: tensors[name] for name in sorted(tensors)[number::shards]}
        write_safetensors(folder / file, part)
        index |= dict.fromkeys(part, file)
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": index}))
    return folder


def make_cached(cache, source=SOURCE, revision="a" * 40, shards=1):
    """As the hub's library keeps it: the files are blobs, and the snapshot has links to them."""
    repository = cache / ("models--" + source.replace("/", "--"))
    plain = make_snapshot(cache / "plain", shards)
    snapshot = repository / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir(exist_ok=True)
    for file in plain.iterdir():
        content = file.read_bytes()
        large = file.suffix == ".safetensors"
        blob = hashlib.sha256(content).hexdigest() if large else hashlib.sha1(content).hexdigest()
        (repository / "blobs" / blob).write_bytes(content)
        (snapshot / file.name).symlink_to(f"../../blobs/{blob}")
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs/main").write_text(revision)
    shutil.rmtree(plain)
    return snapshot


def make_ready(models, source=SOURCE):
    """The demo's bundle before it has its weights."""
    folder = models / source.replace("/", "--")
    folder.mkdir(parents=True)
    shutil.copy(DEMO / "program.pt", folder / "program.pt")
    manifest = json.loads((DEMO / "manifest.json").read_text())
    shapes = {name: shape for name, (_, shape, _) in read_safetensors(DEMO / WHOLE).items()}
    config = json.loads((DEMO / "config.json").read_text())
    manifest |= {"name": source, "source": source, "config": config_facts(config)}
    manifest["weights"] |= {"folder": None, "files": [], "keys": compact_keys(shapes)}
    manifest["tokenizer"]["sha256"] = None
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def change_tensors(file, change):
    tensors = read_safetensors(file)
    change(tensors)
    write_safetensors(file, tensors)


class World:
    """A machine with model folders and caches of its own."""

    def __init__(self, root):
        self.root = root
        self.models = root / "models"
        self.cache = root / "cache"
        self.home = root / "home"
        self.runpod = root / "runpod"
        self.env = {
            "VIGNETTE_MODELS": str(self.models),
            "VIGNETTE_RUNPOD_CACHE": str(self.runpod),
            "HF_HUB_CACHE": str(self.cache),
            "HF_HOME": str(self.home / "hf"),
            "XDG_CACHE_HOME": "",
            "HOME": str(self.home),
        }
        make_ready(self.models)

    def run(self, *arguments, **env):
        return vignette(*arguments, cwd=self.root, env=self.env | env)

    def add(self, *arguments):
        return self.run("models", "add", *arguments)

    def bundles(self):
        return sorted(os.listdir(self.models))

    def manifest(self, name):
        return json.loads((self.models / name / "manifest.json").read_text())

    def listed(self):
        return {row["name"]: row for row in self.run("models", "list", "--json").json["models"]}
