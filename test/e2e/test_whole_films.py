"""Films that are looked at as a whole, by a tiny random Qwen3-VL, LLaVA-NeXT-Video or Video-LLaVA: their words mean
nothing, what is around them does. That the words are the reference's, scripts/check-parity says."""

import base64
import json
import os
import subprocess
import sys

import pytest
from PIL import Image

from conftest import ROOT, data_url, picture_bytes, run_input, vignette
from media import films
from scenes.films import Film, Mover


def make_bundle(folder, family):
    env = {**os.environ, "PYTHONPATH": str(ROOT / "scripts/py")}
    for words in (["tiny_models", "snapshot", "--family", family, "--seed", "7"], ["export", "snapshot", "bundle"]):
        subprocess.run([sys.executable, "-m", *words], cwd=folder, env=env, check=True, capture_output=True)
    return folder / "bundle"


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return {"VIGNETTE_MODEL": str(make_bundle(tmp_path_factory.mktemp("qwen"), "qwen3_vl"))}


def make_model_for(frames, folder, family):
    """One whose frames all have one size, with room for so many."""
    bundle = make_bundle(folder, family)
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["film"]["tokens_max"] = (frames + 1) * manifest["film"]["group_tokens"] - 1
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    return {"VIGNETTE_MODEL": str(bundle)}


@pytest.fixture(scope="session")
def squares(tmp_path_factory):
    return make_model_for(20, tmp_path_factory.mktemp("llava"), "llava_next_video")


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    """Twenty seconds that become brighter, two frames a second."""
    path = tmp_path_factory.mktemp("films") / "brighter.mp4"
    films.write_film(path, [(n / 2, Image.new("RGB", (96, 64), (6 * n, 6 * n, 90))) for n in range(40)], rate=2)
    return path


def sent(path):
    return "data:video/mp4;base64," + base64.b64encode(path.read_bytes()).decode()


def test_a_film_has_one_answer_with_the_times_of_its_frames(film, model):
    done = run_input({"video": sent(film), "together": True, "max_length": 8}, env=model)
    assert done.code == 0, done.stderr
    answer = done.json
    assert isinstance(answer["caption"], str)
    assert answer["timestamps"][0] == 0 and len(answer["timestamps"]) == 16, "spread over all of it"
    assert answer["timestamps"][-1] > 18
    assert (answer["video"]["width"], answer["video"]["duration"]) == (96, 20)
    assert answer["model_info"]["prompt"] == "Describe this video."
    assert "descriptions" not in answer and "warnings" not in answer


def test_its_answer_is_printed_once_streamed_or_not(film, model):
    done = run_input({"video": sent(film), "together": True, "max_length": 8, "stream": True}, env=model)
    assert len(done.stdout.splitlines()) == 1 and "caption" in done.json


def test_what_is_asked_of_its_frames_is_granted_or_told(film, model):
    job = {"video": sent(film), "together": True, "max_length": 8, "preset": "one_sentence"}
    answer = run_input(job | {"timestamps": [1, 2.5, 99]}, env=model).json
    assert answer["timestamps"] == [1, 2.5]
    assert [one["field"] for one in answer["warnings"]] == ["input.timestamps"]
    assert answer["model_info"]["prompt"] == "Describe this video in one sentence."
    answer = run_input(job | {"fps": 2, "max_frames": 4}, env=model).json
    assert answer["timestamps"] == [0, 5, 10, 15]
    assert [one["field"] for one in answer["warnings"]] == ["input.fps"]


