"""`vignette models add`: a snapshot, wherever it lies, becomes a bundle without a copy of its weights, and what is
wrong with it is told at once."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from conftest import PROGRAM, ROOT
from hub import INDEX, SOURCE, WHOLE, World, change_tensors, make_cached, make_ready, make_snapshot

PICTURE = ROOT / "test/events/scene-1.png"


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def added(outcome):
    assert outcome.code == 0, outcome.stdout + outcome.stderr
    return outcome


def refused(world, outcome, *words):
    assert outcome.code == 1, outcome.stdout + outcome.stderr
    assert world.bundles() == [SOURCE.replace("/", "--")], "nothing may be left behind"
    for word in words:
        assert word in outcome.stderr


def sound(world, name):
    outcome = world.run("models", "verify", name)
    assert outcome.code == 0, outcome.stdout
    assert "every weight its shape" in outcome.stdout
    return world.manifest(name)


@pytest.mark.parametrize("shards", [1, 3])
def test_a_folder_becomes_a_bundle_that_says_what_the_model_says(world, shards):
    snapshot = make_snapshot(world.root / "snapshots/mine", shards)
    outcome = added(world.add(snapshot))
    assert "vignette caption --model mine" in outcome.stdout
    manifest = sound(world, "mine")
    assert manifest["name"] == "mine"
    assert manifest["source"] is None, "nobody knows that these are the checkpoint's weights"
    assert manifest["weights"]["folder"] == str(snapshot)
    assert sorted(file["file"] for file in manifest["weights"]["files"]) == sorted(
        file.name for file in snapshot.glob("*.safetensors")
    )
    assert sorted(os.listdir(world.models / "mine")) == ["manifest.json", "program.pt", "tokenizer.json"]
    said = world.run("caption", "--model", "mine", PICTURE)
    assert said.code == 0, said.stderr
    assert said.stdout == world.run("caption", "--model", ROOT / "models/demo-blip2", PICTURE).stdout


@pytest.mark.parametrize("place", ["cache", "hf", "home", "runpod"])
def test_an_id_is_found_in_every_cache(world, place):
    folder = {
        "cache": world.cache,
        "hf": world.home / "hf/hub",
        "home": world.home / ".cache/huggingface/hub",
        "runpod": world.runpod,
    }[place]
    snapshot = make_cached(folder, shards=2)
    added(world.add(SOURCE))
    manifest = sound(world, "tiny-blip2")
    assert manifest["source"] == SOURCE
    assert manifest["weights"]["folder"] == str(snapshot)


def test_an_id_is_found_as_a_plain_folder_among_the_models(world):
    make_snapshot(world.models / SOURCE)
    added(world.add(SOURCE))
    assert sound(world, "tiny-blip2")["weights"]["folder"] == "../" + SOURCE, "both can be moved together"
    moved = world.root / "elsewhere"
    world.models.rename(moved)
    assert world.run("models", "verify", moved / "tiny-blip2").code == 0


def test_folders_may_be_named_relative_to_where_the_program_runs(world):
    make_cached(world.root / "near")
    make_snapshot(world.models / "plain")
    env = {"VIGNETTE_MODELS": "models", "HF_HUB_CACHE": "near"}
    for target, name in ((SOURCE, "tiny-blip2"), ("models/plain", "plain")):
        added(world.run("models", "add", target, **env))
        assert world.run("models", "verify", world.models / name).code == 0


def test_a_whole_copy_is_taken_before_a_broken_one(world):
    first = make_cached(world.cache)
    (first / "tokenizer.json").unlink()
    whole = make_cached(world.runpod)
    added(world.add(SOURCE))
    assert world.manifest("tiny-blip2")["weights"]["folder"] == str(whole)


def test_a_folder_of_a_cache_tells_its_id(world):
    snapshot = make_cached(world.root / "copied", shards=1)
    for path in (snapshot, snapshot.parent.parent):
        added(world.add(path))
        assert world.manifest("tiny-blip2")["source"] == SOURCE


def test_refs_main_says_which_revision_is_meant(world):
    make_cached(world.cache, revision="b" * 40)
    current = make_cached(world.cache, revision="a" * 40)
    added(world.add(SOURCE))
    assert world.manifest("tiny-blip2")["weights"]["folder"] == str(current)


def test_a_snapshot_may_become_a_bundle_where_it_is(world):
    snapshot = make_snapshot(world.models / "tiny-blip2")
    added(world.add(snapshot))
    manifest = sound(world, "tiny-blip2")
    assert manifest["weights"]["folder"] == "."
    assert manifest["source"] == SOURCE
    added(world.add(snapshot))
    assert (snapshot / WHOLE).is_file()


def test_name_folder_and_type_can_be_chosen(world):
    make_cached(world.cache)
    added(world.add(SOURCE, "--name", "mine", "--to", world.root / "other", "--dtype", "bfloat16"))
    made = world.root / "other/mine"
    assert json.loads((made / "manifest.json").read_text())["dtype"] == "bfloat16"
    assert world.run("models", "verify", made).code == 0
    for name in ("../out", ".hidden", "a/b"):
        assert world.add(SOURCE, "--name", name).code == 2
    assert world.add(SOURCE, "--dtype", "int8").code == 2


def test_the_same_snapshot_again_is_an_update(world):
    make_cached(world.cache, revision="a" * 40)
    added(world.add(SOURCE))
    newer = make_cached(world.cache, revision="b" * 40)
    assert added(world.add(SOURCE)).stdout.startswith("updated")
    assert sound(world, "tiny-blip2")["weights"]["folder"] == str(newer)


def test_an_update_keeps_the_type_that_was_chosen(world):
    make_cached(world.cache)
    added(world.add(SOURCE, "--dtype", "bfloat16"))
    added(world.add(SOURCE))
    assert world.manifest("tiny-blip2")["dtype"] == "bfloat16"
    added(world.add(SOURCE, "--dtype", "float32"))
    assert world.manifest("tiny-blip2")["dtype"] == "float32"


def test_a_name_that_is_taken_is_refused(world):
    make_cached(world.cache)
    added(world.add(SOURCE))
    other = make_snapshot(world.root / "other")
    before = world.manifest("tiny-blip2")
    outcome = world.add(other, "--name", "tiny-blip2")
    assert outcome.code == 2
    assert "--name" in outcome.stderr
    assert world.manifest("tiny-blip2") == before
    assert world.add(other, "--name", SOURCE.replace("/", "--")).code == 2
    (world.models / "file").write_text("")
    assert world.add(other, "--name", "file").code == 2


def without(name):
    return lambda folder: (folder / name).unlink()


def truncated(folder):
    content = (folder / WHOLE).read_bytes()
    (folder / WHOLE).write_bytes(content[:-100])


def renamed_key(tensors):
    tensors["language_projection.renamed"] = tensors.pop("language_projection.weight")


def other_shape(tensors):
    kind, shape, content = tensors["language_projection.bias"]
    tensors["language_projection.bias"] = (kind, [1, *shape], content)


def no_float(tensors):
    _, shape, content = tensors["language_projection.bias"]
    tensors["language_projection.bias"] = ("I32", shape, content)


def only_bin(folder):
    (folder / WHOLE).rename(folder / "pytorch_model.bin")


def other_config(folder):
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["hidden_size"] = 4096
    (folder / "config.json").write_text(json.dumps(config))


def loop(folder):
    (folder / WHOLE).unlink()
    (folder / WHOLE).symlink_to(WHOLE)


def dangling(folder):
    (folder / WHOLE).unlink()
    (folder / WHOLE).symlink_to("../../blobs/gone")


def lfs_pointer(folder):
    (folder / WHOLE).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n")


def is_folder(folder):
    (folder / WHOLE).unlink()
    (folder / WHOLE).mkdir()


FETCH = f"scripts/fetch-model {SOURCE}"
DAMAGES = {
    "no config": (without("config.json"), ["config.json is missing", FETCH]),
    "no tokenizer": (without("tokenizer.json"), ["tokenizer.json is missing", FETCH, "AutoTokenizer"]),
    "no weights": (without(WHOLE), ["has no weights", FETCH]),
    "only .bin": (only_bin, ["pytorch_model.bin", "safetensors are needed", "scripts/fetch-model --convert"]),
    "truncated": (truncated, [WHOLE, "data_offsets"]),
    "empty": (lambda folder: (folder / WHOLE).write_bytes(b""), [WHOLE + " is empty", FETCH]),
    "no safetensors": (lambda folder: (folder / WHOLE).write_bytes(b"x" * 4096), ["not a safetensors file"]),
    "a pointer of git-lfs": (lfs_pointer, [WHOLE, "git lfs pull"]),
    "a folder": (is_folder, [WHOLE + " is not a file"]),
    "a loop of links": (loop, [WHOLE, "symbolic links"]),
    "a link to nothing": (dangling, [WHOLE, "link to a file that is not there"]),
    "renamed key": (
        lambda folder: change_tensors(folder / WHOLE, renamed_key),
        ["the weights lack language_projection.weight", FETCH],
    ),
    "other shape": (
        lambda folder: change_tensors(folder / WHOLE, other_shape),
        ["language_projection.bias", "[1, 96], not [96]"],
    ),
    "no float": (lambda folder: change_tensors(folder / WHOLE, no_float), ["language_projection.bias (I32)"]),
    "other config": (other_config, ["config.json is not that of", "text_config.hidden_size is 4096, not 96"]),
    "config is no JSON": (lambda folder: (folder / "config.json").write_text("{"), ["config.json: not JSON"]),
    "tokenizer is no JSON": (
        lambda folder: (folder / "tokenizer.json").write_text("[]"),
        ["tokenizer.json is damaged"],
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_wrong_is_told_with_what_to_do(world, damage):
    break_it, words = DAMAGES[damage]
    break_it(make_snapshot(world.models / SOURCE))
    outcome = world.add(SOURCE)
    shutil.rmtree(world.models / "people")
    refused(world, outcome, *words)


@pytest.mark.parametrize("damage", ["missing shard", "index names a path", "index is empty"])
def test_a_broken_set_of_shards_is_told(world, damage):
    snapshot = make_snapshot(world.root / "snapshot", shards=3)
    index = json.loads((snapshot / INDEX).read_text())
    if damage == "missing shard":
        (snapshot / "model-00002-of-00003.safetensors").unlink()
        words = ["model-00002-of-00003.safetensors is missing"]
    elif damage == "index names a path":
        index["weight_map"]["query_tokens"] = "../outside.safetensors"
        words = ["names a file that is not a plain file name"]
    else:
        index["weight_map"] = {}
        words = ["has no weight_map"]
    (snapshot / INDEX).write_text(json.dumps(index))
    refused(world, world.add(snapshot), *words)


def test_everything_that_is_wrong_is_told_at_once(world):
    snapshot = make_snapshot(world.root / "snapshot", shards=3)
    (snapshot / "tokenizer.json").unlink()
    (snapshot / "model-00001-of-00003.safetensors").unlink()
    (snapshot / "model-00003-of-00003.safetensors").write_bytes(b"short")
    outcome = world.add(snapshot)
    refused(world, outcome, "tokenizer.json", "model-00001", "model-00003")
    assert "the weights lack" not in outcome.stderr, "names are missing only because their file is"


def test_weights_that_are_not_what_their_blob_is_called_are_damaged(world):
    snapshot = make_cached(world.cache)
    blob = (snapshot / WHOLE).resolve()
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1
    blob.write_bytes(content)
    refused(world, world.add(SOURCE), "is damaged", str(blob))


def test_an_unknown_id_tells_where_it_was_looked_for(world):
    outcome = world.add("people/unknown")
    refused(world, outcome, str(world.cache), str(world.runpod), "scripts/fetch-model people/unknown")


def test_a_checkpoint_that_nothing_fits_tells_what_does(world):
    snapshot = make_snapshot(world.root / "snapshot")
    (snapshot / "config.json").write_text('{"model_type": "stablelm"}')
    refused(world, world.add(snapshot), '"stablelm"', SOURCE, "scripts/export")


def test_of_two_checkpoints_of_one_architecture_the_one_with_these_shapes_is_taken(world):
    first = make_ready(world.models, "people/a-larger-one")
    manifest = json.loads((first / "manifest.json").read_text())
    manifest["weights"]["keys"]["vision_model.embeddings.position_embedding"] = [1, 999, 96]
    manifest["text"]["default_prompt"] = "larger"
    (first / "manifest.json").write_text(json.dumps(manifest))
    added(world.add(make_snapshot(world.root / "mine")))
    assert world.manifest("mine")["text"]["default_prompt"] != "larger"


def test_a_path_that_cannot_be_used_is_told(world):
    (world.root / "file").write_text("")
    (world.root / "loop").symlink_to("loop")
    (world.root / "empty").mkdir()
    words = {"nowhere": "No such file", "file": "is not a folder", "loop": "symbolic links", "empty": "config.json"}
    for name, word in words.items():
        refused(world, world.add(world.root / name), word)


def test_a_ready_bundle_with_a_changed_program_is_not_used(world):
    program = world.models / SOURCE.replace("/", "--") / "program.pt"
    program.write_bytes(program.read_bytes() + b"x")
    make_cached(world.cache)
    refused(world, world.add(SOURCE), "program.pt", "SHA-256")


def test_folders_that_may_not_be_read_or_written_are_told():
    user = {"user": "nobody"} if os.geteuid() == 0 else {}  # root may do everything
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        world = World(Path(name))
        snapshot = make_snapshot(world.root / "snapshot")
        program = shutil.copy(PROGRAM, world.root / "vignette")
        world.root.chmod(0o755)

        def add():
            command = [program, "models", "add", snapshot]
            return subprocess.run(command, env=world.env, cwd=world.root, capture_output=True, text=True, **user)

        snapshot.chmod(0)
        world.models.chmod(0o555)
        unreadable = add()
        snapshot.chmod(0o755)
        unwritable = add()
        world.models.chmod(0o755)
    assert (unreadable.returncode, unwritable.returncode) == (1, 1)
    assert "cannot be read: Permission denied" in unreadable.stderr
    assert "cannot be written: Permission denied" in unwritable.stderr
    assert "--to" in unwritable.stderr


def test_digests_in_the_manifest_are_those_of_the_files(world):
    snapshot = make_snapshot(world.root / "mine", shards=2)
    added(world.add(snapshot))
    for file in world.manifest("mine")["weights"]["files"]:
        content = (snapshot / file["file"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("activation, expected", [("gelu", "no ready bundle fits"), ("quick_gelu", "the weights lack")])
def test_what_was_never_seen_of_a_published_file_is_asked_of_the_snapshot(world, activation, expected):
    """Of Video-LLaVA nobody here knows it: no weight would show that the towers compute something else."""
    name = "LanguageBind--Video-LLaVA-7B-hf"
    shutil.copytree(ROOT / "models" / name, world.models / name)
    snapshot = make_snapshot(world.root / "snapshots/towers", 1)
    config = json.loads((ROOT / f"scripts/py/export/checkpoints/{name}.json").read_text())["config"]
    config["vision_config"]["hidden_act"] = activation
    (snapshot / "config.json").write_text(json.dumps(config))
    outcome = world.add(snapshot)
    assert outcome.code == 1 and expected in outcome.stderr, outcome.stderr
