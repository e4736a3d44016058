"""Real clients and the real Python SDK worker, on the fake platform, with the worker under test."""

import pytest

from clients import COMMANDS, Client
from fake_runpod.client import ENDPOINT, FakeRunpod
from workers import start_ours


@pytest.fixture(scope="module")
def platform():
    with FakeRunpod(hold=2.0, lease=5.0) as fake:
        yield fake


@pytest.fixture(scope="module")
def start_worker(platform, tmp_path_factory):
    started = []

    def start(**changes):
        started.append(start_ours(platform, tmp_path_factory.mktemp("worker"), changes))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()


@pytest.fixture(scope="module", params=COMMANDS)
def client_with(request, platform):
    started = []

    def start(key):
        started.append(Client(COMMANDS[request.param](), platform.endpoint_base, ENDPOINT, key))
        return started[-1]

    yield start
    for client in started:
        client.close()


@pytest.fixture(scope="module")
def client(client_with, platform):
    return client_with(platform.key)
