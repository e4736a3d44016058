"""The files that RunPod reads (Hub listing, its tests, the image, the project): they have the keys and types that
RunPod asks for, and what they say of Vignette is true."""

import base64
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HUB = json.loads((ROOT / ".runpod/hub.json").read_text())
TESTS = json.loads((ROOT / ".runpod/tests.json").read_text())
CONFIG = HUB["config"]
INPUT_TYPES = {"string": str, "huggingface": str, "number": (int, float), "boolean": bool}
GPU_POOLS = {  # all that RunPod publishes; test/conformance compares the listing with those of its SDK
    "AMPERE_16", "AMPERE_24", "AMPERE_48", "AMPERE_80", "ADA_24", "ADA_32_PRO", "ADA_48_PRO", "ADA_80_PRO",
    "BLACKWELL_96", "BLACKWELL_180", "HOPPER_141",
}  # fmt: skip
CHECKPOINT = re.compile(r"[\w.-]+/[\w.-]+")


def require(record, fields):
    for name, kind in fields.items():
        assert isinstance(record.get(name), kind), f"{name} must be {kind}, not {record.get(name)!r}"


def inputs():
    return [pytest.param(entry["key"], entry["input"], id=entry["key"]) for entry in CONFIG["env"]]


def test_the_listing_says_what_the_hub_asks_for():
    assert set(HUB) <= {"title", "description", "type", "category", "iconUrl", "config"}
    require(HUB, {"title": str, "description": str, "type": str, "category": str, "config": dict})
    assert HUB["type"] == "serverless"
    assert HUB["category"] in {"audio", "embedding", "language", "video", "image"}


def test_the_machine_is_described_as_the_hub_asks_for():
    assert set(CONFIG) <= {
        "runsOn", "endpointType", "containerDiskInGb", "gpuCount", "gpuIds", "allowedCudaVersions", "presets", "env",
    }  # fmt: skip
    require(CONFIG, {"runsOn": str, "containerDiskInGb": int, "gpuCount": int, "gpuIds": str, "env": list})
    assert CONFIG["runsOn"] == "GPU"
    pools = CONFIG["gpuIds"].split(",")
    assert sorted(pools) == sorted(GPU_POOLS), "the CUDA libraries of the image have code for every card"
    assert "cpuFlavor" not in CONFIG, "only where it runs on a CPU"
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
    if field["type"] == "huggingface":
        assert CHECKPOINT.fullmatch(field["default"])
        ready = [json.loads(path.read_text())["source"] for path in (ROOT / "models").glob("*/manifest.json")]
        assert field["default"] in ready, "nothing here would know what to do with its weights"
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


def test_the_model_is_chosen_as_a_checkpoint_of_hugging_face():
    assert [key for key, field in ((entry["key"], entry["input"]) for entry in CONFIG["env"])
            if field["type"] == "huggingface"] == ["VIGNETTE_MODEL"]  # fmt: skip


def test_presets_set_only_variables_that_are_offered():
    offered = {entry["key"] for entry in CONFIG["env"]}
    for preset in CONFIG["presets"]:
        assert set(preset) == {"name", "defaults"}
        require(preset, {"name": str, "defaults": dict})
        assert set(preset["defaults"]) <= offered


def test_the_hub_tests_are_what_its_runner_takes():
    assert set(TESTS) == {"tests", "config"} and TESTS["tests"]
    for test in TESTS["tests"]:
        require(test, {"name": str, "input": dict, "timeout": int})
        assert set(test) == {"name", "input", "timeout"}
    config = TESTS["config"]
    require(config, {"gpuTypeId": str, "gpuCount": int, "env": list})
    assert set(config) == {"gpuTypeId", "gpuCount", "env", "allowedCudaVersions"}, "a cpuFlavor is for CPU tests only"
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


# What `runpodctl project` takes out of runpod.toml, and as what: it asserts these Go types without a look and panics
# where one is missing (its functions.go; TOML's integers are its int64).
PROJECT_KEYS = {
    "name": str,
    "project.uuid": str,
    "project.base_image": str,
    "project.gpu_types": list,
    "project.gpu_count": int,
    "project.container_disk_size_gb": int,
    "project.volume_mount_path": str,
    "project.ports": str,
    "project.env_vars": dict,
    "runtime.python_version": str,
    "runtime.handler_path": str,
    "runtime.requirements_path": str,
    "endpoint.active_workers": int,
    "endpoint.max_workers": int,
    "endpoint.flashboot": bool,
    "endpoint.idle_timeout": int,
}


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "runpod.toml").read_text())


