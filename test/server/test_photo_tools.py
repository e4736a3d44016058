"""Photo libraries: Immich's server with Node's own FormData, PhotoPrism's client with the types of its Go source."""

import json
import math
import subprocess

import pytest
import requests

from clients import Client, ClientFailed
from pictures import data_url, png
from serving import ROOT

HERE = ROOT / "test/server"
SCENES = ROOT / "test/events"


def immich_at(url):
    return Client(["node", HERE / "js/immich.mjs"], url, "", "")


@pytest.fixture(scope="module")
def immich(scripted_server):
    client = immich_at(scripted_server)
    yield client
    client.close()


@pytest.fixture(scope="module")
def go_program(tmp_path_factory):
    program = tmp_path_factory.mktemp("go") / "client"
    subprocess.run(["go", "build", "-o", program, "."], cwd=HERE / "go", check=True, timeout=300)
    return program


@pytest.fixture(scope="module")
def photoprism(scripted_server, go_program):
    client = Client([go_program], scripted_server, "", "")
    yield client
    client.close()


def visual(model, path):
    return {"entries": {"clip": {"visual": {"modelName": model}}}, "imagePath": str(path)}


def textual(model, text):
    entries = {"clip": {"textual": {"modelName": model, "options": {"language": "en"}}}}
    return {"entries": entries, "text": text}


def test_immich_finds_us_healthy(immich):
    assert immich.ping() == [True, "pong"]


def test_immich_gets_the_vector_of_a_picture_as_text_that_holds_json(immich):
    answer = immich.predict(visual("ViT-B-32__openai", SCENES / "scene-1.png"))
    assert answer == {"clip": "[0.6,0.8]", "imageHeight": 1, "imageWidth": 1}


def test_immich_gets_the_vector_of_a_text(immich):
    assert immich.predict(textual("ViT-B-32__openai", "größe 写真")) == {"clip": "[0.6,0.8]"}


FACES = {
    "facial-recognition": {
        "detection": {"modelName": "buffalo_l", "options": {"minScore": 0.7}},
        "recognition": {"modelName": "buffalo_l"},
    }
}
LETTERS = {
    "ocr": {
        "detection": {"modelName": "PP-OCRv5_mobile", "options": {"minScore": 0.5, "maxResolution": 736}},
        "recognition": {"modelName": "PP-OCRv5_mobile", "options": {"minScore": 0.8}},
    }
}


@pytest.mark.parametrize("entries", [FACES, LETTERS])
def test_immich_is_sent_on_with_faces_and_letters(immich, entries):
    with pytest.raises(ClientFailed, match=r"status 400.*only .*clip"):
        immich.predict({"entries": entries, "imagePath": str(SCENES / "scene-1.png")})


def test_immich_reads_errors_as_its_own_service_writes_them(scripted_server):
    answer = requests.post(scripted_server + "/predict", files={"text": (None, "x")}, timeout=60)
    assert answer.status_code == 400 and answer.json() == {"detail": "entries is missing"}


def likeness(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_immich_finds_the_picture_by_its_text(demo_server):
    client = immich_at(demo_server)
    try:
        clip = lambda payload: json.loads(client.predict(payload)["clip"])  # noqa: E731
        picture = client.predict(visual("demo-clip", SCENES / "scene-1.png"))
        assert (picture["imageHeight"], picture["imageWidth"]) == (192, 192)
        vector = json.loads(picture["clip"])
        assert math.isclose(likeness(vector, vector), 1, rel_tol=1e-4)
        right, wrong = (clip(textual("demo-clip", text)) for text in ("three green stars", "a blue circle"))
        assert likeness(vector, right) > likeness(vector, wrong)
        with pytest.raises(ClientFailed, match="status 404"):
            client.predict(textual("ViT-B-32__openai", "no weights of it are here"))
    finally:
        client.close()


def vision(client, task, **request):
    return client.vision({"task": task, "request": request})


def test_photoprism_gets_a_caption(photoprism):
    answer = vision(
        photoprism,
        "caption",
        id="b3b8",
        model="",
        version="latest",
        prompt="text=three green stars;confidence=0.9",
        options={"temperature": 0.1},
        images=[data_url()],
    )
    assert (answer["id"], answer["code"]) == ("b3b8", 200)
    assert answer["result"]["caption"]["text"] == "three green stars"
    assert math.isclose(answer["result"]["caption"]["confidence"], 0.9, rel_tol=1e-6)


def test_photoprism_gets_labels(photoprism):
    answer = vision(photoprism, "labels", id="1", prompt="tags=star|green", images=[data_url()])
    assert [label["name"] for label in answer["result"]["labels"]] == ["star", "green"]


def test_photoprism_may_send_an_address(photoprism):
    answer = vision(photoprism, "caption", id="1", url="https://photos.example/dl/1", prompt="text=far away")
    assert answer["result"]["caption"]["text"] == "far away"


@pytest.mark.parametrize("task", ["nsfw", "face"])
def test_photoprism_is_told_what_there_is_not(photoprism, task):
    with pytest.raises(ClientFailed, match="400 this server does not"):
        vision(photoprism, task, id="1", images=[data_url()])


@pytest.mark.parametrize(
    "request_, status, word",
    [
        ({"images": []}, 400, "images"),
        ({"images": [data_url()], "stream": True}, 400, "stream"),
        ({"images": [data_url()], "suffix": "!"}, 400, "suffix"),
        ({"images": [data_url()], "options": {"temperature": -1}}, 400, "options.temperature"),
        ({"images": [data_url()], "prompt": "fail=undecodable_image"}, 422, "images"),
    ],
)
def test_photoprism_is_refused_in_its_own_shape(scripted_server, request_, status, word):
    answer = requests.post(f"{scripted_server}/api/v1/vision/caption", json={"id": "b3", **request_}, timeout=60)
    body = answer.json()
    assert answer.status_code == status
    assert (body["id"], body["code"]) == ("b3", status) and word in body["error"]


def test_photoprism_gets_a_true_caption_and_labels(demo_server):
    body = {"id": "1", "images": [json.loads((SCENES / "scene-1.json").read_text())["input"]["data_url"]]}
    answer = requests.post(f"{demo_server}/api/v1/vision/caption", json=body, timeout=120).json()
    assert "green stars" in answer["result"]["caption"]["text"]
    assert 0 < answer["result"]["caption"]["confidence"] <= 1
    labels = requests.post(f"{demo_server}/api/v1/vision/labels", json=body, timeout=120).json()["result"]["labels"]
    assert any("star" in label["name"] for label in labels)
    refused = requests.post(f"{demo_server}/api/v1/vision/caption", json={**body, "model": "kosmos-2"}, timeout=60)
    assert refused.status_code == 404 and refused.json()["id"] == "1"


def test_a_picture_larger_than_its_route_allows_is_refused(scripted_server):
    big = png() + b"\0" * (21 * 1024 * 1024)
    entries = json.dumps({"clip": {"visual": {"modelName": "ViT-B-32__openai"}}})
    given = {"entries": (None, entries), "image": ("blob", big, "application/octet-stream")}
    answer = requests.post(scripted_server + "/predict", files=given, timeout=60)
    assert answer.status_code == 413
