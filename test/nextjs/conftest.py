"""A browser, the built page, the fake platform and the worker: `VIGNETTE_REAL_WORKER` may name another."""

import os
import shlex
from pathlib import Path

import pytest

import site_of_example as example
from browsing import chromium, fresh_page
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
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser):
    with fresh_page(browser) as page:
        yield page
