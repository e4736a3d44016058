"""A worker whose weights are cut short while they are mapped: each job is answered, and the worker ends with 1."""

import pytest

from damaged import cut_short, cutting_shim, own_bundle
from places import ROOT
from processes import Program
from test_demo_model import scene_input
from workers import environment


@pytest.fixture
def start(platform, tmp_path):
    started = []

    def start(bundle, **changes):
        environ = environment(platform, tmp_path, {"VIGNETTE_MODEL": str(bundle), **changes})
        started.append(Program([str(ROOT / "build/release/vignette"), "worker"], environ, cwd=tmp_path))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()


def test_jobs_fail_because_of_the_model_and_after_three_the_worker_ends(platform, start, tmp_path):
    bundle = own_bundle(tmp_path)
    worker = start(bundle)
    assert platform.wait(platform.submit(scene_input("scene-1")), "COMPLETED", 60)["output"]["caption"]
    cut_short(bundle)
    for _ in range(3):
        job = platform.submit(scene_input("scene-1"))
        assert "model_failed" in platform.wait(job, "FAILED", 60)["error"]
    assert worker.wait(60) == 1
    assert any(f"{bundle}/model.safetensors was cut short" in line for line in worker.lines), worker.lines


def test_a_worker_that_cannot_load_its_model_takes_no_job(platform, start, tmp_path):
    worker = start(own_bundle(tmp_path), LD_PRELOAD=cutting_shim(tmp_path))
    assert worker.wait(60) == 1
    assert any("model.safetensors" in line and "again" in line for line in worker.lines), worker.lines
