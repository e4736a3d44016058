"""`scripts/fetch-model` against a hub on this machine: what it takes, that it goes on where it was, what it says."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from conftest import PROGRAM, ROOT
from fake_hub import FakeHub
from hub import DEMO, INDEX, SMALL, SOURCE, WHOLE, World, make_snapshot

MiB = 1 << 20


def read_all(folder):
    return {file.name: file.read_bytes() for file in Path(folder).iterdir()}


class Fetcher:
    def __init__(self, root, files):
        self.world = World(root)
        self.hub = FakeHub(SOURCE, files)

    def start(self, *arguments, **env):
        own = {"HF_ENDPOINT": self.hub.address, "HF_HUB_DISABLE_TELEMETRY": "1", "VIGNETTE_PROGRAM": str(PROGRAM)}
        cleared = {key: value for key, value in os.environ.items() if key not in ("HF_TOKEN", "HF_HUB_OFFLINE")}
        return subprocess.Popen(
            [ROOT / "scripts/fetch-model", *map(str, arguments)],
            env=cleared | self.world.env | own | env,
            cwd=self.world.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, **env):
        process = self.start(*arguments, **env)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def snapshot(self):
        return self.world.cache / ("models--" + SOURCE.replace("/", "--")) / "snapshots" / ("c" * 40)


@pytest.fixture
def fetcher(tmp_path):
    made = Fetcher(tmp_path, read_all(make_snapshot(tmp_path / "plain", shards=2)))
    yield made
    made.hub.close()


@pytest.fixture
def large(tmp_path):
    """A file that does not fit into the pieces in which the library writes."""
    made = Fetcher(tmp_path, {"config.json": b"{}", WHOLE: os.urandom(MiB) * 32})
    yield made
    made.hub.close()


def test_a_checkpoint_is_downloaded_and_added(fetcher):
    others = ("README.md", "tf_model.h5", "onnx/model.onnx", "onnx/model.safetensors", "flax_model.msgpack")
    fetcher.hub.files |= dict.fromkeys(others, b"not needed")
    code, out, err = fetcher.run(SOURCE)
    assert code == 0, out + err
    assert "added" in out
    manifest = fetcher.world.manifest("tiny-blip2")
    assert manifest["source"] == SOURCE
    assert manifest["weights"]["folder"] == str(fetcher.snapshot())
    shards = {f"model-0000{number}-of-00002.safetensors" for number in (1, 2)}
    assert {name for name, _ in fetcher.hub.asked} == {*SMALL, INDEX, *shards}
    assert fetcher.world.run("models", "verify", SOURCE).code == 0


def test_a_folder_can_be_chosen(fetcher):
    folder = fetcher.world.root / "disk/mine"
    code, out, err = fetcher.run(SOURCE, "--to", folder)
    assert code == 0, out + err
    for name, content in fetcher.hub.files.items():
        assert (folder / name).read_bytes() == content
        assert not (folder / name).is_symlink()
    assert fetcher.world.manifest("mine")["weights"]["folder"] == str(folder)


def test_what_is_there_is_not_downloaded_again(fetcher):
    for _ in range(2):
        assert fetcher.run(SOURCE)[0] == 0
    asked = [name for name, _ in fetcher.hub.asked]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("to", [False, True])
def test_a_download_that_was_stopped_goes_on_where_it_was(large, to):
    place = ["--to", large.world.root / "folder"] if to else []
    large.hub.hang_after[WHOLE] = 25 * MiB
    process = large.start(SOURCE, "--no-add", *place)
    assert large.hub.hanging.wait(60)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "goes on from here" in err
    large.hub.hang_after.clear()
    code, out, err = large.run(SOURCE, "--no-add", *place)
    assert code == 0, out + err
    first, second = large.hub.started(WHOLE)
    assert first == 0
    assert 10 * MiB <= second <= 25 * MiB
    folder = large.world.root / "folder" if to else large.snapshot()
    assert (folder / WHOLE).read_bytes() == large.hub.files[WHOLE]
    assert not list(large.world.root.rglob("*.part"))


def test_a_connection_that_is_lost_is_made_again(large):
    large.hub.cut_after[WHOLE] = 25 * MiB
    code, out, err = large.run(SOURCE, "--no-add")
    assert code == 0, out + err
    assert len(large.hub.started(WHOLE)) == 2
    assert large.hub.started(WHOLE)[1] > 0
    assert (large.snapshot() / WHOLE).read_bytes() == large.hub.files[WHOLE]


def test_a_disk_that_is_too_small_is_told_before_anything_comes(fetcher):
    fetcher.hub.claimed["model-00001-of-00002.safetensors"] = 1 << 60
    code, _, err = fetcher.run(SOURCE)
    assert code == 1
    assert "make room" in err
    assert fetcher.hub.asked == []


def test_a_checkpoint_without_safetensors_is_converted(tmp_path):
    import torch
    from safetensors.torch import load_file

    files = read_all(make_snapshot(tmp_path / "plain"))
    del files[WHOLE]
    tensors = load_file(DEMO / WHOLE)
    names = sorted(tensors)
    for number in range(2):
        file = tmp_path / f"pytorch_model-0000{number + 1}-of-00002.bin"
        torch.save({name: tensors[name] for name in names[number::2]}, file)
        files[file.name] = file.read_bytes()
    files["pytorch_model.bin.index.json"] = json.dumps({"weight_map": {}}).encode()
    fetcher = Fetcher(tmp_path, files)
    try:
        code, out, err = fetcher.run(SOURCE)
    finally:
        fetcher.hub.close()
    assert code == 0, out + err
    assert fetcher.world.run("models", "verify", SOURCE).code == 0


def test_what_the_hub_refuses_is_told_with_what_to_do(fetcher):
    for arguments, words in {
        ("people/unknown",): ["no model people/unknown", "HF_TOKEN"],
        (SOURCE, "--revision", "nowhere"): ["no revision nowhere"],
        ("a/b/c",): ["is no id"],
    }.items():
        code, _, err = fetcher.run(*arguments)
        assert code == 1
        for word in words:
            assert word in err, err
        assert "Traceback" not in err
    assert fetcher.run()[0] == 2


def test_a_gated_checkpoint_needs_a_token(fetcher):
    fetcher.hub.token = "hf_secret"
    code, _, err = fetcher.run(SOURCE)
    assert code == 1
    assert "is gated" in err and "HF_TOKEN" in err
    code, out, err = fetcher.run(SOURCE, HF_TOKEN="hf_secret")
    assert code == 0, out + err
    assert "hf_secret" not in out + err


def test_no_network_is_told(fetcher):
    code, _, err = fetcher.run(SOURCE, HF_ENDPOINT="http://127.0.0.1:9")
    assert code == 1
    assert "goes on from here" in err or "cannot be asked" in err
    assert "Traceback" not in err


def test_a_checkpoint_without_weights_is_refused(tmp_path):
    fetcher = Fetcher(tmp_path, {"config.json": b"{}"})
    try:
        code, _, err = fetcher.run(SOURCE)
    finally:
        fetcher.hub.close()
    assert code == 1
    assert "no weights" in err
