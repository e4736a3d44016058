"""Servers and a browser for a whole file of tests."""

import base64
import json

import pytest

from browsing import chromium, fresh_page
from serving import ROOT, SCRIPTED, WHOLE, serving


@pytest.fixture(scope="module")
def scripted_server():
    with serving(SCRIPTED) as url:
        yield url


@pytest.fixture(scope="module")
def demo_server():
    with serving(WHOLE) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser):
    with fresh_page(browser) as page:
        yield page


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    scene = json.loads((ROOT / "test/events/scene-1.json").read_text())["input"]
    file = tmp_path_factory.mktemp("picture") / "scene.png"
    file.write_bytes(base64.b64decode(scene["data_url"].split(",")[-1]))
    return file