def value_at(record, path):
    for key in path.split("."):
        record = record[key]
    return record


@pytest.mark.parametrize("path, kind", PROJECT_KEYS.items())
def test_the_project_file_has_each_key_as_runpodctl_reads_it(project, path, kind):
    assert type(value_at(project, path)) is kind


def test_the_project_file_says_nothing_that_runpodctl_does_not_read(project):
    said = {key for key, value in project.items() if not isinstance(value, dict)}
    for table, entries in project.items():
        if isinstance(entries, dict):
            said |= {f"{table}.{key}" for key in entries}
    assert said == set(PROJECT_KEYS)


def test_the_project_file_names_variables_and_graphics_cards_that_exist(project):
    variables = project["project"]["env_vars"]
    assert all(isinstance(value, str) for value in variables.values())
    assert set(variables) <= {entry["key"] for entry in CONFIG["env"]}
    gpus = project["project"]["gpu_types"]
    assert gpus and all(isinstance(gpu, str) and gpu.startswith("NVIDIA ") for gpu in gpus)
    assert project["project"]["volume_mount_path"] == "/runpod-volume"
    ports = project["project"]["ports"].replace(" ", "").split(",")
    assert {"22/tcp", "8080/http"} <= set(ports), "runpodctl comes in by SSH, and shows its development server at 8080"
    assert re.fullmatch(r"[0-9a-f]{8}", project["project"]["uuid"])


def test_the_project_file_is_sent_with_what_it_names(project):
    excluded = {
        line.rstrip("/") for line in (ROOT / ".runpodignore").read_text().splitlines() if line and line[0] != "#"
    }
    for path in (project["runtime"]["handler_path"], project["runtime"]["requirements_path"]):
        assert (ROOT / path).is_file()
        assert not excluded & set(path.split("/")), "rsync leaves out whatever has such a name"
    assert {"build", "src", "test"} <= excluded, "a volume is no place for gigabytes of builds"


def run_shim(folder, *arguments, program='#!/bin/sh\necho "$@"\necho $$\n'):
    """What the shim turns into, with a program in place of ours that prints its words and its process id."""
    if program:
        (folder / "vignette").write_text(program)
        (folder / "vignette").chmod(0o755)
    command = [sys.executable, "-u", ROOT / ".runpod/handler.py", *arguments]
    process = subprocess.Popen(
        command, env={"PATH": f"{folder}:/usr/bin:/bin"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    out, complaint = process.communicate(timeout=30)
    return process, out.splitlines(), complaint


@pytest.mark.parametrize(
    "arguments, becomes",
    [
        ([], "worker"),
        (
            ["--rp_serve_api", "--rp_api_host=0.0.0.0", "--rp_api_port=8080", "--rp_api_concurrency=1"],
            "serve --rp_serve_api --rp_api_host=0.0.0.0 --rp_api_port=8080 --rp_api_concurrency=1",
        ),
        (["--test_input", '{"input": {}}'], 'run --test_input {"input": {}}'),
        (['--test_input={"input": {}}'], 'run --test_input={"input": {}}'),
        (["--rp_log_level", "debug"], "worker --rp_log_level debug"),
    ],
)
def test_the_handler_becomes_the_program_in_the_same_process(tmp_path, arguments, becomes):
    process, lines, complaint = run_shim(tmp_path, *arguments)
    assert lines == [becomes, str(process.pid)], complaint


def test_the_handler_says_where_the_program_is_missing(tmp_path):
    process, _, complaint = run_shim(tmp_path, program=None)
    assert process.returncode == 1
    assert "project.Dockerfile" in complaint and "Traceback" not in complaint


def test_the_image_of_a_project_has_what_runpodctl_calls_on_it(project):
    lines = (ROOT / ".runpod/project.Dockerfile").read_text()
    for package in ("openssh-server", "rsync", "python3-venv", "python3-virtualenv", "inotify-tools", "zstd", "git"):
        assert package in lines
    assert "/etc/rp_environment" in lines, "each of its commands begins with a `source` of that file"
    assert project["runtime"]["python_version"] == "3.11", "Debian 12 has no other"
