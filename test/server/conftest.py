"""Servers for a whole file of tests."""

import pytest

from serving import SCRIPTED, WHOLE, serving


@pytest.fixture(scope="module")
def scripted_server():
    with serving(SCRIPTED) as url:
        yield url


@pytest.fixture(scope="module")
def demo_server():
    with serving(WHOLE) as url:
        yield url
