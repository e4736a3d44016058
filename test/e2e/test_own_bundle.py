"""`VIGNETTE_MODEL=owner/name` and nothing else: a worker finds the checkpoint in RunPod's cached models, makes its
bundle by itself, and answers a job."""

import json
import os
import shutil
import signal
import subprocess

import pytest

from conftest import PROGRAM, ROOT, run_input
from fake_runpod.client import FakeRunpod
from hub import SOURCE, World, make_cached

EVENT = json.loads((ROOT / "test/events/scene-1.json").read_text())


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture(scope="module")
def platform():
    with FakeRunpod() as fake:
        yield fake


def settings(world, platform, home, **env):
    for name in ("HF_HUB_CACHE", "HF_HOME"):
        world.env.pop(name, None)
    given = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    given |= platform.worker_env("cold") | world.env | {"VIGNETTE_MODEL": SOURCE, "HOME": str(home)} | env
    return {"cwd": world.root, "env": given, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}


def work(world, platform, home, **env):
    """What a worker answers to one job, and what it logged."""
    with subprocess.Popen([PROGRAM, "worker"], **settings(world, platform, home, **env)) as worker:
        try:
            result = platform.wait(platform.submit(EVENT["input"]), timeout_s=60)
        finally:
            worker.send_signal(signal.SIGTERM)
            said, _ = worker.communicate(timeout=60)
    return result, said


def test_a_worker_makes_the_bundle_of_a_cached_checkpoint_and_answers(world, platform):
    snapshot = make_cached(world.runpod, shards=2)
    result, said = work(world, platform, world.home)
    expected = run_input(EVENT["input"], env={"VIGNETTE_MODEL": str(ROOT / "models/demo-blip2")}).json
    assert result["status"] == "COMPLETED", said
    assert result["output"]["caption"] == expected["caption"]
    made = world.home / ".cache/vignette/models/tiny-blip2"
    manifest = json.loads((made / "manifest.json").read_text())
    assert manifest["weights"]["folder"] == str(snapshot)
    assert world.bundles() == [SOURCE.replace("/", "--")], "a volume of many workers is nobody's to write to"
    assert world.run("models", "verify", made).code == 0, "the digests of the cache were believed, and are right"


def test_a_newer_revision_is_taken_with_the_next_start(world, platform):
    make_cached(world.runpod, revision="a" * 40)
    work(world, platform, world.home)
    shutil.rmtree(world.runpod)
    newer = make_cached(world.runpod, revision="b" * 40)
    result, said = work(world, platform, world.home)
    assert result["status"] == "COMPLETED", said
    made = world.home / ".cache/vignette/models/tiny-blip2/manifest.json"
    assert json.loads(made.read_text())["weights"]["folder"] == str(newer)


def test_without_a_home_the_bundle_is_made_among_the_temporary_files(world, platform):
    make_cached(world.runpod)
    temporary = world.root / "tmp"
    temporary.mkdir()
    result, said = work(world, platform, "/proc/no-home", TMPDIR=str(temporary))
    assert result["status"] == "COMPLETED", said
    made = temporary / f"vignette-models-{os.geteuid()}"
    assert (made / "tiny-blip2/manifest.json").is_file()
    assert made.stat().st_mode & 0o077 == 0


def test_a_folder_that_others_may_write_to_holds_no_bundle(world, platform):
    """It would be a program of theirs that runs here."""
    make_cached(world.runpod)
    temporary = world.root / "tmp"
    planted = temporary / f"vignette-models-{os.geteuid()}"
    planted.mkdir(parents=True)
    planted.chmod(0o777)
    options = settings(world, platform, "/proc/no-home", TMPDIR=str(temporary))
    ended = subprocess.run([PROGRAM, "worker"], timeout=60, **options)
    assert ended.returncode == 1
    assert os.listdir(planted) == []
