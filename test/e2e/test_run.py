"""`vignette run`: a mock event in, a true caption or a typed error out."""

import base64
import json
import re
import zlib

import pytest

from conftest import ROOT, data_url, picture_bytes, run_input, vignette


def true_captions():
    """The table in test/events/README.md: file name -> what the scene shows."""
    rows = re.findall(r"^\|\s*`?(scene-\d+)[^|]*\|(.*)\|\s*$", (ROOT / "test/events/README.md").read_text(), re.M)
    assert len(rows) == 6
    return dict(rows)


@pytest.mark.parametrize("name, row", sorted(true_captions().items()))
def test_each_sample_event_gets_the_caption_that_is_true_of_it(name, row):
    outcome = vignette("run", f"test/events/{name}.json")
    assert outcome.code == 0, outcome.stderr
    assert outcome.json["caption"] in row


def test_a_result_tells_how_it_was_made(scene):
    result = run_input(scene).json
    info = result["model_info"]
    assert (info["model"], info["family"], info["dtype"]) == ("demo-blip2", "blip2-opt", "float32")
    assert (info["max_length"], info["min_length"], info["num_beams"]) == (40, 8, 3)
    assert re.fullmatch("[0-9a-f]{64}", info["digest"])
    assert set(result["timings"]) == {
        "load",
        "fetch",
        "decode",
        "preprocess",
        "queue",
        "vision",
        "prefill",
        "decode_steps",
        "total",
    }
    assert 0 < result["processing_time"] < 60
    assert result["image"]["format"] == "png"
    assert "warnings" not in result


def test_logs_go_to_stderr_and_name_the_job_but_not_its_content(scene):
    outcome = run_input(scene)
    assert len(outcome.stdout.splitlines()) == 1
    assert "test | job_done" in outcome.stderr
    assert outcome.json["caption"] not in outcome.stderr


def test_wishes_beyond_the_limits_are_clamped_with_a_warning(scene):
    result = run_input({**scene, "max_length": 60, "num_beams": 9, "min_length": 0}).json
    assert result["model_info"]["max_length"] == 50
    assert result["model_info"]["num_beams"] == 3
    assert result["model_info"]["min_length"] == 0
    assert [warning["field"] for warning in result["warnings"]] == ["input.max_length", "input.num_beams"]


def test_an_unknown_field_is_a_warning_that_names_the_nearest_known_one(scene):
    (warning,) = run_input({**scene, "num_beam": 1}).json["warnings"]
    assert warning["field"] == "input.num_beam"
    assert "num_beams" in warning["message"]


def test_the_event_may_be_on_the_command_line_in_a_file_on_stdin_or_in_the_folder(scene, tmp_path):
    event = json.dumps({"input": scene})
    (tmp_path / "test_input.json").write_text(event)
    models = {"VIGNETTE_MODELS": str(ROOT / "models")}
    ways = [
        vignette("run", "--test_input", event),
        vignette("run", tmp_path / "test_input.json"),
        vignette("run", "-", stdin=event),
        vignette("run", cwd=tmp_path, env=models),
    ]
    assert [way.code for way in ways] == [0, 0, 0, 0], [way.stderr for way in ways]
    assert len({way.json["caption"] for way in ways}) == 1


@pytest.mark.parametrize("field", ["data_url", "image_base64", "image"])
def test_each_picture_field_works(field):
    content = picture_bytes()
    value = data_url(content) if field == "data_url" else base64.b64encode(content).decode()
    assert run_input({field: value}).code == 0


def test_base64_may_hold_white_space_and_the_url_safe_alphabet():
    text = base64.urlsafe_b64encode(picture_bytes()).decode().rstrip("=")
    broken_into_lines = "\n".join(text[i : i + 60] for i in range(0, len(text), 60))
    assert run_input({"image_base64": broken_into_lines}).code == 0


def test_the_bytes_decide_and_not_the_declared_type():
    declared = data_url(picture_bytes()).replace("image/png", "text/html")
    outcome = run_input({"data_url": declared})
    assert outcome.code == 0 and outcome.json["image"]["format"] == "png"


