"""Jobs of many machines: gateways, workers and Redis between them, and what each of them survives."""

import functools
import json
import re
import signal
import subprocess
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from asking import ask
from pictures import picture
from processes import Program, until
from queueing import INHERITED, Redis, end_at, hand_in, machines, number
from serving import ROOT, SCRIPTED, get


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Two gateways and two workers."""
    with machines(tmp_path_factory.mktemp("redis")) as started:
        started.gateways = [started.gateway(), started.gateway()]
        started.workers = [started.worker("--concurrency", "4") for _ in range(2)]
        yield started


def is_begun(gateway, job):
    """Taken from the queue is not enough: only what is begun counts as a try."""
    return ask(f"{gateway.url}/v2/e/status/{job}")[1]["status"] == "IN_PROGRESS"


SCENARIOS = {}


def alone(scenario):
    """A test with machines of its own. Most of its time it waits, so these run beside each other."""
    SCENARIOS[scenario.__name__] = scenario

    def test(outcomes):
        outcomes[scenario.__name__].result()

    test.__doc__ = scenario.__doc__
    return test


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    def run(scenario):
        with machines(tmp_path_factory.mktemp("alone")) as started:
            scenario(started)

    with ThreadPoolExecutor(max_workers=6) as crew:
        yield {name: crew.submit(run, scenario) for name, scenario in SCENARIOS.items()}


def test_a_job_is_run_by_a_worker_and_known_at_every_gateway(shared):
    one, other = shared.gateways
    job = hand_in(one, "text=a red circle")
    answer = end_at(other, job)
    assert answer["status"] == "COMPLETED" and answer["output"]["caption"] == "a red circle"
    assert answer["delayTime"] >= 0 and answer["executionTime"] >= 0 and answer["workerId"]
    sync = ask(f"{one.url}/v2/e/runsync", {"input": picture("text=at once")})[1]
    assert sync["status"] == "COMPLETED" and sync["output"]["caption"] == "at once"


def test_a_job_is_known_to_its_key_only(shared):
    gateways = [shared.gateway("--api-keys", "hers,his") for _ in range(2)]
    job = ask(f"{gateways[0].url}/v2/e/run", {"input": picture("text=hers")}, key="hers")[1]["id"]
    for gateway in gateways:
        about = f"{gateway.url}/v2/e"
        assert ask(f"{about}/status-sync/{job}", key="hers")[1]["output"]["caption"] == "hers"
        asked = [f"status/{job}", f"status-sync/{job}", f"stream/{job}"]
        assert [ask(f"{about}/{path}", key="his")[0] for path in asked] == [404] * 3
        assert [ask(f"{about}/{verb}/{job}", {}, key="his")[0] for verb in ("cancel", "retry")] == [404] * 2


def test_every_dialect_goes_through(shared):
    url = shared.gateways[0].url
    assert ask(f"{url}/caption", picture("text=plain"))[1]["caption"] == "plain"
    parts = [{"type": "text", "text": "text=from a chat"}, {"type": "image_url", "image_url": {"url": DATA_URL}}]
    chat = ask(f"{url}/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": parts}]})[1]
    assert chat["choices"][0]["message"]["content"] == "from a chat"
    assert ask(f"{url}/v1/models")[1]["object"] == "list"
    status, refused = ask(f"{url}/v1/chat/completions", {"model": "m"})
    assert status == 400 and refused["error"]["message"]


DATA_URL = picture()["data_url"]


def test_an_answer_in_pieces_comes_in_pieces(shared):
    body = json.dumps(picture("pieces=a| red| circle", stream=True)).encode()
    request = urllib.request.Request(
        shared.gateways[1].url + "/batch_embed_and_caption", body, {"Accept": "text/event-stream"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        text = answer.read().decode()
    assert "event: result" in text and "a red circle" in text


def test_a_jobs_stream_is_drained(shared):
    one, other = shared.gateways
    _, job = ask(f"{one.url}/v2/e/run", {"input": picture("pieces=a| red| circle", stream=True)})
    heard = []
    while True:
        news = ask(f"{other.url}/v2/e/stream/{job['id']}?wait=5000")[1]
        heard += news["stream"]
        if news["status"] == "COMPLETED" and not news["stream"]:
            break
    assert "circle" in json.dumps(heard)


@alone
def test_cancelling_reaches_a_job_that_runs_and_one_that_waits(here):
    gateway = here.gateway()
    here.worker("--concurrency", "1")
    runs = hand_in(gateway, "sleep=60000")
    until(lambda: ask(f"{gateway.url}/v2/e/status/{runs}")[1]["status"] == "IN_PROGRESS", "a job that runs")
    waits = hand_in(gateway, "text=never")
    assert ask(f"{gateway.url}/v2/e/cancel/{waits}", method="POST")[1]["status"] == "CANCELLED"
    assert ask(f"{gateway.url}/v2/e/cancel/{runs}", method="POST")[1]["status"] == "CANCELLED"
    # Its place is free again, long before its minute is over.
    assert end_at(gateway, hand_in(gateway, "text=next"), 20)["output"]["caption"] == "next"


def test_what_is_unknown_broken_or_retried(shared):
    url = shared.gateways[0].url
    assert ask(f"{url}/v2/e/status/nothing")[0] == 404
    failed = hand_in(shared.gateways[0], "fail=model_failed")
    answer = end_at(shared.gateways[1], failed)
    assert answer["status"] == "FAILED" and "model_failed" in answer["error"]
    assert ask(f"{url}/v2/e/retry/{failed}", method="POST")[1]["status"] == "IN_QUEUE"
    assert end_at(shared.gateways[0], failed)["status"] == "FAILED"
    done = hand_in(shared.gateways[0], "text=done")
    end_at(shared.gateways[0], done)
    assert ask(f"{url}/v2/e/retry/{done}", method="POST")[0] == 400
    assert ask(f"{url}/v2/e/run", {"nothing": 1})[0] == 400


def test_the_queues_numbers_are_told_apart(shared):
    gateway = shared.gateways[0]
    until(lambda: number(gateway, "vignette_queue_workers") == 2, "two workers")
    jobs = [hand_in(gateway, "sleep=60000") for _ in range(11)]
    until(lambda: number(gateway, "vignette_queue_pending") == 8, "eight in hand")
    assert number(gateway, "vignette_queue_lag") == 3
    assert 0 < number(gateway, "vignette_queue_oldest_seconds") < 60
    health = ask(f"{gateway.url}/v2/e/health")[1]
    assert health["jobs"]["inProgress"] == 8 and health["jobs"]["inQueue"] == 3
    assert health["workers"]["running"] == 2
    for job in jobs:
        ask(f"{gateway.url}/v2/e/cancel/{job}", method="POST")
    until(lambda: number(gateway, "vignette_queue_pending") == 0, "nothing in hand")
    assert number(gateway, "vignette_queue_up") == 1 and number(gateway, "vignette_queue_redis_bytes") > 0


def test_the_alerts_of_a_queue_load_and_ask_for_what_is_there(shared):
    rules = ROOT / "examples/monitoring/queue-alerts.yml"
    checked = subprocess.run(["promtool", "check", "rules", rules], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    metrics = get(shared.gateways[0].url + "/metrics")[1].decode()
    asked = set(re.findall(r"\bvignette_\w+", rules.read_text()))
    assert asked and asked <= set(re.findall(r"^# TYPE (\S+)", metrics, re.MULTILINE))
    said = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr


@alone
def test_twenty_jobs_of_a_killed_worker_end_elsewhere_once(here):
    gateway = here.gateway()
    dying = here.worker("--concurrency", "20", SCRIPTED_PICTURES="20")
    jobs = [hand_in(gateway, f"until={here.gate};text=job {i}") for i in range(20)]
    for job in jobs:
        until(lambda job=job: is_begun(gateway, job), "a job that is begun")
    dying.kill()
    here.gate.touch()
    # Seconds, so that one who waits for a core is not taken for dead as well.
    here.worker("--concurrency", "20", "--queue-idle-s", "4", SCRIPTED_PICTURES="20")
    ends = [end_at(gateway, job) for job in jobs]
    assert [end["output"]["caption"] for end in ends] == [f"job {i}" for i in range(20)]
    assert {end["retries"] for end in ends} == {1}
    assert number(gateway, "vignette_queue_completed_total") == 20  # none twice
    assert number(gateway, "vignette_queue_pending") == 0


@alone
def test_a_worker_that_was_paused_does_not_overwrite_what_another_said(here):
    gateway = here.gateway()
    paused = here.worker("--concurrency", "1", "--queue-idle-s", "1")
    job = hand_in(gateway, f"until={here.gate};text=once")
    until(lambda: is_begun(gateway, job), "a job that is begun")
    first = ask(f"{gateway.url}/v2/e/status/{job}")[1]["workerId"]
    paused.process.send_signal(signal.SIGSTOP)
    here.worker("--concurrency", "1", "--queue-idle-s", "1")
    until(lambda: ask(f"{gateway.url}/v2/e/status/{job}")[1]["workerId"] != first, "another worker")
    paused.process.send_signal(signal.SIGCONT)
    here.gate.touch()
    answer = end_at(gateway, job)
    assert answer["status"] == "COMPLETED" and answer["workerId"] != first
    until(lambda: any("no longer ours" in line for line in paused.complaints), paused.tail)
    assert number(gateway, "vignette_queue_completed_total") == 1
    assert ask(f"{gateway.url}/v2/e/status/{job}")[1]["workerId"] == answer["workerId"]


@alone
def test_a_worker_that_is_stopped_hands_back_without_a_try(here):
    gateway = here.gateway()
    stopped = here.worker("--concurrency", "1", "--grace-s", "1")
    job = hand_in(gateway, f"until={here.gate};text=elsewhere")
    until(lambda: is_begun(gateway, job), "a job that is begun")
    stopped.ask_to_end()
    assert stopped.wait() == 0
    assert ask(f"{gateway.url}/v2/e/status/{job}")[1]["status"] == "IN_QUEUE"
    here.gate.touch()
    here.worker("--concurrency", "1")
    answer = end_at(gateway, job)
    assert answer["output"]["caption"] == "elsewhere" and "retries" not in answer


def is_held_by(gateway, job, worker):
    return ask(f"{gateway.url}/v2/e/status/{job}")[1].get("workerId", "?") in worker.tail()


@alone
def test_three_dead_workers_are_a_dead_letter(here):
    gateway = here.gateway()
    job = hand_in(gateway, "sleep=60000")
    for _ in range(3):
        worker = here.worker("--concurrency", "1", "--queue-idle-s", "1")
        until(lambda: number(gateway, "vignette_queue_pending") == 1, "a job in hand")
        until(functools.partial(is_held_by, gateway, job, worker), "this worker to have it")
        worker.kill()
    here.worker("--concurrency", "1", "--queue-idle-s", "1")
    answer = end_at(gateway, job)
    assert answer["status"] == "FAILED" and "dead letters" in answer["error"]
    assert number(gateway, "vignette_queue_dead_total") == 1
    assert here.redis.ask("XLEN", "vignette:dead") == 1


@alone
def test_a_worker_that_loses_its_gpu_leaves_at_once_and_hands_back_what_counts_as_a_try(here):
    gateway = here.gateway()
    job = hand_in(gateway, "fail=device_lost")
    for _ in range(3):
        assert here.worker("--concurrency", "1").wait() == 1
    here.worker("--concurrency", "1")
    answer = end_at(gateway, job)
    assert answer["status"] == "FAILED" and "dead letters" in answer["error"]


@alone
def test_redis_restarted_loses_nothing_that_was_accepted(here):
    gateway = here.gateway()
    here.worker("--concurrency", "2")
    running = hand_in(gateway, f"until={here.gate};text=over the restart")
    until(lambda: is_begun(gateway, running), "a job that is begun")
    here.redis.kill()
    status, answer = ask(f"{gateway.url}/v2/e/run", {"input": picture()})
    assert status == 502 and "does not answer" in answer["error"]
    until(lambda: get(gateway.url + "/readyz")[0] == 503, "the gateway's noticing")
    assert number(gateway, "vignette_queue_up") == 0
    here.gate.touch()
    here.redis.start()
    assert end_at(gateway, running)["output"]["caption"] == "over the restart"
    until(lambda: get(gateway.url + "/readyz")[0] == 200, "the gateway's noticing")
    assert end_at(gateway, hand_in(gateway, "text=after"))["output"]["caption"] == "after"


@alone
def test_redis_paused_is_a_clear_error_and_then_as_before(here):
    gateway = here.gateway()
    here.worker("--concurrency", "2")
    running = hand_in(gateway, f"until={here.gate};text=over the pause")
    until(lambda: is_begun(gateway, running), "a job that is begun")
    here.redis.pause()
    here.gate.touch()
    timer = threading.Timer(10, here.redis.go_on)  # longer than a gateway waits
    timer.start()
    status, answer = ask(f"{gateway.url}/v2/e/run", {"input": picture()})
    assert status == 502 and "does not answer" in answer["error"]
    timer.join()
    assert end_at(gateway, running)["output"]["caption"] == "over the pause"
    assert end_at(gateway, hand_in(gateway, "text=after"))["output"]["caption"] == "after"


@alone
def test_a_full_redis_refuses_and_finishes_what_it_has(here):
    gateway = here.gateway()
    worker = here.worker("--concurrency", "1", "--queue-idle-s", "1")
    here.redis.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    jobs = [hand_in(gateway, f"until={here.gate};text=job {i}") for i in range(5)]
    here.redis.ask("CONFIG", "SET", "maxmemory", "1mb")
    status, answer = ask(f"{gateway.url}/v2/e/run", {"input": picture()})
    assert status == 429 and "no memory left" in answer["error"]
    [presence] = here.redis.ask("KEYS", "vignette:gateway:*")
    here.redis.ask("DEL", presence)  # as if Redis had been full for a minute
    until(lambda: here.redis.ask("EXISTS", presence), "the gateway's sign of life")
    worker.kill()
    here.gate.touch()
    other = here.worker("--concurrency", "1", "--queue-idle-s", "1")
    assert [end_at(gateway, job)["output"]["caption"] for job in jobs] == [f"job {i}" for i in range(5)]
    here.redis.ask("CONFIG", "SET", "maxmemory", "0")
    assert end_at(gateway, hand_in(gateway, "text=room again"))["output"]["caption"] == "room again"
    assert other.alive


@alone
def test_an_answer_that_breaks_off_says_so(here):
    gateway = here.gateway()
    dying = here.worker("--concurrency", "1", "--queue-idle-s", "1")
    body = json.dumps({"images": [{"id": "a", **picture("text=first")}, {"id": "b", **picture("sleep=60000")}]})
    request = urllib.request.Request(
        gateway.url + "/batch_embed_and_caption", body.encode(), {"Accept": "application/x-ndjson"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.loads(answer.readline())["result"]["caption"] == "first"
        dying.kill()
        here.worker("--concurrency", "1", "--queue-idle-s", "1")
        rest = answer.read().decode()
    assert "in the middle of its answer" in json.loads(rest)["error"]["message"]


@alone
def test_what_has_low_priority_waits_for_the_others(here):
    gateway = here.gateway()
    low = [hand_in(gateway, "text=low", policy={"lowPriority": True}) for _ in range(3)]
    normal = [hand_in(gateway, "sleep=100;text=normal") for _ in range(3)]
    here.worker("--concurrency", "1")
    # They were there before the others, and began after them.
    delays = {
        name: [end_at(gateway, job)["delayTime"] for job in jobs] for name, jobs in (("low", low), ("normal", normal))
    }
    assert min(delays["low"]) > max(delays["normal"])


@alone
def test_a_webhook_is_told_once_however_many_gateways_there_are(here):
    gateways = [here.gateway("--allow-private-urls") for _ in range(2)]
    here.worker("--concurrency", "1")
    told = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/hook"
        jobs = [hand_in(gateways[0], f"text=job {i}", webhook=url) for i in range(5)]
        until(lambda: len(told) >= 5, "five calls")
        for job in jobs:
            end_at(gateways[1], job)
        server.shutdown()
    assert sorted(one["output"]["caption"] for one in told) == [f"job {i}" for i in range(5)]
    assert {one["id"] for one in told} == set(jobs) and all(one["input"] and one["webhook"] == url for one in told)


@alone
def test_a_queue_that_is_long_enough_is_no_longer_added_to(here):
    gateway = here.gateway("--queue-max", "2")
    assert {ask(f"{gateway.url}/v2/e/run", {"input": picture()})[0] for _ in range(2)} == {200}
    try:
        urllib.request.urlopen(f"{gateway.url}/v2/e/run", json.dumps({"input": picture()}).encode(), timeout=30)
        raise AssertionError("it was taken")
    except urllib.error.HTTPError as refused:
        assert refused.code == 429 and int(refused.headers["Retry-After"]) >= 1
    assert ask(f"{gateway.url}/v2/e/purge-queue", {})[1] == {"removed": 2, "status": "completed"}


@pytest.mark.parametrize("words", [("serve", "--gateway"), ("worker",)])
def test_a_wrong_password_is_said_at_once_and_not_shown(tmp_path, words):
    redis = Redis(tmp_path, password="correct")
    try:
        for login, code in (("", 2), (":w%72ong@", 2)):
            url = f"redis://{login}127.0.0.1:{redis.port}"
            one = Program([SCRIPTED, *words], {**INHERITED, "VIGNETTE_QUEUE": url})
            assert one.wait() == code
            said = one.tail() + "\n".join(one.lines)
            assert "refuses the login" in said and "wrong" not in said
    finally:
        redis.kill()


def test_options_that_do_not_go_together():
    for words, said in (
        (("serve", "--gateway"), "--queue"),
        (("serve", "--queue", "redis://localhost"), "--gateway"),
        (("serve", "--gateway", "--queue", "rediss://localhost"), "stunnel"),
        (("worker", "--queue", "http://:secret@localhost"), "redis://"),
    ):
        one = Program([SCRIPTED, *words], INHERITED)
        assert one.wait() == 2
        assert said in one.tail() and "secret" not in one.tail()


@alone
def test_a_client_that_leaves_ends_its_request(here):
    gateway = here.gateway()
    here.worker("--concurrency", "1")
    body = json.dumps(picture("sleep=60000")).encode()
    with pytest.raises(OSError):
        urllib.request.urlopen(f"{gateway.url}/caption", body, timeout=1)
    assert ask(f"{gateway.url}/caption", picture("text=next"), timeout_s=20)[1]["caption"] == "next"


@alone
def test_a_stopped_gateway_answers_what_it_has_taken(here):
    gateway = here.gateway()
    here.worker("--concurrency", "1")
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(ask(f"{gateway.url}/caption", picture(f"until={here.gate};text=the last")))
    )
    thread.start()
    until(lambda: number(gateway, "vignette_queue_pending") == 1, "a job in hand")
    gateway.ask_to_end()
    here.gate.touch()
    assert gateway.wait() == 0
    thread.join()
    assert answers[0][0] == 200 and answers[0][1]["caption"] == "the last"
