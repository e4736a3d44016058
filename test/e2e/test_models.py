"""`vignette models list|show|verify`, and how bundles are named by the checkpoint that they are made of."""

import json
import shutil

import pytest

from conftest import ROOT, data_url, picture_bytes, vignette
from export.checkpoints import known_checkpoints
from hub import DEMO, SOURCE, WHOLE, World, change_tensors, make_cached, make_snapshot

READY = SOURCE.replace("/", "--")


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    make_cached(made.cache)
    return made


@pytest.fixture
def added(world):
    assert world.run("models", "add", SOURCE).code == 0
    return world


def test_the_list_has_every_bundle_with_the_state_of_its_weights(added):
    (added.models / "broken").mkdir()
    (added.models / "broken/manifest.json").write_text('{"manifest_version": 2')
    shutil.copytree(added.models / "tiny-blip2", added.models / "gone")
    manifest = added.manifest("gone")
    manifest["weights"]["folder"] = "/nowhere"
    (added.models / "gone/manifest.json").write_text(json.dumps(manifest))
    rows = added.listed()
    assert {name: rows[name]["weights"] for name in ("tiny-blip2", READY, "broken", "gone")} == {
        "tiny-blip2": "ready", READY: "waiting", "broken": "unknown", "gone": "missing",
    }  # fmt: skip
    assert rows["tiny-blip2"]["weights_bytes"] == (DEMO / WHOLE).stat().st_size
    assert "not JSON" in rows["broken"]["problem"]
    assert f"models add {SOURCE}" in rows[READY]["problem"]
    assert "/nowhere" in rows["gone"]["problem"]
    table = added.run("models", "list")
    assert table.code == 0
    for name in rows:
        assert any(line.startswith(name) for line in table.stdout.splitlines())


def test_a_namesake_in_a_later_folder_is_hidden(added):
    first = added.root / "first"
    shutil.copytree(added.models / "tiny-blip2", first / "tiny-blip2")
    both = {"VIGNETTE_MODELS": f"{first}:{added.models}"}
    rows = [row for row in added.run("models", "list", "--json", **both).json["models"] if row["name"] == "tiny-blip2"]
    assert [row["path"] for row in rows] == [str(first / "tiny-blip2")]


def test_show_tells_how_to_call_a_bundle(added):
    outcome = added.run("models", "show", "tiny-blip2")
    assert outcome.code == 0
    for word in (SOURCE, "a photo of", "max_length", "197 kB", "vignette caption --model tiny-blip2"):
        assert word in outcome.stdout
    details = added.run("models", "show", SOURCE, "--json").json
    assert details["name"] == "tiny-blip2"
    assert details["memory"]["float32"] == 2 * details["memory"]["bfloat16"]
    assert {file["role"] for file in details["files"]} == {"program", "tokenizer", "weights"}
    assert details["captioner"]["positions"] == 128


def test_show_knows_a_bundle_before_its_weights_are_here(world):
    for name in (SOURCE, READY, world.models / READY):
        outcome = world.run("models", "show", name)
        assert outcome.code == 0, outcome.stderr
        assert f"vignette models add {SOURCE}" in outcome.stdout
        assert "float32 3.8 MB" in outcome.stdout


def test_every_checkpoint_that_is_prepared_lists_its_weights(tmp_path):
    env = {"VIGNETTE_MODELS": str(ROOT / "models")}
    rows = vignette("models", "list", "--json", cwd=tmp_path, env=env).json["models"]
    waiting = [row["source"] for row in rows if row["weights"] == "waiting"]
    assert sorted(waiting) == known_checkpoints()
    for source in waiting:
        details = vignette("models", "show", source, "--json", cwd=tmp_path, env=env).json
        assert details["tensors"] > 300
        assert details["memory"]["float32"] > 5e8
        manifest = json.loads((ROOT / "models" / source.replace("/", "--") / "manifest.json").read_text())
        assert manifest["config"]["model_type"]