PNG = picture_bytes()
JPEG = picture_bytes(size=(200, 100), kind="JPEG")
BAD_INPUTS = {
    "no picture": ({}, "missing_image", "input"),
    "two pictures": ({"data_url": data_url(PNG), "image_base64": "AAAA"}, "too_many_images", None),
    "not a string": ({"data_url": 7}, "invalid_input", "input.data_url"),
    "a list": ({"data_url": [data_url(PNG)]}, "invalid_input", "input.data_url"),
    "no picture, whatever it is declared as": (
        {"data_url": "data:image/png;base64,AAAA"},
        "not_an_image",
        "input.data_url",
    ),
    "broken base64": ({"image_base64": "AAAA%AAA"}, "bad_base64", "input.image_base64"),
    "empty": ({"image_base64": ""}, "empty_image", "input.image_base64"),
    "truncated png": ({"data_url": data_url(PNG[:-20])}, "truncated_image", "input.data_url"),
    "truncated jpeg": ({"data_url": data_url(JPEG[: len(JPEG) // 2], "jpeg")}, "truncated_image", "input.data_url"),
    "not a picture": ({"image_base64": "aGVsbG8gd29ybGQh"}, "not_an_image", "input.image_base64"),
    "prompt of 1 MB": ({"data_url": data_url(PNG), "prompt": "x" * 1_000_000}, "prompt_too_long", "input.prompt"),
    "prompt of too many tokens": ({"data_url": data_url(PNG), "prompt": "§ " * 2000}, "prompt_too_long", None),
    "number as string": ({"data_url": data_url(PNG), "max_length": "40"}, "invalid_input", "input.max_length"),
    "half a number": ({"data_url": data_url(PNG), "max_length": 4.5}, "invalid_input", "input.max_length"),
    "a private url": ({"image_url": "http://127.0.0.1/a.jpg"}, "forbidden_address", "input.image_url"),
}


@pytest.mark.parametrize("name", BAD_INPUTS)
def test_bad_input_is_a_typed_error_with_the_fields_path(name):
    job_input, code, field = BAD_INPUTS[name]
    outcome = run_input(job_input)
    assert outcome.code == 1
    assert outcome.error["code"] == code, outcome.error
    assert outcome.error["retryable"] is False
    if field is not None:
        assert outcome.error.get("field", "") == field
    assert "caption" not in outcome.json
    assert re.search(r"must be|send|write|encode|shorten|remove|check|give|open|keep", outcome.error["message"]), (
        "no remedy"
    )


@pytest.mark.parametrize(
    "text", ["", "nonsense", '{"input": {"max_length": NaN}}', "[" * 100_000, '{"input":' * 5000, "\x00"]
)
def test_text_that_is_not_json_is_invalid_json(text):
    outcome = vignette("run", "-", stdin=text)
    assert outcome.code == 1
    assert outcome.error["code"] == "invalid_json"


def test_a_bomb_is_refused_by_its_header_before_it_is_decoded():
    header = b"IHDR" + (50_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    bomb = PNG[:12] + header + zlib.crc32(header).to_bytes(4, "big") + PNG[33:]
    outcome = run_input({"image_base64": base64.b64encode(bomb).decode()})
    assert outcome.error["code"] == "too_many_pixels"
    assert "50000 x 50000" in outcome.error["message"]


def test_usage_errors_say_what_to_do_and_exit_with_2(tmp_path):
    nothing = vignette("run", cwd=tmp_path)
    assert nothing.code == 2 and "test_input.json" in nothing.stderr
    missing = vignette("run", tmp_path / "none.json")
    assert missing.code == 2 and "none.json" in missing.stderr
    both = vignette("run", "--test_input", "{}", "test/events/scene-1.json")
    assert both.code == 2
    assert vignette("run", "--no-such-option").code == 2
    assert vignette().code == 2


def test_an_unknown_model_names_the_places_that_were_searched(scene):
    outcome = run_input(scene, env={"VIGNETTE_MODEL": "no-such-model"})
    assert outcome.code == 1
    assert outcome.error["code"] == "model_not_found"
    assert "models" in outcome.error["message"]


def test_a_gpu_that_is_not_there_is_a_clear_error(scene):
    outcome = vignette("run", "--device", "cuda", "test/events/scene-1.json")
    if outcome.code == 0:  # this machine has one
        assert outcome.json["model_info"]["device"].startswith("cuda")
    else:
        assert outcome.error["code"] == "unavailable"


def test_a_batch_answers_each_picture_in_order_and_one_bad_one_spoils_no_other(scene):
    images = [{"id": "first", "image": scene["data_url"]}, "bm8gcGljdHVyZQ==", scene["data_url"]]
    outcome = run_input({"images": images, "num_beams": 1})
    results = outcome.json["results"]
    assert outcome.code == 1, "one of them failed"
    assert (outcome.json["count"], outcome.json["failed"]) == (3, 1)
    assert results[0]["id"] == "first"
    assert results[0]["caption"] == results[2]["caption"] == run_input({**scene, "num_beams": 1}).json["caption"]
    assert results[1]["error"]["field"] == "input.images[1]"


def test_an_empty_batch_says_what_to_do():
    outcome = run_input({"images": []})
    assert outcome.code == 1
    assert outcome.error["code"] == "missing_image" and outcome.error["field"] == "input.images"
