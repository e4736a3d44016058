"""Films of drawn scenes: described frame by frame, in order, by job and on the command line."""

import base64
import json
import math
import os
import random
import shutil
import subprocess

import pytest

from conftest import ROOT, data_url, picture_bytes, run_input, vignette
from media import films
from scenes.draw import draw_scene

SECONDS = 2  # of each scene


@pytest.fixture(scope="session")
def drawn():
    """Five scenes on different backgrounds, one after the other, so that each begins with a cut."""
    rng = random.Random(11)
    chosen = []
    while len(chosen) < 5:
        scene = draw_scene(rng)
        if not chosen or chosen[-1].caption.split()[-2] != scene.caption.split()[-2]:
            chosen.append(scene)
    return chosen


def frames_of(drawn, rate=12):
    return [(n * SECONDS + k / rate, scene.image) for n, scene in enumerate(drawn) for k in range(SECONDS * rate)]


@pytest.fixture(scope="session")
def film(drawn, tmp_path_factory):
    path = tmp_path_factory.mktemp("films") / "scenes.mp4"
    films.write_film(path, frames_of(drawn), rate=12, crf=16, bf=2, g=48)
    return path


def sent(path, kind="mp4"):
    return f"data:video/{kind};base64," + base64.b64encode(path.read_bytes()).decode()


def captions(drawn):
    return [scene.caption for scene in drawn]


@pytest.mark.parametrize(
    ("codec", "name", "told"),
    [
        ("mpeg1video", "old.mkv", "mpeg1video"),
        ("msmpeg4", "old.avi", "msmpeg4v3"),
        ("msmpeg4v2", "old.avi", "msmpeg4v2"),
    ],
)
def test_old_codecs_are_read(codec, name, told, drawn, tmp_path):
    path = tmp_path / name
    films.write_film(path, frames_of(drawn[:2], rate=25), codec=codec, rate=25, b=2_000_000)
    answer = run_input({"video": sent(path), "keep_duplicates": False}).json
    assert answer["video"]["codec"] == told
    assert answer["descriptions"][::SECONDS] == captions(drawn[:2])


def test_one_frame_a_second_with_true_captions_in_order(film, drawn):
    outcome = run_input({"video": sent(film)})
    assert outcome.code == 0, outcome.stderr
    answer = outcome.json
    assert answer["timestamps"] == list(range(10))
    assert answer["descriptions"] == [caption for caption in captions(drawn) for _ in range(SECONDS)]
    assert answer["duplicates"] == [[odd, odd - 1] for odd in range(1, 10, 2)]
    assert (answer["count"], answer["errors"], answer["failed_indices"]) == (10, [], [])
    video = answer["video"]
    assert (video["width"], video["height"], video["container"], video["codec"]) == (192, 192, "mp4", "h264")
    assert video["fps"] == pytest.approx(12, rel=1e-3) and video["duration"] == pytest.approx(10, abs=0.1)
    assert answer["model_info"]["model"] == "demo-blip2" and "warnings" not in answer


def test_keyframes_are_the_scenes(film, drawn):
    answer = run_input({"video": sent(film), "keyframes": True}).json
    assert answer["descriptions"] == captions(drawn)
    assert answer["timestamps"] == pytest.approx([0, 2, 4, 6, 8], abs=0.001)


def test_given_times_get_the_frame_on_the_screen_and_what_is_beyond_fails_alone(film, drawn):
    outcome = run_input({"video": sent(film), "timestamps": [1.99, 2.05, 8.5, 60]})
    answer = outcome.json
    assert answer["descriptions"] == [captions(drawn)[n] for n in (0, 1, 4)] + [None]
    assert answer["failed_indices"] == [3] and answer["errors"][0]["error"]["code"] == "invalid_input"
    assert answer["timestamps"] == pytest.approx([23 / 12, 2, 8.5, 60], abs=0.001)
    assert outcome.code == 1


def test_max_frames_cuts_and_says_so(film, drawn):
    answer = run_input({"video": sent(film), "fps": 12, "max_frames": 3, "keep_duplicates": True}).json
    assert answer["descriptions"] == captions(drawn)[:1] * 3 and answer["duplicates"] == []
    assert [warning["field"] for warning in answer["warnings"]] == ["input.max_frames"]


def test_a_vector_of_each_frame(film):
    answer = run_input({"video": sent(film), "keyframes": True, "return_embedding": True}).json
    lengths = [math.sqrt(sum(value * value for value in vector)) for vector in answer["embeddings"]]
    assert lengths == pytest.approx([1] * 5, abs=1e-4)


def test_a_stream_tells_each_frame_on_a_line_of_its_own_before_the_whole(film, drawn):
    lines = run_input({"video": sent(film), "keyframes": True, "stream": True}).stdout.splitlines()
    told = [json.loads(line) for line in lines]
    assert [one["caption"] for one in told[:-1]] == captions(drawn) == told[-1]["descriptions"]
    assert [one["timestamp"] for one in told[:-1]] == told[-1]["timestamps"]


def test_the_command_line_tells_a_line_for_each_frame(film, drawn, tmp_path):
    disguised = tmp_path / "holiday.png"  # the bytes decide
    shutil.copy(film, disguised)
    picture = tmp_path / "picture.png"
    drawn[0].image.save(picture)
    outcome = vignette("caption", "--keyframes", picture, disguised, picture)
    one = f"{picture}: {drawn[0].caption}"
    frames = [f"{disguised}@{n * SECONDS}.0s: {scene.caption}" for n, scene in enumerate(drawn)]
    assert outcome.stdout.splitlines() == [one, *frames, one], outcome.stderr


