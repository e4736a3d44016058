"""A card that fails for good, as after an illegal access: one clear error that says to try again, and nothing of CUDA's
advice to those who build it."""

import base64
import json
import urllib.error
import urllib.request

import pytest

from noop_card import BUDGET_CARD, ONE
from program import PROGRAM
from serving import serving

LOST = "the GPU failed and answers nothing any more"


def check(error):
    assert (error["code"], error["retryable"]) == ("device_lost", True)
    assert LOST in error["message"] and "illegal memory access" in error["message"]
    assert "DSA" not in error["message"]


@pytest.mark.parametrize("family", ["blip2-opt", "llava-mistral"])
def test_a_card_lost_in_a_step(family, bundle_of, picture):
    done = BUDGET_CARD.caption(bundle_of(family), picture, "--max_length", 12, lost_at=5)
    assert done.returncode == 1
    check(json.loads(done.stdout)["error"])


def test_pictures_after_the_loss_say_the_same(bundle_of, picture):
    command = [PROGRAM, "caption", "--json", "--device", "cuda", "--model", bundle_of("blip"), *[picture] * 4]
    done = BUDGET_CARD.run([*command, "--parallel", 1, "--max_length", 12], lost_at=20)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == 4
    assert "caption" in results[0]
    for result in results[2:]:
        check(result["error"])


def test_a_server_answers_and_ends_so_that_it_is_started_anew(bundle_of, picture):
    options = ["--device", "cuda", "--model", str(bundle_of("blip"))]
    with serving(PROGRAM, *options, environment=BUDGET_CARD.environment(lost_at=20)) as url:
        body = json.dumps({"image": base64.b64encode(picture.read_bytes()).decode(), "max_length": 30}).encode()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url + "/caption", body, timeout=60)
        check(json.load(refused.value)["error"])
        assert url.process.wait(timeout=60) == 1
        assert "the GPU is lost" in url.logged()


def test_a_card_lost_while_vectors_are_made(bundle_of, picture):
    command = [PROGRAM, "embed", "--device", "cuda", "--embedder", bundle_of("clip"), picture]
    done = BUDGET_CARD.run(command, word=ONE, lost_at=1)
    check(json.loads(done.stdout)["error"])
