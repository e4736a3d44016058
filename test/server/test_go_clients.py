"""Go: an image backend that asks /runsync for a bare result, and the Go SDK's requests at RunPod's route shapes."""

import base64
import subprocess

import pytest

from clients import Client, ClientFailed, go_command
from pictures import batch, picture, png
from serving import ROOT


@pytest.fixture(scope="module")
def backend(scripted_server, tmp_path_factory):
    program = tmp_path_factory.mktemp("go") / "backend"
    subprocess.run(["go", "build", "-o", program, "."], cwd=ROOT / "test/server/go", check=True, timeout=300)
    client = Client([program], scripted_server, "", "")
    yield client
    client.close()


@pytest.fixture(scope="module")
def sdk(scripted_server):
    client = Client(go_command(), scripted_server + "/v2", "local", "")
    yield client
    client.close()


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize(
    "source", [{"image_base64": base64.b64encode(png()).decode()}, {"image_url": "https://photos.example/1.jpg"}]
)
def test_a_backend_gets_the_bare_result(backend, source, bare):
    answer = backend.describe({**source, "prompt": "text=three green stars", "bare": bare})
    assert answer["caption"] == "three green stars"
    assert answer["model_info"]["model"] == "scripted" and answer["model_info"]["device"] == "cpu"
    assert answer["image"] == {"width": 1, "height": 1, "format": "png"}


def test_a_backend_is_told_what_is_wrong(backend):
    with pytest.raises(ClientFailed, match="400 missing_image"):
        backend.describe({"prompt": "no picture"})
    with pytest.raises(ClientFailed, match="429 overloaded"):
        backend.describe({"image_base64": "AAAA", "prompt": "fail=overloaded"})


def test_the_sdk_runs_and_waits(sdk):
    job = sdk.run({"input": picture("text=one")})["id"]
    assert sdk.output(job)["caption"] == "one"
    assert sdk.status(job)["status"] == "COMPLETED"
    assert sdk.runsync({"input": picture("text=größe 写真")})["output"]["caption"] == "größe 写真"
    assert sdk.health()["jobs"]["completed"] >= 2


def test_the_sdk_streams(sdk):
    job = sdk.run({"input": batch("pieces=a |cat", stream=True)})["id"]
    events = [event for output in sdk.stream(job) for event in output["events"]]
    assert "".join(event.get("text", "") for event in events) == "a cat"


def test_the_sdk_cancels(sdk):
    job = sdk.run({"input": picture("sleep=60000")})["id"]
    assert sdk.cancel(job)["status"] == "CANCELLED"
    assert sdk.status(job)["status"] == "CANCELLED"