def test_a_film_in_windows_has_an_answer_for_each_and_one_for_all(film, model):
    job = {"video": sent(film), "window": 6, "max_length": 4, "prompt": "What moves?"}
    done = run_input(job, env=model)
    assert done.code == 0, done.stderr
    answer = done.json
    assert answer["timestamps"] == [0, 6, 12, 18]
    assert len(answer["descriptions"]) == answer["count"] == 4
    assert isinstance(answer["summary"], str)
    assert answer["model_info"]["prompt"] == "What moves?"
    assert "warnings" not in answer and answer["errors"] == []
    done = vignette("caption", "--json", "--window", 6, "--max_length", 4, film, env=model)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("timestamp") for line in lines] == [0, 6, 12, 18, None]
    assert len(lines[0]["timestamps"]) == 12, "two a second"
    assert lines[4]["timestamps"] == [0, 6, 12, 18], "of the frames that stand for all of it"


def test_times_are_the_nearest_numbers_there_are(tmp_path, model):
    """Else a model that reads them in tenths reads some that are a tenth off."""
    path = tmp_path / "quick.mp4"
    films.write_film(path, [(n / 10, Image.new("RGB", (64, 48), (20 * n, 90, 90))) for n in range(12)], rate=10)
    answer = run_input({"video": sent(path), "together": True, "fps": 10, "max_length": 4}, env=model).json
    assert answer["timestamps"] == [n / 10 for n in range(12)]


def test_json_may_be_asked_of_a_film(film, model):
    schema = {"type": "object", "properties": {"moves": {"type": "boolean"}}, "required": ["moves"]}
    answer = run_input({"video": sent(film), "together": True, "schema": schema}, env=model).json
    assert isinstance(answer["json"]["moves"], bool)


def test_on_the_command_line_it_is_one_line(film, model):
    done = vignette("caption", "--together", "--max_length", 8, film, env=model)
    assert done.code == 0, done.stderr
    assert done.stdout.startswith(f"{film}: ") or done.stdout.count("\n") >= 1


def two_shapes(size):
    """In four seconds a red circle goes to the right, then a blue square goes up."""
    width, height = size
    low, high, left, right = 0.75 * height, 0.2 * height, 0.15 * width, 0.6 * width
    circle = Mover("red", "circle", "to the right", (214, 40, 40), 0.17 * height, (left, high), (right, high), 0.2, 1.9)
    beside = 0.85 * width
    square = Mover("blue", "square", "up", (38, 84, 214), 0.17 * height, (beside, low), (beside, high), 2.1, 3.8)
    return Film(size, 12, 4.0, (247, 247, 247), (circle, square))


@pytest.mark.parametrize(("name", "codec"), [("film.mp4", "libx264"), ("film.avi", "mpeg4")])
def test_the_demo_model_tells_what_moves_and_what_comes_first(tmp_path, name, codec):
    drawn, path = two_shapes((320, 200)), tmp_path / name
    films.write_film(path, [(seconds, drawn.frame(seconds)) for seconds in drawn.times()], codec, rate=drawn.rate)
    done = vignette("caption", "--model", "demo-qwen3-vl", "--together", path)
    assert done.stdout == f"{path}: a red circle moves to the right, then a blue square moves up\n", done.stderr
    assert drawn.caption in done.stdout


def test_fewer_tokens_of_a_film_and_of_a_picture(film, model):
    def read(job, tokens):
        return run_input(job | {"max_length": 4, "picture_tokens": tokens, "return_tokens": True}, env=model).json

    assert "warnings" not in read({"image": data_url(picture_bytes((300, 200)))}, 4)
    answer = read({"image": data_url(picture_bytes((300, 200)))}, 100_000)
    assert [one["field"] for one in answer["warnings"]] == ["input.picture_tokens"]
    assert "warnings" not in read({"video": sent(film), "together": True}, 32)


def test_the_operator_may_allow_more_tokens_or_fewer(model):
    """The tiny model allows 256 of 16 x 16 pixels each; usage counts those of the prompt."""

    def tokens_of(most):
        picture = {"type": "image_url", "image_url": {"url": data_url(picture_bytes((640, 320)))}}
        chat = {"messages": [{"role": "user", "content": [picture]}], "max_tokens": 2}
        job = {"openai_route": "/v1/chat/completions", "openai_input": chat}
        done = run_input(job, env=model | {"VIGNETTE_PICTURE_TOKENS": str(most)})
        assert done.code == 0, done.stdout
        return done.json["usage"]["prompt_tokens"]

    usual, more, fewer = tokens_of(0), tokens_of(700), tokens_of(40)
    assert more > usual + 100, "and its slots have room for them"
    assert fewer < usual - 20


