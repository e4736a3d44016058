"""A browser, the built page, the fake platform and the worker: `VIGNETTE_REAL_WORKER` may name another."""

import os
import shlex
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

import site_of_example as example
from fake_runpod.client import ENDPOINT, FakeRunpod
from processes import Program
from stub import Stub
from workers import environment

TEST = Path(__file__).resolve().parents[1]
WORKER = shlex.split(os.environ.get("VIGNETTE_REAL_WORKER", f"{TEST.parent}/build/release/vignette worker"))


@pytest.fixture(scope="session")
def folder():
    return example.built()


@pytest.fixture(scope="session")
def site(folder, tmp_path_factory):
    """The page in front of the platform and a worker with the demo model."""
    with FakeRunpod(key=example.KEY) as platform:
        worker = Program(WORKER, environment(platform, tmp_path_factory.mktemp("worker"), {}))
        page_server = example.Site(folder, platform.endpoint_base, ENDPOINT)
        yield page_server
        page_server.close()
        worker.kill()


@pytest.fixture(scope="session")
def stub():
    stub = Stub()
    yield stub
    stub.close()


@pytest.fixture(scope="session")
def start_stubbed_site(folder, stub):
    started = []

    def start(**settings):
        started.append(example.Site(folder, stub.base, "stubbed", **settings))
        return started[-1]

    yield start
    for site in started:
        site.close()


@pytest.fixture(scope="session")
def stubbed_site(start_stubbed_site):
    return start_stubbed_site()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """A fresh page; what it complained about in its console fails the test."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []
