"""Weights that are cut short while they are mapped: an error, never a signal that ends the process, nor wrong words."""

import base64
import subprocess

import pytest

from asking import ask
from damaged import cut_short, cutting_shim, own_bundle
from serving import WHOLE, free_port, serving


@pytest.fixture
def bundle(tmp_path):
    return own_bundle(tmp_path)


def test_a_caption_whose_weights_are_cut_short_meanwhile_is_an_error_that_names_the_file(bundle, tmp_path, picture):
    done = subprocess.run(
        [WHOLE, "caption", "--model", bundle, picture],
        env={"LD_PRELOAD": cutting_shim(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    assert str(bundle / "model.safetensors") + " was cut short" in done.stderr and "copy it again" in done.stderr
    assert done.stdout == ""


def test_a_file_that_is_too_short_is_not_loaded(bundle, picture):
    cut_short(bundle)
    done = subprocess.run([WHOLE, "caption", "--model", bundle, picture], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and str(bundle / "model.safetensors") in done.stderr, done.stderr


def test_a_server_answers_with_an_error_from_then_on_and_ends_as_always(bundle, picture):
    question = {"image": base64.b64encode(picture.read_bytes()).decode(), "cache": False}
    with serving(WHOLE, "--model", str(bundle)) as server:
        assert ask(f"{server}/caption", question)[0] == 200
        cut_short(bundle)
        for _ in range(3):
            status, answer = ask(f"{server}/caption", question)
            assert (status, answer["error"]["code"]) == (500, "model_failed"), answer
            assert str(bundle) not in answer["error"]["message"]
        assert server.logged().count("was cut short") == 1 and str(bundle / "model.safetensors") in server.logged()
        server.process.terminate()
        assert server.process.wait(30) == 0


def test_a_server_whose_weights_are_cut_short_while_they_are_loaded_ends_with_1(bundle, tmp_path):
    done = subprocess.run(
        [WHOLE, "serve", "--port", str(free_port()), "--model", bundle],
        env={"LD_PRELOAD": cutting_shim(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    assert "was cut short" in done.stderr
