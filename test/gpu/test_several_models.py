"""Models that share a card: side by side where they fit; otherwise one that nobody uses makes room; and what can never
fit is told before anything of it is uploaded."""

import base64
import json
import urllib.error
import urllib.request

import pytest

from noop_card import CARDS, Card
from program import PROGRAM
from serving import serving


@pytest.fixture
def ask(picture):
    """A model's caption of the picture, or the error."""
    encoded = base64.b64encode(picture.read_bytes()).decode()

    def answer(url, model):
        body = json.dumps({"image": encoded, "model": model, "max_length": 4}).encode()
        try:
            with urllib.request.urlopen(url + "/caption", body, timeout=120) as response:
                return json.load(response)["caption"].split()
        except urllib.error.HTTPError as refused:
            return json.load(refused)["error"]

    return answer


@pytest.fixture
def serve_on(bundle_of):
    def serve(card: Card, *families, models_max=2):
        folders = [bundle_of(family) for family in families]
        options = ["--device", "cuda", "--model", folders[0], "--models-max", models_max]
        environment = card.environment() | {"VIGNETTE_MODELS": str(folders[0].parent)}
        return serving(PROGRAM, *map(str, options), environment=environment)

    return serve


@pytest.mark.parametrize("card, other", [("24 GB", "blip"), ("80 GB", "blip2-opt")])
def test_two_captioners_open_beside_each_other(card, other, serve_on, ask):
    with serve_on(CARDS[card], "llava-mistral", other) as url:
        for _ in range(2):
            assert ask(url, "llava-mistral") == ask(url, other) == ["w0"] * 4
        assert "makes room" not in url.logged()


def test_where_two_do_not_fit_the_unused_one_makes_room(serve_on, ask):
    with serve_on(CARDS["16 GB"], "blip2-t5", "blip2-opt") as url:
        assert ask(url, "blip2-opt") == ask(url, "blip2-t5") == ["w0"] * 4
        assert url.logged().count("makes room") == 2


def test_what_can_never_fit_is_told_with_its_numbers_and_nothing_makes_room_for_it(serve_on, ask):
    with serve_on(CARDS["16 GB"], "blip", "llava-vicuna") as url:
        error = ask(url, "llava-vicuna")
        assert error["code"] == "unsupported" and not error["retryable"]
        assert "makes room" not in url.logged()
        assert "llava-v1.6-vicuna-7b-hf needs 16.6 GiB of the GPU (13.1 GiB for its weights)" in error["message"], error
        assert ask(url, "blip") == ["w0"] * 4
