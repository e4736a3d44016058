"""Pictures by address: whoever is slow holds up nobody else."""

import pytest

from asking import ask
from load.dripping import dripping_pages, drips
from processes import until
from serving import ROOT, WHOLE, serving

OPEN = {"VIGNETTE_ALLOW_PRIVATE_URLS": "1", "VIGNETTE_URL_DEADLINE_S": "600"}
FILM = ROOT / "test/fuzz/corpus/film/h264.mp4"
DRIPS_AT_ONCE = 8  # of one job


@pytest.fixture
def pages(picture):
    with dripping_pages(picture.read_bytes()) as pages:
        yield pages


@pytest.mark.parametrize("places", [1, 2, 8])
def test_a_job_of_slow_addresses_holds_up_no_other(pages, places):
    with serving(WHOLE, "--concurrency", str(places), environment=OPEN) as server:
        job = ask(f"{server}/v2/e/run", {"input": {"image_urls": drips(pages)}})[1]["id"]
        for _ in range(DRIPS_AT_ONCE):
            assert pages.dripping.acquire(timeout=60)
        for _ in range(3):
            status, answer = ask(f"{server}/caption", {"image_url": f"{pages.url}/scene.png", "cache": False})
            assert status == 200 and answer["caption"], answer
            assert answer["timings"]["fetch"] > 0
        assert ask(f"{server}/v2/e/status/{job}")[1]["status"] == "IN_PROGRESS"
        assert not pages.let_go.is_set() and pages.lost == 0  # all are still held
        pages.let_go.set()
        output = ask(f"{server}/v2/e/status-sync/{job}")[1]["output"]
        assert (output["count"], output["failed"]) == (64, 64)


def test_a_film_that_drips_holds_up_no_picture(pages):
    with serving(WHOLE, "--concurrency", "1", environment=OPEN) as server:
        job = ask(f"{server}/v2/e/run", {"input": {"video_url": drips(pages)[0]}})[1]["id"]
        assert pages.dripping.acquire(timeout=60)
        status, answer = ask(f"{server}/caption", {"image_url": f"{pages.url}/scene.png"})
        assert status == 200 and answer["caption"], answer
        assert pages.lost == 0
        assert ask(f"{server}/v2/e/cancel/{job}", {})[1]["status"] == "CANCELLED"
        until(lambda: pages.lost, "the end of its fetch")


def test_a_film_by_address_is_described_frame_by_frame():
    with (
        dripping_pages(FILM.read_bytes()) as pages,
        serving(WHOLE, "--concurrency", "1", environment=OPEN) as server,
    ):
        output = ask(f"{server}/v2/e/runsync", {"input": {"video_url": f"{pages.url}/film.mp4", "fps": 25}})[1][
            "output"
        ]
        assert len(output["timestamps"]) == 4 and output["errors"] == []
