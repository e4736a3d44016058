"""Pictures by address, for the worker: whoever is slow holds up nobody else, at any number of places."""

import base64
import json

import pytest

from load.dripping import dripping_pages, drips
from places import ROOT
from processes import Program
from workers import environment

SCENE = json.loads((ROOT / "test/events/scene-1.json").read_text())["input"]["data_url"]
OPEN = {"VIGNETTE_ALLOW_PRIVATE_URLS": "1", "VIGNETTE_URL_DEADLINE_S": "600"}


@pytest.mark.parametrize("places", ["1", "2", "8"])
def test_a_job_of_slow_addresses_holds_up_no_other(platform, tmp_path, places):
    environ = environment(platform, tmp_path, OPEN | {"VIGNETTE_CONCURRENCY": places})
    worker = Program([str(ROOT / "build/release/vignette"), "worker"], environ, cwd=tmp_path)
    try:
        with dripping_pages(base64.b64decode(SCENE.split(",")[-1])) as pages:
            slow = platform.submit({"image_urls": drips(pages)})
            for _ in range(8):
                assert pages.dripping.acquire(timeout=60), worker.tail()
            job = platform.submit({"image_url": f"{pages.url}/scene.png"})
            assert platform.wait(job, "COMPLETED", 60)["output"]["caption"]
            assert not pages.let_go.is_set() and pages.lost == 0  # all are still held
            pages.let_go.set()
            assert platform.wait(slow, "COMPLETED", 60)["output"]["failed"] == 64
    finally:
        worker.kill()
