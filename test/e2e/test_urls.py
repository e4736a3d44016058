"""Pictures by address: what is fetched, what is refused, and that a refused one is not even connected to."""

import http.server
import threading

import pytest

from conftest import ROOT, run_input, vignette

OPEN = {"VIGNETTE_ALLOW_PRIVATE_URLS": "1"}
FILM = (ROOT / "test/fuzz/corpus/film/h264.mp4").read_bytes()
SCENE = (ROOT / "test/events/scene-1.png").read_bytes()


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.heard.append(self.path)
        status, headers, body = {
            "/scene.png": (200, {"Content-Type": "text/plain"}, SCENE),
            "/film.mp4": (200, {"Content-Type": "video/mp4"}, FILM),
            "/moved": (302, {"Location": "/scene.png"}, b""),
            "/round": (302, {"Location": "/round"}, b""),
            "/page.jpg": (200, {"Content-Type": "image/jpeg"}, b"<!doctype html><html><body>no</body></html>"),
            "/secret": (403, {}, b"no"),
            "/busy": (503, {"Retry-After": "0"}, b""),
            "/large": (200, {"Content-Length": str(1 << 40)}, b""),
        }.get(self.path, (404, {}, b"gone"))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def pages():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        server.daemon_threads = True
        server.heard = []
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/scene.png", "/moved"])
def test_a_picture_is_fetched_and_described_like_one_that_was_sent(pages, path, scene):
    outcome = run_input({"image_url": pages.url + path}, env=OPEN)
    assert outcome.code == 0, outcome.stderr
    assert outcome.json["caption"] == run_input(scene).json["caption"]
    assert outcome.json["timings"]["fetch"] > 0


def test_a_private_address_is_refused_without_a_connection(pages):
    error = run_input({"image_url": pages.url + "/scene.png"}).error
    assert (error["code"], error["field"], error["retryable"]) == ("forbidden_address", "input.image_url", False)
    assert pages.heard == []


@pytest.mark.parametrize(
    "path, code, retryable",
    [
        ("/none", "not_found", False),
        ("/secret", "refused", False),
        ("/busy", "unreachable", True),
        ("/large", "too_large", False),
        ("/page.jpg", "not_an_image", False),
        ("/round", "refused", False),
    ],
)
def test_what_went_wrong_has_a_code_of_its_own(pages, path, code, retryable):
    outcome = run_input({"image_url": pages.url + path}, env=OPEN)
    assert (outcome.error["code"], outcome.error["retryable"]) == (code, retryable), outcome.error
    assert outcome.error["field"] == "input.image_url"
    assert outcome.code == 1


def test_a_bad_address_of_a_batch_spoils_no_other(pages, scene):
    urls = [pages.url + path for path in ("/scene.png", "/none", "/scene.png")]
    answer = run_input({"image_urls": urls}, env=OPEN).json
    assert (answer["count"], answer["failed"]) == (3, 1)
    assert answer["results"][1]["error"]["code"] == "not_found"
    assert answer["results"][1]["error"]["field"] == "input.image_urls[1]"
    assert answer["results"][0]["caption"] == answer["results"][2]["caption"]


def test_frames_by_address_are_answered_by_place(pages):
    answer = run_input({"frame_urls": [pages.url + "/none", pages.url + "/scene.png"]}, env=OPEN).json
    assert answer["failed_indices"] == [0]
    assert answer["descriptions"][0] is None and answer["descriptions"][1]


def test_caption_takes_addresses_too(pages):
    outcome = vignette("caption", pages.url + "/scene.png", env=OPEN)
    assert outcome.code == 0, outcome.stderr
    assert pages.heard == ["/scene.png"]


def test_a_film_is_fetched_like_a_picture(pages):
    answer = run_input({"video_url": pages.url + "/film.mp4", "fps": 25}, env=OPEN).json
    assert len(answer["timestamps"]) == 4 and answer["errors"] == []
    refused = run_input({"video_url": "https://10.0.0.1/film.mp4"})
    assert (refused.error["code"], refused.error["field"]) == ("forbidden_address", "input.video_url")


def test_caption_takes_a_films_address_and_a_file_address(pages, tmp_path):
    outcome = vignette("caption", "--fps", "25", pages.url + "/film.mp4", env=OPEN)
    assert outcome.code == 0, outcome.stderr
    lines = outcome.stdout.splitlines()
    assert len(lines) == 4 and lines[0].startswith(pages.url + "/film.mp4@0.0s: ")
    (tmp_path / "film.mp4").write_bytes(FILM)
    named = vignette("caption", "--fps", "25", "--allow-files", tmp_path, f"file://{tmp_path}/film.mp4")
    assert [line.split("@")[1] for line in named.stdout.splitlines()] == [line.split("@")[1] for line in lines], (
        named.stderr
    )
