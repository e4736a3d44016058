"""What is printed arrives, or the exit code says that it did not; and each line of JSON says what it is about."""

import json
import os
import subprocess
import threading

import pytest

from conftest import PROGRAM, ROOT, picture_bytes, vignette
from media import films

SCENE = ROOT / "test/events/scene-1.png"


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("films") / "red.mp4"
    films.write_film(path, [(n / 4, films.plain((200, 30, 40), (64, 64))) for n in range(8)], rate=4)
    return path


def lines(outcome):
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def test_each_line_of_json_names_its_file_and_place(tmp_path):
    (tmp_path / "bad.png").write_bytes(picture_bytes()[:-30])
    odd = os.fsencode(tmp_path) + b"/\xff.png"
    with open(odd, "wb") as file:
        file.write(picture_bytes())
    names = ["none.png", "bad.png", str(SCENE), "http://127.0.0.1:1/a.png", os.fsdecode(odd)]
    outcome = vignette("caption", "--json", *names, cwd=tmp_path)
    told = lines(outcome)
    assert outcome.code == 1
    assert [one["file"] for one in told[:4]] == names[:4] and "\ufffd" in told[4]["file"]
    assert [one["index"] for one in told] == [0, 1, 2, 3, 4]
    assert [list(one)[:2] for one in told] == [["file", "index"]] * 5
    assert ["error" in one for one in told] == [True, True, False, True, False]


def test_vectors_name_their_file_or_text():
    told = lines(vignette("embed", SCENE, "--text", "a red circle"))
    assert [(one.get("file"), one.get("text"), one["index"]) for one in told] == [
        (str(SCENE), None, 0),
        (None, "a red circle", 1),
    ]


def test_each_frame_names_its_film_and_a_film_that_fails_has_a_line(film, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(film.read_bytes()[:300])
    outcome = vignette("caption", "--json", "--timestamps", "0,1", SCENE, film, broken)
    told = lines(outcome)
    assert [(one["file"], one["index"], one.get("timestamp")) for one in told] == [
        (str(SCENE), 0, None),
        (str(film), 1, 0),
        (str(film), 1, 1),
        (str(broken), 2, None),
    ]
    assert told[3]["error"]["code"] and outcome.code == 1
    assert str(broken) in outcome.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["doctor"],
        ["models", "list"],
        ["models", "show", "demo-blip2"],
        ["caption", SCENE, SCENE],
        ["caption", "--json", SCENE],
        ["embed", "--text", "x"],
        ["run", "test/events/scene-1.json"],
    ],
    ids=lambda arguments: " ".join(map(str, arguments)),
)
def test_a_full_disk_is_an_error(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("No space left on device") == 1


def test_no_standard_output_is_an_error():
    done = subprocess.run(
        ["bash", "-c", '"$0" "$@" >&-', PROGRAM, "caption", SCENE], stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "standard output cannot be written" in done.stderr


def test_a_reader_that_goes_away_ends_the_work():
    process = subprocess.Popen(
        [PROGRAM, "caption", *[SCENE] * 200], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=60) == 1
    assert errors.count("standard output cannot be written") == 1


def said(output):
    return [line.split(": ", 1)[1] for line in output.splitlines()]


def test_pipes_and_standard_input_are_pictures_and_films_too(film, tmp_path):
    for path in (SCENE, film):
        expected = said(vignette("caption", path).stdout)
        pipe = tmp_path / f"{path.name}.pipe"
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_bytes, args=[path.read_bytes()])
        writer.start()
        by_pipe = vignette("caption", pipe)
        writer.join(timeout=30)
        assert said(by_pipe.stdout) == expected != [], by_pipe.stderr
        for name in ("-", "/dev/stdin"):
            done = subprocess.run(
                [PROGRAM, "caption", name], input=path.read_bytes(), cwd=ROOT, capture_output=True, timeout=60
            )
            assert said(done.stdout.decode()) == expected, done.stderr


def test_files_of_this_machine_keep_to_the_limits_that_were_given(film, tmp_path):
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    small.write_bytes(picture_bytes(size=(8, 8)))
    large.write_bytes(picture_bytes(size=(40, 40)) + bytes(4000))  # what follows a picture is not read
    for option, code in (("--max-bytes=2000", "too_large"), ("--max-pixels=100", "too_many_pixels")):
        told = lines(vignette("caption", "--json", option, small, large, film))
        assert [one.get("error", {}).get("code") for one in told[:2]] == [None, code]
        assert told[2]["file"] == str(film) and ("error" in told[2]) == (
            film.stat().st_size > 2000 or "pixels" in option
        )
