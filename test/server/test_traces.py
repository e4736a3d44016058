"""Traces, as a collector reads them: who is below whom, and nothing of the user's."""

import json
import os
import socket
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from collector import Collector, attributes_of
from serving import ROOT, SCRIPTED, serving

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PICTURE = json.loads((ROOT / "test/events/scene-1.json").read_text())["input"]["data_url"].split(",")[1]


def post(url, path, body, headers=None):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers or {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers, json.loads(answer.read())


def caption(url, headers=None, **more):
    return post(url, "/caption", {"image_base64": PICTURE, **more}, headers)


@pytest.fixture(scope="module")
def traced():
    with Collector() as collector:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-scope=our%20own",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
            "OTEL_SERVICE_NAME": "pictures",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }
        with serving(SCRIPTED, environment=environment) as url:
            url.collector = collector
            yield url


def test_a_request_its_job_and_its_pictures_are_one_tree(traced):
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "rojo=1,congo=2", "x-request-id": "mine-1"}
    post(traced, "/batch_embed_and_caption", {"images": [{"image_base64": PICTURE}] * 3, "prompt": "decode"}, headers)
    job = traced.collector.wait_for("job")[-1]
    assert job.trace_id.hex() == TRACE and job.trace_state == "rojo=1,congo=2"
    request = traced.collector.wait_for("POST /batch_embed_and_caption")[-1]
    assert (request.parent_span_id.hex(), request.kind) == (SPAN, request.SPAN_KIND_SERVER)
    told = attributes_of(request)
    assert (told["http.route"], told["http.response.status_code"]) == ("/batch_embed_and_caption", 200)
    assert told["vignette.request_id"] == "mine-1"
    assert job.parent_span_id == request.span_id
    spans = [span for span in traced.collector.spans() if span.trace_id.hex() == TRACE]
    pictures = [span for span in spans if span.name == "picture"]
    assert len(pictures) == 3 and {span.parent_span_id for span in pictures} == {job.span_id}
    stages = [span for span in spans if span.parent_span_id in {picture.span_id for picture in pictures}]
    assert [span.name for span in stages].count("decode") == 3
    by_id = {span.span_id: span for span in spans}
    for span in [*stages, *pictures]:  # within what they are a part of
        above = by_id[span.parent_span_id]
        assert above.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= above.end_time_unix_nano + 1_000_000
    assert len({span.span_id for span in spans}) == len(spans)
    for span in spans:
        assert request.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert abs(span.start_time_unix_nano / 1e9 - time.time()) < 600
    said = attributes_of(pictures[0])
    assert said["gen_ai.operation.name"] == "generate_content"


def test_the_resource_and_the_headers_are_the_operators(traced):
    caption(traced)
    traced.collector.wait_for("POST /caption")
    resource = traced.collector.requests[-1].resource_spans[0].resource
    assert {"service.name", "service.version", "deployment.environment"} <= set(attributes_of(resource))
    assert attributes_of(resource)["service.name"] == "pictures"
    assert traced.collector.headers[-1]["x-scope"] == "our own"


def test_nothing_of_the_users_is_in_it(traced):
    headers = {"Authorization": "Bearer the-key"}
    body = {"image_base64": PICTURE, "prompt": "text=what was said;the-prompt"}
    post(traced, "/caption?secret=in-the-query", body, headers)
    post(traced, "/v2/the-endpoint/run", {"input": {"image_url": "http://127.0.0.1/the-url", "prompt": "x"}})
    traced.collector.wait_for("POST /v2/{endpoint}/run")
    traced.collector.wait_for("job", len(traced.collector.wait_for("job")))
    everything = str(traced.collector.requests)
    for secret in ("the-key", "the-prompt", "what was said", "in-the-query", "the-endpoint", "the-url", PICTURE[:40]):
        assert secret not in everything, secret


@pytest.mark.parametrize("header", ["00-" + "0" * 32 + f"-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01", "nonsense"])
def test_a_malformed_parent_begins_a_new_trace(traced, header):
    before = len([span for span in traced.collector.spans() if span.name == "POST /caption"])
    caption(traced, {"traceparent": header, "tracestate": "rojo=1"})
    span = traced.collector.wait_for("POST /caption", before + 1)[-1]
    assert not span.parent_span_id and not span.trace_state and span.trace_id.hex() != TRACE


def test_a_caller_who_does_not_record_is_followed(traced):
    caption(traced, {"traceparent": f"00-{TRACE[::-1]}-{SPAN}-00"})
    caption(traced, {"traceparent": f"00-{'a' * 32}-{SPAN}-01"})
    while not any(span.trace_id.hex() == "a" * 32 for span in traced.collector.spans()):
        time.sleep(0.02)
    assert not any(span.trace_id.hex() == TRACE[::-1] for span in traced.collector.spans())


def test_a_collector_that_is_full_gets_them_later():
    with Collector(statuses=[503, 429]) as collector:
        environment = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector.url + "/here", "OTEL_BSP_SCHEDULE_DELAY": "1"}
        with serving(SCRIPTED, environment=environment) as url:
            caption(url)
            collector.wait_for("POST /caption")
        assert collector.calls >= 3


def test_what_is_left_goes_out_at_the_end():
    with Collector() as collector:
        with serving(SCRIPTED, environment={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}) as url:
            caption(url)
        assert {"POST /caption", "job", "picture"} <= {span.name for span in collector.spans()}


def test_a_collector_that_is_not_there_or_silent_delays_nothing():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        for address in (f"http://127.0.0.1:{silent.getsockname()[1]}", "http://127.0.0.1:1"):
            environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_BSP_SCHEDULE_DELAY": "1"}
            with serving(SCRIPTED, "--grace-s", "2", environment=environment) as url:
                start = time.monotonic()
                for _ in range(20):
                    caption(url)
                assert time.monotonic() - start < 10
                url.process.terminate()
                assert url.process.wait(timeout=15) == 0


@pytest.fixture
def platform():
    """Hands out one job, takes its result."""
    jobs = [{"id": "job-7", "input": {"image_base64": PICTURE, "prompt": "decode"}}]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status, body=b""):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            if self.path.startswith("/take") and jobs:
                return self.answer(200, json.dumps(jobs.pop()).encode())
            if self.path.startswith("/take"):
                time.sleep(0.1)  # as the platform does, which holds the question
            self.answer(204)

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(200, b"{}")

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_worker_sends_its_jobs_each_as_a_trace_of_its_own(platform):
    with Collector() as collector:
        environment = {
            **os.environ,
            "RUNPOD_WEBHOOK_GET_JOB": platform + "/take/$RUNPOD_POD_ID",
            "RUNPOD_WEBHOOK_POST_OUTPUT": platform + "/done/$RUNPOD_POD_ID/$ID",
            "RUNPOD_AI_API_KEY": "key",
            "RUNPOD_POD_ID": "pod",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }
        worker = subprocess.Popen([SCRIPTED, "worker", "--log-level", "warning"], env=environment, cwd=ROOT)
        try:
            (job,) = collector.wait_for("job")
            (picture,) = collector.wait_for("picture")
        finally:
            worker.terminate()
            worker.wait(timeout=30)
    assert attributes_of(job)["vignette.job.id"] == "job-7"
    assert not job.parent_span_id
    assert picture.parent_span_id == job.span_id and picture.trace_id == job.trace_id