@pytest.mark.parametrize("source, slots", [("Salesforce/blip2-opt-2.7b", 11), ("llava-hf/llava-v1.6-vicuna-7b-hf", 5)])
def test_show_tells_the_slots_of_a_large_model(source, slots, tmp_path):
    env = {"VIGNETTE_MODELS": str(ROOT / "models")}
    shown = vignette("models", "show", source, cwd=tmp_path, env=env).stdout
    assert f"by default {slots} slots on the CPU, on a GPU as many as fit, at most 96" in shown


def test_show_and_verify_of_nothing_fail(world):
    for command in ("show", "verify"):
        assert world.run("models", command, "nothing").code == 1
        assert world.run("models", command).code == 2
    assert world.run("models").code == 2


@pytest.mark.parametrize("name", ["program.pt", "tokenizer.json", WHOLE])
def test_verify_finds_a_changed_byte(added, name):
    file = added.models / "tiny-blip2" / name
    file = file if file.exists() else next(added.cache.glob(f"*/snapshots/*/{WHOLE}")).resolve()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    outcome = added.run("models", "verify", "tiny-blip2")
    assert outcome.code == 1
    assert [line.startswith("FAILED") for line in outcome.stdout.splitlines()] == [True]
    assert name in outcome.stdout and "SHA-256" in outcome.stdout and "; " in outcome.stdout


def test_verify_tells_all_that_is_wrong(added):
    (added.models / "tiny-blip2/tokenizer.json").write_text("{}")
    next(added.cache.glob(f"*/snapshots/*/{WHOLE}")).unlink()
    lines = added.run("models", "verify", "tiny-blip2").stdout.splitlines()
    assert len(lines) == 2 and all(line.startswith("FAILED") for line in lines)


def test_verify_finds_a_weight_that_the_program_misses(world):
    snapshot = make_snapshot(world.root / "mine")
    assert world.run("models", "add", snapshot).code == 0
    change_tensors(snapshot / WHOLE, lambda tensors: tensors.pop("query_tokens"))
    manifest = world.manifest("mine")
    manifest["weights"]["files"][0]["bytes"] = (snapshot / WHOLE).stat().st_size
    (world.models / "mine/manifest.json").write_text(json.dumps(manifest))
    outcome = world.run("models", "verify", "mine")
    assert outcome.code == 1
    assert "the weights lack query_tokens" in outcome.stdout


def test_verify_of_a_bundle_that_waits_says_what_for(world):
    outcome = world.run("models", "verify", SOURCE)
    assert outcome.code == 1
    assert f"vignette models add {SOURCE}" in outcome.stdout


def test_a_deep_look_opens_the_model(added):
    assert "the model opens" in added.run("models", "verify", "--deep", "tiny-blip2").stdout


def test_a_job_may_name_the_checkpoint(added):
    job = {"input": {"model": SOURCE, "data_url": data_url(picture_bytes())}}
    outcome = added.run("run", "--test_input", json.dumps(job))
    assert outcome.code == 0, outcome.stdout


def test_a_checkpoint_without_its_weights_is_told_to_a_job(world):
    job = {"input": {"model": SOURCE, "data_url": data_url(picture_bytes())}}
    outcome = world.run("run", "--test_input", json.dumps(job))
    assert outcome.error["code"] == "model_not_found"
    assert outcome.error["field"] == "input.model"


def test_a_snapshot_that_is_no_bundle_yet_says_how(world):
    snapshot = make_snapshot(world.root / "mine")
    for model in (snapshot, SOURCE):
        outcome = world.run("caption", "--model", model, ROOT / "test/events/scene-1.png")
        assert outcome.code == 1
        assert f"vignette models add {model}" in outcome.stderr


def test_the_doctor_looks_at_the_weights_names(world):
    snapshot = make_snapshot(world.root / "mine")
    assert world.run("models", "add", snapshot).code == 0
    change_tensors(snapshot / WHOLE, lambda tensors: tensors.pop("query_tokens"))
    manifest = world.manifest("mine")
    manifest["weights"]["files"][0]["bytes"] = (snapshot / WHOLE).stat().st_size
    (world.models / "mine/manifest.json").write_text(json.dumps(manifest))
    assert "the weights lack query_tokens" in world.run("doctor", "--model", "mine").stdout
