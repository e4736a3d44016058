"""The files that RunPod reads (Hub listing, its tests, the image, the project): they have the keys and types that
RunPod asks for, and what they say of Vignette is true."""

import base64
import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HUB = json.loads((ROOT / ".runpod/hub.json").read_text())
TESTS = json.loads((ROOT / ".runpod/tests.json").read_text())
CONFIG = HUB["config"]
INPUT_TYPES = {"string": str, "huggingface": str, "number": (int, float), "boolean": bool}
GPU_POOLS = {
    "AMPERE_16", "AMPERE_24", "ADA_24", "AMPERE_48", "ADA_48_PRO", "AMPERE_80", "ADA_80_PRO", "HOPPER_141",
}  # fmt: skip


def require(record, fields):
    for name, kind in fields.items():
        assert isinstance(record.get(name), kind), f"{name} must be {kind}, not {record.get(name)!r}"


def inputs():
    return [pytest.param(entry["key"], entry["input"], id=entry["key"]) for entry in CONFIG["env"]]


def test_the_listing_says_what_the_hub_asks_for():
    require(HUB, {"title": str, "description": str, "type": str, "category": str, "config": dict})
    assert HUB["type"] == "serverless"
    assert HUB["category"] in {"audio", "embedding", "language", "video", "image"}


def test_the_machine_is_described_as_the_hub_asks_for():
    require(CONFIG, {"runsOn": str, "containerDiskInGb": int, "gpuCount": int, "gpuIds": str, "env": list})
    assert CONFIG["runsOn"] == "GPU"
    assert {pool for pool in CONFIG["gpuIds"].split(",") if not pool.startswith("-")} <= GPU_POOLS
    check_cuda_versions(CONFIG["allowedCudaVersions"])


def check_cuda_versions(versions):
    """What our torch is built for; see cuda_version_min in src/app/preflight/preflight.h."""
    assert versions and all(re.fullmatch(r"\d+\.\d+", version) for version in versions)
    assert all(int(version.split(".")[0]) >= 13 for version in versions)


@pytest.mark.parametrize("key, field", inputs())
def test_an_input_has_a_default_of_its_type(key, field):
    require(field, {"name": str, "type": str, "description": str})
    kind = INPUT_TYPES[field["type"]]
    assert isinstance(field["default"], kind)
    words = "name type description default required advanced options min max trueValue falseValue"
    assert not set(field) - set(words.split())
    if field["type"] == "number":
        assert field["min"] <= field["default"] <= field["max"]
    if field["type"] == "boolean":
        require(field, {"trueValue": str, "falseValue": str})
    if "options" in field:
        assert all(set(option) == {"label", "value"} for option in field["options"])
        assert field["default"] in [option["value"] for option in field["options"]]


@pytest.mark.parametrize("key, field", inputs())
def test_an_input_is_a_variable_that_the_program_reads(key, field):
    program = "".join(path.read_text() for path in (ROOT / "src/app").rglob("*.cpp"))
    assert f'"{key}"' in program


def test_presets_set_only_variables_that_are_offered():
    offered = {entry["key"] for entry in CONFIG["env"]}
    for preset in CONFIG["presets"]:
        require(preset, {"name": str, "defaults": dict})
        assert set(preset["defaults"]) <= offered


def test_the_hub_tests_are_what_its_runner_takes():
    assert set(TESTS) == {"tests", "config"} and TESTS["tests"]
    for test in TESTS["tests"]:
        require(test, {"name": str, "input": dict, "timeout": int})
    config = TESTS["config"]
    require(config, {"runsOn": str, "gpuTypeId": str, "gpuCount": int, "cpuFlavor": str, "env": list})
    assert config["runsOn"] in {"GPU", "CPU"}
    assert all(set(entry) == {"key", "value"} for entry in config["env"])
    check_cuda_versions(config["allowedCudaVersions"])


def pictures(job_input):
    return [job_input] if "data_url" in job_input else job_input["images"]


def test_each_hub_test_sends_a_small_picture_and_known_fields():
    for test in TESTS["tests"]:
        assert set(test["input"]) <= {"data_url", "prompt", "images", "stream"}
        for picture in pictures(test["input"]):
            head, _, text = picture["data_url"].partition(",")
            assert head == "data:image/png;base64"
            assert base64.b64decode(text, validate=True).startswith(b"\x89PNG")
            assert len(text) < 10_000


def test_the_sample_input_is_a_sample_event():
    assert json.loads((ROOT / "test_input.json").read_text()) == json.loads(
        (ROOT / "test/events/scene-3.json").read_text()
    )


def test_the_image_runs_the_worker_also_when_its_command_goes_through_a_shell():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    command = json.loads(next(line for line in lines if line.startswith("CMD ")).removeprefix("CMD "))
    assert " ".join(command) == "vignette worker"
    assert not [line for line in lines if line.startswith("ENTRYPOINT")]
    assert "STOPSIGNAL SIGTERM" in lines
    assert not [line for line in lines if line.startswith("FROM") and (":latest" in line or ":" not in line)]


def test_the_project_file_names_the_worker_and_variables_that_exist():
    project = tomllib.loads((ROOT / "runpod.toml").read_text())
    assert project["name"] and project["project"]["volume_mount_path"] == "/runpod-volume"
    assert project["project"]["gpu_types"]
    offered = {entry["key"] for entry in CONFIG["env"]}
    assert set(project["project"]["env_vars"]) <= offered
    assert all(isinstance(value, str) for value in project["project"]["env_vars"].values())