def test_the_command_line_tells_frames_as_json(film, drawn):
    outcome = vignette("caption", "--json", "--timestamps", "0.5,4.5", film)
    told = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert [(one["timestamp"], one["caption"]) for one in told] == [(0.5, drawn[0].caption), (4.5, drawn[2].caption)]


@pytest.mark.parametrize(
    "name, options",
    [
        ("a.mkv", {"codec": "libx265", "x265-params": "log-level=none", "crf": 18}),
        ("a.webm", {"codec": "libvpx-vp9", "crf": 20}),
        ("a.avi", {"codec": "mjpeg", "qscale": 2}),
        ("a.mov", {"codec": "mpeg4", "qscale": 2, "bf": 2}),
        ("sound.mp4", {"codec": "libx264", "crf": 16, "sound": True}),
    ],
)
def test_each_container_and_codec_says_the_same(name, options, drawn, tmp_path):
    path = tmp_path / name
    films.write_film(path, frames_of(drawn), rate=12, b=2_000_000, **options)
    outcome = vignette("caption", "--fps", 0.5, path)
    assert [line.split(": ")[1] for line in outcome.stdout.splitlines()] == captions(drawn), outcome.stderr


@pytest.mark.parametrize("degrees, back", [(90, 90), (180, 180), (270, 270)])
def test_a_film_that_was_filmed_on_its_side_is_described_upright(degrees, back, drawn, tmp_path):
    path = tmp_path / "turned.mp4"
    lying = drawn[0].image.rotate(back)  # against the clock; the film says to turn it with the clock
    films.write_film(path, [(k / 12, lying) for k in range(12)], rate=12, crf=16, rotation=degrees)
    outcome = vignette("caption", path)
    assert outcome.stdout == f"{path}@0.0s: {drawn[0].caption}\n", outcome.stderr


def test_frames_at_changing_distances_keep_their_times(drawn, tmp_path):
    path = tmp_path / "vfr.mkv"
    times = [0, 0.1, 0.7, 3.25, 3.3]
    films.write_film(path, [(time, scene.image) for time, scene in zip(times, drawn)], rate=30, crf=16)
    answer = run_input({"video": sent(path, "x-matroska"), "fps": 100}).json
    assert answer["timestamps"] == pytest.approx(times, abs=0.002)
    assert answer["descriptions"] == captions(drawn)


def test_a_film_that_was_never_finished_has_no_duration_and_all_its_frames(drawn, tmp_path):
    path = tmp_path / "live.webm"
    films.write_film(path, frames_of(drawn), codec="libvpx", rate=12, box={"live": "1"}, crf=10, b=2_000_000)
    answer = run_input({"video": sent(path, "webm")}).json
    assert "duration" not in answer["video"]
    assert answer["descriptions"] == [caption for caption in captions(drawn) for _ in range(SECONDS)]


def test_what_was_described_before_a_film_ends_too_early_stands(drawn, tmp_path):
    path = tmp_path / "cut.mkv"
    films.write_film(path, frames_of(drawn), rate=12, crf=16, g=12)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    outcome = run_input({"video": sent(path, "x-matroska")})
    answer = outcome.json
    assert answer["incomplete"]["code"] == "truncated_image" and outcome.code == 1
    whole = [caption for caption in captions(drawn) for _ in range(SECONDS)]
    assert 1 <= answer["count"] < 10 and answer["descriptions"] == whole[: answer["count"]]


@pytest.mark.parametrize(
    "content, code",
    [
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "unsupported_media"),
        (b"ffconcat version 1.0\nfile '/etc/hostname'\n", "unsupported_media"),
        (picture_bytes(), "unsupported_media"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomavc1", "undecodable_image"),
    ],
)
def test_what_is_no_film_is_told_so_and_nothing_else_is_opened(content, code):
    error = run_input({"video": base64.b64encode(content).decode()}).error
    assert (error["code"], error["field"]) == (code, "input.video")
    assert "passwd" not in error["message"] and "/" not in error["message"].replace("http://", "")


def test_too_many_pixels_are_refused_before_decoding(tmp_path):
    path = tmp_path / "large.avi"
    films.write_film(path, [(0, films.plain((9, 9, 9), (8200, 4400)))], codec="mjpeg", rate=12)
    error = run_input({"video": sent(path, "avi")}).error
    assert error["code"] == "too_many_pixels"


def test_five_minutes_of_film_need_no_more_memory_than_one_and_say_what_they_show():
    """scripts/check-film, short: order, duplicates, captions and memory."""
    seed = os.environ.get("VIGNETTE_TEST_SEED", "1")
    command = [ROOT / "scripts" / "check-film", "--seconds", "300", "--seed", seed]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as it must be" in done.stdout and "times as fast" in done.stdout


def test_a_picture_as_a_film_and_a_film_as_a_picture_say_what_they_are(film):
    as_film = run_input({"video": data_url(picture_bytes())}).error
    assert as_film["code"] == "unsupported_media" and "not a film" in as_film["message"]
    as_picture = run_input({"image": base64.b64encode(film.read_bytes()).decode()}).error
    assert as_picture["code"] == "unsupported_media" and "video" in as_picture["message"]
