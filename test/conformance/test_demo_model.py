"""The worker with the true back and the demo model: what the scripted back cannot show."""

import base64
import json

import pytest

from places import ROOT
from processes import Program
from workers import environment

EVENTS = ROOT / "test" / "events"
PROGRAM = ROOT / "build" / "release" / "vignette"
SCENES = ("scene-1", "scene-2", "scene-3")


def scene_input(name):
    return json.loads((EVENTS / f"{name}.json").read_text())["input"]


@pytest.fixture(scope="module")
def worker(platform, tmp_path_factory):
    home = tmp_path_factory.mktemp("demo")
    program = Program([str(PROGRAM), "worker"], environment(platform, home, {"VIGNETTE_CONCURRENCY": None}), cwd=home)
    platform.wait_until({"idle_takers": 1}, 60)
    yield program
    program.kill()


@pytest.fixture(scope="module")
def alone(worker, platform):
    """Each scene's answer when it is the only job."""
    answers = {}
    for scene in SCENES:
        job = platform.submit(scene_input(scene))
        answers[scene] = platform.wait(job, "COMPLETED", 60)["output"]
    return answers


def test_a_scene_gets_its_caption_with_times_and_model(alone):
    for answer in alone.values():
        assert len(answer["caption"].split()) > 3
        assert answer["model_info"]["model"] == "demo-blip2" and answer["timings"]["total"] > 0


def test_a_batch_says_what_its_pictures_say_alone(alone, platform):
    images = [{"id": scene, "image": scene_input(scene)["data_url"]} for scene in SCENES]
    images.insert(1, {"id": "bad", "image": "bm8gcGljdHVyZQ=="})
    output = platform.wait(platform.submit({"images": images}), "COMPLETED", 60)["output"]
    said = {one["id"]: one.get("caption") for one in output["results"]}
    assert said == {"bad": None} | {scene: answer["caption"] for scene, answer in alone.items()}
    assert [one["id"] for one in output["results"]] == [one["id"] for one in images]
    assert (output["count"], output["failed"]) == (4, 1)


def test_greedy_words_are_streamed_one_after_the_other_and_add_up(worker, platform):
    job = platform.submit(scene_input("scene-1") | {"num_beams": 1, "stream": True})
    caption = platform.wait(job, "COMPLETED", 60)["output"]["caption"]
    chunks = [json.loads(one["body"])["output"]["events"] for one in platform.exchanges("stream", job)]
    events = [event for chunk in chunks for event in chunk]
    assert "".join(event.get("text", "") for event in events) == caption
    assert [event["result"]["caption"] for event in events if "result" in event] == [caption]


def test_many_jobs_at_once_say_what_they_say_alone(alone, platform):
    scenes = [SCENES[n % len(SCENES)] for n in range(30)]
    jobs = platform.submit_many([{"input": scene_input(scene)} for scene in scenes])
    for scene, job in zip(scenes, jobs):
        assert platform.wait(job, "COMPLETED", 60)["output"]["caption"] == alone[scene]["caption"]


def test_a_bad_picture_fails_with_its_code_and_field(worker, platform):
    failed = platform.wait(platform.submit({"data_url": "data:image/png;base64,bm8gcGljdHVyZQ=="}), "FAILED", 60)
    error = json.loads(failed["error"])
    assert (error["error_type"], error["field"]) == ("not_an_image", "input.data_url")


def film(name):
    """Two red pictures and two blue ones, one each 0.48 s."""
    return base64.b64encode((ROOT / "test" / "fuzz" / "corpus" / "film" / name).read_bytes()).decode()


def test_a_film_comes_back_as_its_frames_with_times_and_duplicates(worker, platform):
    output = platform.wait(platform.submit({"video": film("vp9.webm"), "fps": 25}), "COMPLETED", 60)["output"]
    assert output["timestamps"] == pytest.approx([0, 0.48, 0.96, 1.44], abs=0.001)
    assert output["duplicates"] == [[1, 0], [3, 2]] and output["errors"] == []
    first, second, third, fourth = output["descriptions"]
    assert first == second and third == fourth and first != third
    assert (output["video"]["container"], output["video"]["codec"]) == ("webm", "vp9")


def test_what_is_no_film_fails_with_its_code_and_field(worker, platform):
    playlist = base64.b64encode(b"#EXTM3U\nfile:///etc/passwd\n").decode()
    failed = platform.wait(platform.submit({"video": playlist}), "FAILED", 60)
    error = json.loads(failed["error"])
    assert (error["error_type"], error["field"]) == ("unsupported_media", "input.video")
