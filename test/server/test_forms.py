"""Pictures as files of a form, from the clients that people use, and answers that come line by line."""

import json
import re
import socket
import subprocess
from urllib.parse import urlsplit

import httpx
import pytest
import requests

from pictures import batch, data_url, png
from processes import until
from serving import ROOT, SCRIPTED, get, serving

ROUTE = "/batch_embed_and_caption_multipart"
LINES = {"Accept": "application/x-ndjson"}
EVENTS = {"Accept": "text/event-stream"}


def files(*names):
    return [("files[]", (name, png(), "image/png")) for name in names]


def check(answer, names):
    assert (answer["count"], answer["failed"]) == (len(names), 0)
    assert [one["id"] for one in answer["results"]] == names
    for one in answer["results"]:
        assert one["caption"] == "two files" and one["embedding"] == [0.6, 0.8]


def test_requests_sends_files(scripted_server):
    answer = requests.post(
        scripted_server + ROUTE,
        files=files("a.png", "größe 写真.png"),
        data={"prompt": "text=two files;decode", "max_length": 40},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    check(answer.json(), ["a.png", "größe 写真.png"])


def test_httpx_sends_files(scripted_server):
    answer = httpx.post(
        scripted_server + ROUTE, files=files("a.png", 'b "quoted".png'), data={"prompt": "text=two files"}, timeout=60
    )
    assert answer.status_code == 200, answer.text
    assert [one["caption"] for one in answer.json()["results"]] == ["two files"] * 2


def test_curl_sends_files(scripted_server, tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png())
    command = ["curl", "-sS", scripted_server + ROUTE, "-F", "prompt=text=two files;decode"]
    for name in ("a.png", "b.png"):
        command += ["-F", f"files[]=@{tmp_path / name}"]
    check(json.loads(subprocess.run(command, check=True, capture_output=True).stdout), ["a.png", "b.png"])


def test_the_form_and_the_json_are_answered_alike(scripted_server):
    form = requests.post(scripted_server + ROUTE, files=files("a"), data={"prompt": "text=x"}, timeout=60).json()
    body = {"images": [{"id": "a", "data_url": data_url()}], "prompt": "text=x"}
    plain = requests.post(scripted_server + "/batch_embed_and_caption", json=body, timeout=60).json()
    assert form.keys() == plain.keys()
    assert form["results"][0].keys() == plain["results"][0].keys()


@pytest.mark.parametrize(
    "data, given, code, field",
    [
        ({"max_length": "many"}, files("a"), "invalid_input", "input.max_length"),
        ({"temperature": "101"}, files("a"), "invalid_input", "input.temperature"),
        ({}, [("picture", ("a.png", png(), "image/png"))], "invalid_input", "picture"),
        ({}, [("prompt", (None, "no file"))], "missing_image", "files[]"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused(scripted_server, data, given, code, field):
    answer = requests.post(scripted_server + ROUTE, files=given, data=data, timeout=60)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == (code, field)


def test_json_to_the_route_of_forms_is_refused(scripted_server):
    answer = requests.post(scripted_server + ROUTE, json={}, timeout=60)
    assert answer.status_code == 400 and "multipart/form-data" in answer.json()["error"]["message"]


def test_a_bad_file_spoils_only_itself(scripted_server):
    given = [*files("good.png"), ("files[]", ("bad.png", b"no picture", "image/png"))]
    answer = requests.post(scripted_server + ROUTE, files=given, data={"prompt": "decode"}, timeout=60).json()
    good, bad = answer["results"]
    assert answer["failed"] == 1 and "caption" in good
    assert bad["error"]["code"] == "not_an_image" and bad["error"]["field"] == "files[1]"


def lines_of(answer):
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.iter_lines()]


def test_lines_come_as_items_are_done(scripted_server):
    body = batch("sleep=300;text=slow", "text=quick", None)
    answer = requests.post(
        scripted_server + "/batch_embed_and_caption", json=body, headers=LINES, stream=True, timeout=60
    )
    lines = lines_of(answer)
    assert len(lines) == 3 and lines[-1]["id"] == "a"
    results = {line["id"]: line["result"] for line in lines}
    assert results["a"]["caption"] == "slow" and results["b"]["caption"] == "quick"
    assert results["c"]["error"]["code"] == "missing_image"


def test_a_form_is_answered_in_lines_too(scripted_server):
    answer = requests.post(scripted_server + ROUTE, files=files("a", "b"), headers=LINES, stream=True, timeout=60)
    assert sorted(line["id"] for line in lines_of(answer)) == ["a", "b"]


class SlowForm:
    """A client that sends its form bit by bit and reads what the server says meanwhile."""

    def __init__(self, server, chunked, accept="application/x-ndjson", length=None):
        parts = urlsplit(server)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=60)
        self.answer = self.socket.makefile("rb")
        self.chunked = chunked
        size = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {length}"
        head = f"POST {ROUTE} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n{size}\r\n"
        self.socket.sendall((head + "Content-Type: multipart/form-data; boundary=XX\r\n\r\n").encode())

    def send(self, text):
        self.socket.sendall(b"%x\r\n%b\r\n" % (len(text), text) if self.chunked else text)

    def head(self):
        lines = list(iter(self.answer.readline, b"\r\n"))
        return int(lines[0].split()[1])

    def line(self):
        """The next line of the answer, which comes in a chunk of its own."""
        size = int(self.answer.readline(), 16)
        text = self.answer.read(size)
        assert self.answer.readline() == b"\r\n"
        return json.loads(text) if text else None


def form_part(name, content, filename=None):
    named = f'; filename="{filename}"' if filename else ""
    return f'--XX\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"


@pytest.mark.parametrize("chunked", [True, False])
def test_a_picture_is_described_while_the_next_is_still_coming(scripted_server, chunked):
    first = form_part("prompt", b"text=a cat;decode") + form_part("files[]", png(), "a.png") + b"--XX"
    second = b'\r\nContent-Disposition: form-data; name="files[]"; filename="b.png"\r\n\r\n' + png() + b"\r\n--XX--\r\n"
    form = SlowForm(scripted_server, chunked, length=len(first) + len(second))
    form.send(first)
    assert form.head() == 200
    line = form.line()
    assert (line["index"], line["id"], line["result"]["caption"]) == (0, "a.png", "a cat")
    form.send(second[:40])
    form.send(second[40:])
    if chunked:
        form.send(b"")
    line = form.line()
    assert (line["index"], line["id"], line["result"]["caption"]) == (1, "b.png", "a cat")
    assert form.line() is None
    form.socket.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    assert form.head() == 200, "the connection goes on"


def test_a_form_that_breaks_off_stops_its_jobs():
    with serving(SCRIPTED) as url:

        def running():
            return re.search(r"^vignette_jobs_running (\d+)", get(url + "/metrics")[1].decode(), re.MULTILINE)[1]

        form = SlowForm(url, chunked=True)
        form.send(form_part("prompt", b"sleep=60000") + form_part("files[]", png(), "a.png") + b"--XX")
        until(lambda: running() == "1", "the job")
        form.answer.close()
        form.socket.close()
        until(lambda: running() == "0", "the end of the job")


@pytest.mark.parametrize(
    "behind, code",
    [
        (form_part("max_length", b"20") + b"--XX", "invalid_input"),
        (b"--XX\r\nno header\r\n\r\n", "invalid_input"),
        (b"--XX--trailing", "invalid_input"),
    ],
    ids=["field-behind-a-file", "broken-part", "something-at-the-end"],
)
def test_what_is_wrong_behind_a_file_is_the_last_line(scripted_server, behind, code):
    form = SlowForm(scripted_server, chunked=True)
    form.send(form_part("prompt", b"text=a cat") + form_part("files[]", png(), "a.png") + behind[:4])
    assert form.head() == 200 and form.line()["result"]["caption"] == "a cat"
    form.send(behind[4:])
    error = form.line()["error"]
    assert error["code"] == code
    assert form.line() is None


def test_before_the_first_line_what_is_wrong_has_its_status(scripted_server):
    for body, field in [
        (form_part("max_length", b"many") + form_part("files[]", png(), "a.png") + b"--XX--", "input.max_length"),
        (form_part("prompt", b"x") + b"--XX--", "files[]"),
        (b"nothing of the kind", None),
    ]:
        answer = requests.post(
            scripted_server + ROUTE,
            data=body,
            headers={**LINES, "Content-Type": "multipart/form-data; boundary=XX"},
            timeout=60,
        )
        assert answer.status_code == 400 and answer.json()["error"].get("field") == field


def test_many_files_are_answered_in_lines_each_once(scripted_server):
    names = [f"{number}.png" for number in range(60)]
    given = [*files(*names[:30]), ("files[]", ("bad.png", b"no picture", "image/png")), *files(*names[30:])]
    answer = requests.post(
        scripted_server + ROUTE, files=given, data={"prompt": "text=x;decode"}, headers=LINES, timeout=60
    )
    lines = lines_of(answer)
    assert sorted(line["index"] for line in lines) == list(range(61))
    assert {line["index"]: line["id"] for line in lines} == dict(enumerate([*names[:30], "bad.png", *names[30:]]))
    (bad,) = [line["result"]["error"] for line in lines if line["id"] == "bad.png"]
    assert (bad["code"], bad["field"]) == ("not_an_image", "files[30]")


def test_pictures_that_belong_together_wait_for_the_last(scripted_server):
    data = {"together": "true", "prompt": "text=both", "task": "caption"}
    answer = requests.post(scripted_server + ROUTE, files=files("a", "b"), data=data, headers=LINES, timeout=60)
    (line,) = lines_of(answer)
    assert line["result"]["caption"] == "both"


def test_more_files_than_a_job_may_have_are_refused(scripted_server):
    given = files(*[f"{number}" for number in range(257)])
    answer = requests.post(scripted_server + ROUTE, files=given, data={"prompt": "text=x"}, headers=LINES, timeout=60)
    if answer.status_code != 200:  # all came before the first line was ready
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
        return
    *lines, last = lines_of(answer)
    assert last["error"]["code"] == "too_large" and {line["index"] for line in lines} <= set(range(256))


def test_events_are_the_pieces_the_items_and_the_whole(scripted_server):
    body = batch("pieces=a |cat")
    answer = requests.post(scripted_server + "/batch_embed_and_caption", json=body, headers=EVENTS, timeout=60)
    assert answer.headers["content-type"] == "text/event-stream"
    events = [event.split("\n") for event in answer.text.strip().split("\n\n")]
    names = [name.removeprefix("event: ") for name, _ in events]
    data = [json.loads(text.removeprefix("data: ")) for _, text in events]
    assert names == ["item", "item", "item", "result"]
    assert "".join(one.get("text", "") for one in data) == "a cat"
    assert data[-1]["results"][0]["caption"] == "a cat"


def test_a_job_that_cannot_be_read_has_its_status_whatever_was_accepted(scripted_server):
    for headers in (LINES, EVENTS):
        answer = requests.post(scripted_server + "/batch_embed_and_caption", data="{", headers=headers, timeout=60)
        assert answer.status_code == 400 and answer.json()["error"]["code"] == "invalid_json"


def test_the_demo_model_describes_and_embeds_files(demo_server):
    scenes = [ROOT / f"test/events/scene-{number}.png" for number in (1, 2)]
    given = [("files[]", (scene.name, scene.read_bytes(), "image/png")) for scene in scenes]
    answer = requests.post(demo_server + ROUTE, files=given, timeout=120).json()
    assert [one["id"] for one in answer["results"]] == ["scene-1.png", "scene-2.png"]
    assert "star" in answer["results"][0]["caption"]
    assert all(one["dimensions"] == 96 for one in answer["results"])
