"""The requests in docs/deploy-runpod.md, word for word, against the fake platform and the worker with its model."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from fake_runpod.client import FakeRunpod
from places import ROOT
from processes import Program
from workers import SDKS, environment

WORKER = shlex.split(os.environ.get("VIGNETTE_REAL_WORKER", f"{ROOT}/build/release/vignette worker"))
GUIDE = (ROOT / "docs/deploy-runpod.md").read_text()
ASKING = GUIDE[GUIDE.index("## 5. Ask it") : GUIDE.index("## Limits")]
TRUE = dict(re.findall(r"`scene-(\d)\.json` .*\| (.+) \|", (ROOT / "test/events/README.md").read_text()))


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", ASKING, re.DOTALL)


@pytest.fixture(scope="module")
def ask_with(tmp_path_factory):
    """Runs a program against an endpoint whose worker has the demo model; its output."""
    with FakeRunpod() as platform:
        worker = Program(WORKER, environment(platform, tmp_path_factory.mktemp("worker"), {}))
        variables = {**os.environ, "RUNPOD_URL": platform.endpoint, "RUNPOD_API_KEY": platform.key}

        def ask(*command):
            done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield ask
        worker.kill()


def test_the_shell_example_describes_the_sample(ask_with):
    (curl,) = [block for block in blocks("sh") if "curl" in block]
    assert json.loads(ask_with("sh", "-c", curl))["output"]["caption"] == TRUE["3"]


def test_the_python_examples_describe_one_picture_and_several(ask_with):
    lines = ask_with(sys.executable, "-c", "\n".join(blocks("python"))).splitlines()
    assert lines == [TRUE["5"], *(f"{number} {TRUE[number]}" for number in "123")]


def test_the_javascript_example_writes_the_caption_as_it_comes(ask_with):
    (program,) = blocks("js")
    words, result = ask_with("node", "--input-type=module", "-e", program).strip().splitlines()
    assert words.strip() == TRUE["5"]
    assert json.loads(result)["caption"] == TRUE["5"]


def test_the_hub_listing_names_the_pools_and_the_card_that_the_next_sdk_knows():
    program = """
import json
from runpod.apps.gpu import GpuGroup, GpuType
print(json.dumps([[pool.value for pool in GpuGroup.all()], [card.value for card in GpuType]]))
"""
    told = subprocess.run([SDKS["2.0.0rc2"], "-c", program], capture_output=True, text=True, timeout=60, check=True)
    pools, cards = json.loads(told.stdout.splitlines()[-1])
    listing = json.loads((ROOT / ".runpod/hub.json").read_text())
    assert sorted(listing["config"]["gpuIds"].split(",")) == sorted(pools)
    assert json.loads((ROOT / ".runpod/tests.json").read_text())["config"]["gpuTypeId"] in cards