def test_frames_of_one_size_are_looked_at_as_long_as_they_fit(film, squares):
    job = {"video": sent(film), "together": True, "max_length": 8}
    answer = run_input(job, env=squares).json
    assert len(answer["timestamps"]) == 16 and "warnings" not in answer
    assert len(run_input(job | {"max_frames": 20}, env=squares).json["timestamps"]) == 20
    done = run_input(job | {"max_frames": 21}, env=squares)
    assert (done.error["code"], done.error["field"]) == ("prompt_too_long", "input.max_frames")
    assert "no more than 20 frames together" in done.error["message"]
    assert "set max_frames to at most 20" in done.error["message"]
    answer = run_input(job | {"picture_tokens": 4}, env=squares).json
    assert [one["field"] for one in answer["warnings"]] == ["input.picture_tokens"]


def test_no_more_frames_than_fit_are_taken_where_nobody_says(tmp_path, film):
    """As many as Video-LLaVA's slots hold, spread over the film."""
    model = make_model_for(8, tmp_path, "video_llava")
    job = {"video": sent(film), "together": True, "max_length": 8}
    answer = run_input(job, env=model).json
    assert len(answer["timestamps"]) == 8 and answer["timestamps"][-1] > 16
    assert "warnings" not in answer
    refused = run_input(job | {"max_frames": 9}, env=model).error
    assert refused["code"] == "prompt_too_long" and "set max_frames to at most 8" in refused["message"]
    done = vignette("caption", "--json", "--window", 10, "--max_length", 4, film, env=model)
    windows = [json.loads(line) for line in done.stdout.splitlines()][:2]
    assert [len(one["timestamps"]) for one in windows] == [8, 8]


@pytest.mark.parametrize("size", [(64, 200), (200, 18), (2, 2)])
def test_frames_of_any_shape_and_a_film_of_one_frame(tmp_path, squares, size):
    path = tmp_path / "still.mp4"
    films.write_film(path, [(0, Image.new("RGB", size, (200, 30, 90)))], rate=1)
    answer = run_input({"video": sent(path), "together": True, "max_length": 8}, env=squares).json
    assert isinstance(answer["caption"], str) and answer["timestamps"] == [0]


def test_a_model_that_is_shown_films_frame_by_frame_says_so(film):
    done = run_input({"video": sent(film), "together": True})
    assert done.code != 0
    assert (done.error["code"], done.error["field"]) == ("unsupported", "input.together")
    assert "Qwen-VL" in done.error["message"]


def test_neither_a_vector_nor_a_broken_film(film, model):
    done = run_input({"video": sent(film), "together": True, "return_embedding": True}, env=model)
    assert done.error["field"] == "input.together"
    cut = "data:video/mp4;base64," + base64.b64encode(film.read_bytes()[:300]).decode()
    assert run_input({"video": cut, "together": True}, env=model).error["field"] == "input.video"


def test_chat_completions_take_a_film(film, model):
    parts = [{"type": "video_url", "video_url": {"url": sent(film)}}, {"type": "text", "text": "what moves?"}]
    chat = {"messages": [{"role": "user", "content": parts}], "max_tokens": 8}
    done = run_input({"openai_route": "/v1/chat/completions", "openai_input": chat}, env=model)
    assert done.code == 0, done.stdout
    assert isinstance(done.json["choices"][0]["message"]["content"], str)
    assert done.json["usage"]["prompt_tokens"] > 100
    done = run_input({"openai_route": "/v1/chat/completions", "openai_input": chat})
    assert "name a Qwen-VL, LLaVA-NeXT-Video or Video-LLaVA model" in done.json["error"]["message"]
