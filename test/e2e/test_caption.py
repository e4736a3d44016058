"""`vignette caption` and the small commands."""

import json
import os
import subprocess

from conftest import PROGRAM, ROOT, picture_bytes, vignette

SCENES = sorted((ROOT / "test/events").glob("scene-*.*g"))


def test_one_line_a_picture_in_the_order_they_were_named():
    outcome = vignette("caption", *reversed(SCENES))
    assert outcome.code == 0, outcome.stderr
    assert [line.split(": ")[0] for line in outcome.stdout.splitlines()] == [str(scene) for scene in reversed(SCENES)]


def test_json_gives_the_result_objects():
    outcome = vignette("caption", "--json", "--tokens", *SCENES)
    results = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert len(results) == len(SCENES)
    assert all(result["caption"] and result["tokens"] for result in results)


def test_company_in_the_engine_does_not_change_what_is_said():
    alone = vignette("caption", "--parallel", 1, *SCENES)
    together = vignette("caption", "--parallel", 6, *SCENES)
    assert alone.stdout == together.stdout


def test_a_bad_file_spoils_only_itself(tmp_path):
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes(picture_bytes())
    bad.write_bytes(picture_bytes()[:-30])
    outcome = vignette("caption", bad, good, tmp_path / "none.png")
    assert outcome.code == 1
    assert len(outcome.stdout.splitlines()) == 1 and outcome.stdout.startswith(str(good))
    assert "truncated_image" in outcome.stderr and "none.png" in outcome.stderr


def test_help_teaches_and_does_not_wait_for_torch():
    outcome = vignette("--help", env={"LD_DEBUG": "libs"})
    assert outcome.code == 0
    assert "vignette caption photo.jpg" in outcome.stdout
    assert "libc.so" in outcome.stderr  # the loader told what it opened
    assert "libtorch" not in outcome.stderr and "opencv" not in outcome.stderr


def test_doctor_says_ready():
    outcome = vignette("doctor")
    assert outcome.code == 0, outcome.stdout
    assert "Ready" in outcome.stdout


def test_doctor_names_what_is_missing_and_the_remedy():
    outcome = vignette("doctor", env={"VIGNETTE_MODEL": "no-such-model"})
    assert outcome.code == 1
    assert "FAILED" in outcome.stdout and "vignette models add" in outcome.stdout


def peak_memory_mib(arguments):
    """The most memory the program had at once, as the system counted it."""
    process = subprocess.Popen(
        [PROGRAM, *map(str, arguments)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_maxrss / 1024


def test_memory_stays_flat_however_many_bad_pictures_come(tmp_path):
    content = picture_bytes(size=(500, 500))
    bad = []
    for number in range(400):
        file = tmp_path / f"{number}.png"
        file.write_bytes(content[: 40 + number])
        bad.append(file)
    few = peak_memory_mib(["caption", "--threads", 1, *bad[:4]])
    many = peak_memory_mib(["caption", "--threads", 1, *bad])
    assert many - few < 16
