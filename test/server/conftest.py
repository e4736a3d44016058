"""Servers and a browser for a whole file of tests."""

import base64
import json

import pytest
from playwright.sync_api import sync_playwright

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
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    """A page on which nothing may go wrong unseen."""
    opened = browser.new_page()
    problems = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened
    opened.close()
    assert problems == []


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    scene = json.loads((ROOT / "test/events/scene-1.json").read_text())["input"]
    file = tmp_path_factory.mktemp("picture") / "scene.png"
    file.write_bytes(base64.b64decode(scene["data_url"].split(",")[-1]))
    return file
