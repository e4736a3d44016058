"""The fake of RunPod keeps the protocol's rules and counts honestly: what is tested against it is worth no more."""

import http.client
import json
import os
import signal
import subprocess
import threading
import urllib.parse

import pytest

from fake_runpod.client import FakeRunpod, HttpError, python_with_aiohttp

SDK_WORKER = """
import runpod
runpod.serverless.start({"handler": lambda job: {"said": job["input"]["say"]}})
"""


class Worker:
    """A worker by hand: one request at a time."""

    def __init__(self, platform, name="hand"):
        self.platform = platform
        self.name = name

    def ask(self, method, path, body=None, key=None):
        """(status, body); raises where the connection ends without a whole answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.platform.port, timeout=20)
        try:
            headers = {"Authorization": self.platform.key if key is None else key}
            connection.request(method, f"/v2/any/{path}", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def take(self):
        status, body = self.ask("GET", f"job-take/{self.name}?gpu=X&job_in_progress=0")
        return json.loads(body) if status == 200 else None

    def batch(self, size):
        status, body = self.ask("GET", f"job-take-batch/{self.name}?gpu=X&batch_size={size}&job_in_progress=1")
        return json.loads(body) if status == 200 else []

    def post(self, kind, id, value):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.ask("POST", f"{kind}/{self.name}/{urllib.parse.quote(id, safe='')}?gpu=X&isStream=false", body)[0]

    def done(self, id, value):
        return self.post("job-done", id, value)

    def ping(self, *ids):
        return self.ask("GET", f"ping/{self.name}?job_id={','.join(ids)}&runpod_version=1")[0]


@pytest.fixture(scope="module")
def one_platform():
    with FakeRunpod(hold=0.3, lease=30) as platform:
        yield platform


@pytest.fixture
def platform(one_platform):
    """Each test finds it empty; the accounts are compared before and after."""
    yield one_platform
    one_platform.clear_faults()
    one_platform.settings(hold_s=0.3, lease_s=30)
    one_platform.client("purge-queue")


@pytest.fixture
def worker(platform):
    return Worker(platform)


def grown(platform, before, *names):
    after = platform.stats()
    return tuple(after[name] - before[name] for name in names)


# Takes


def test_an_idle_take_is_held_and_then_answered_204(worker):
    assert worker.ask("GET", "job-take/hand?gpu=X&job_in_progress=0")[0] == 204


def test_a_held_take_gets_a_job_the_moment_it_comes(platform, worker):
    platform.settings(hold_s=20)
    taken = []
    thread = threading.Thread(target=lambda: taken.append(worker.take()))
    thread.start()
    platform.wait_until({"idle_takers": 1})
    id = platform.submit({"say": "hello"})
    thread.join(10)
    assert taken == [{"id": id, "input": {"say": "hello"}, "webhook": None}]
    assert worker.done(id, {"output": 1}) == 200


def test_the_hub_template_without_a_query_is_understood(platform, worker):
    id = platform.submit({"say": 1})
    status, body = worker.ask("GET", "job-take/$RUNPOD_POD_ID&job_in_progress=0")
    assert (status, json.loads(body)["id"]) == (200, id)
    assert worker.ask("POST", f"job-done/hand/{id}&isStream=false", b'{"output": 1}')[0] == 200
    assert platform.job(id)["status"] == "COMPLETED"


def test_a_batch_has_at_most_the_wanted_size_in_the_order_of_arrival(platform, worker):
    ids = platform.submit_many([{"input": {"n": n}} for n in range(5)])
    assert [job["id"] for job in worker.batch(3)] == ids[:3]
    assert [job["id"] for job in worker.batch(3)] == ids[3:]
    assert [worker.done(id, {"output": None}) for id in ids] == [200] * 5


def test_an_empty_input_is_dropped_from_the_job(platform, worker):
    id = platform.submit({})
    assert "input" not in worker.take()
    assert worker.done(id, {"error": "no input"}) == 200


def test_a_raw_body_goes_out_as_it_is(platform, worker):
    platform.submit_raw(b'{"id": "\xff"}')
    assert worker.ask("GET", "job-take/hand?x=1") == (200, b'{"id": "\xff"}')


def test_a_worker_must_send_the_bare_key(platform, worker):
    refused = platform.stats()["refused"].get("take 401", 0)
    assert worker.ask("GET", "job-take/hand?x=1", key=f"Bearer {platform.key}")[0] == 401
    assert platform.stats()["refused"]["take 401"] == refused + 1


# Posts


@pytest.mark.parametrize("body", [b'{"output": NaN}', b'{"output": "\xff"}', b"{", b"", b"[]"])
def test_a_result_that_is_no_json_object_is_refused_and_the_job_goes_on(platform, worker, body):
    id = platform.submit({"say": 1})
    worker.take()
    assert worker.done(id, body) == 400
    assert platform.job(id)["status"] == "IN_PROGRESS"
    assert worker.done(id, {"output": 1}) == 200


def test_too_large_a_chunk_is_refused_and_a_result_of_that_size_is_not(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    large = {"output": "x" * 1_000_000}
    assert worker.post("job-stream", id, large) == 413
    assert worker.done(id, large) == 200


def test_an_error_must_be_a_string_to_fail_the_job(platform, worker):
    first, second = platform.submit_many([{"input": 1}, {"input": 2}])
    worker.batch(2)
    worker.done(first, {"error": "broken"})
    worker.done(second, {"error": {"message": "broken"}, "output": 1})
    assert (platform.job(first)["status"], platform.job(first)["error"]) == ("FAILED", "broken")
    assert platform.job(second)["status"] == "COMPLETED" and "output" not in platform.job(second)


def test_progress_shows_until_the_result_and_is_late_afterwards(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    before = platform.stats()
    worker.done(id, {"status": "IN_PROGRESS", "output": "half"})
    assert platform.client(f"status/{id}")["output"] == "half"
    worker.done(id, {"output": "whole"})
    worker.done(id, {"status": "IN_PROGRESS", "output": "late"})
    assert platform.client(f"status/{id}")["output"] == "whole"
    assert grown(platform, before, "late", "doubled", "completed") == (1, 0, 1)


def test_a_result_for_an_unknown_job_is_refused(worker):
    assert worker.done("nobody", {"output": 1}) == 404


# Accounts


def test_a_second_result_is_doubled(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    before = platform.stats()
    worker.done(id, {"output": 1})
    worker.done(id, {"output": 2})
    assert grown(platform, before, "doubled", "repeated") == (1, 0)
    assert platform.job(id)["output"] == 1


def test_the_same_result_again_is_doubled_once_the_worker_knew_that_it_had_arrived(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    before = platform.stats()
    worker.done(id, {"output": 1})
    worker.done(id, {"output": 1})
    assert grown(platform, before, "doubled", "repeated") == (1, 0)


@pytest.mark.parametrize("fault", ["reset-after", "truncate"])
def test_the_same_result_again_is_rightly_repeated_after_a_lost_answer(platform, worker, fault):
    id = platform.submit({"say": 1})
    worker.take()
    before = platform.stats()
    platform.faults([{"on": "done", "do": fault}])
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        worker.done(id, {"output": 1})
    assert worker.done(id, {"output": 1}) == 200
    assert grown(platform, before, "doubled", "repeated", "completed") == (0, 1, 1)


def test_the_same_result_again_is_rightly_repeated_by_the_next_life(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    before = platform.stats()
    worker.done(id, {"output": 1})
    platform.worker_started()
    worker.done(id, {"output": 1})
    assert grown(platform, before, "doubled", "repeated") == (0, 1)


def test_a_job_that_no_ping_lists_is_dropped_and_handed_out_again(platform, worker):
    platform.settings(lease_s=0.3)
    id = platform.submit({"say": 1})
    worker.take()
    before = platform.stats()
    while platform.job(id)["status"] == "IN_PROGRESS":
        worker.ping("another")
    assert worker.take()["id"] == id
    worker.done(id, {"output": 1})
    assert grown(platform, before, "dropped", "lost", "requeued", "completed") == (1, 1, 1, 1)
    assert platform.client(f"status/{id}")["retries"] == 1


def test_a_job_that_pings_list_is_kept_for_as_long_as_it_takes(platform, worker):
    platform.settings(lease_s=0.4)
    id = platform.submit({"say": 1})
    worker.take()
    before = platform.stats()
    pings = 0
    started = platform.job(id)["executionTime"]
    while platform.job(id)["executionTime"] < started + 1000:
        worker.ping("another", id)
        pings += 1
    assert pings > 1
    assert worker.done(id, {"output": 1}) == 200
    assert grown(platform, before, "requeued") == (0,)


def test_a_job_of_a_killed_worker_goes_back_and_is_not_the_workers_fault(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    before = platform.stats()
    platform.worker_started()
    platform.expire(id)
    assert worker.take()["id"] == id
    worker.done(id, {"output": 1})
    assert grown(platform, before, "requeued_after_kill", "dropped", "lost") == (1, 0, 0)


def test_what_a_killed_worker_held_the_next_one_does_not_hold(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    worker.ping(id)
    assert platform.job(id)["named"]
    platform.worker_started()
    assert not platform.job(id)["named"]
    worker.ping(id)
    assert platform.job(id)["named"]
    worker.done(id, {"output": 1})


def test_queued_and_running_jobs_are_stuck_and_a_job_given_up_is_lost():
    with FakeRunpod(hold=0.2, lease=30, attempts=1) as platform:
        worker = Worker(platform)
        first, _ = platform.submit_many([{"input": 1}, {"input": 2}])
        worker.take()
        assert platform.stats()["stuck"] == 2
        platform.expire(first)
        status = platform.client(f"status/{first}")
        assert (status["status"], status["error"]) == ("FAILED", "job timed out after 0 retries")
        assert (platform.stats()["lost"], platform.stats()["stuck"]) == (1, 1)
        assert platform.stats()["names"]["lost"] == [first]


# Faults


def test_a_fault_hits_after_so_many_and_so_often(platform, worker):
    platform.faults([{"on": "ping", "after": 1, "times": 2, "do": "status:503"}])
    assert [worker.ping() for _ in range(4)] == [200, 503, 503, 200]


def test_a_fault_once_per_job_spares_the_next_try(platform, worker):
    ids = platform.submit_many([{"input": 1}, {"input": 2}])
    worker.batch(2)
    platform.faults([{"on": "done", "times": 0, "once_per_job": True, "do": "status:400"}])
    assert [worker.done(id, {"output": 1}) for id in ids + ids] == [400, 400, 200, 200]


def test_a_reset_before_the_work_changes_nothing(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    platform.faults([{"on": "done", "do": "reset"}])
    with pytest.raises(ConnectionResetError):
        worker.done(id, {"output": 1})
    assert platform.job(id)["status"] == "IN_PROGRESS"
    assert worker.done(id, {"output": 1}) == 200


@pytest.mark.parametrize("fault", ["reset-after", "truncate", "empty-200", "bad-json", "bad-utf8", "wrong-type"])
def test_a_job_whose_hand_out_was_spoilt_goes_back_and_is_not_the_workers_fault(platform, worker, fault):
    id = platform.submit({"say": 1})
    before = platform.stats()
    platform.faults([{"on": "take", "do": fault}])
    try:
        status, body = worker.ask("GET", "job-take/hand?x=1")
        assert status == 200 and (fault == "wrong-type") == (id.encode() in body)
    except (ConnectionError, http.client.IncompleteRead):
        assert fault in ("reset-after", "truncate")
    platform.expire(id)
    assert worker.take()["id"] == id
    worker.done(id, {"output": 1})
    assert grown(platform, before, "requeued_after_fault", "dropped", "lost") == (1, 0, 0)


def test_a_duplicate_job_is_one_in_flight(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    platform.faults([{"on": "take", "do": "duplicate-job"}])
    assert worker.take()["id"] == id
    assert worker.take() is None
    worker.done(id, {"output": 1})


@pytest.mark.parametrize("fault", ["no-id", "no-input", "huge-id", "odd-id", "non-object", "array-of-rubbish"])
def test_rubbish_is_handed_out_and_owes_no_result(platform, worker, fault):
    before = platform.stats()
    platform.faults([{"on": "take", "do": fault}])
    job = worker.take()
    if isinstance(job, dict) and "id" in job:
        assert worker.done(job["id"], {"error": "what is this"}) == 200
        assert grown(platform, before, "odd_handed", "odd_answered") == (1, 1)
    assert grown(platform, before, "stuck", "lost", "doubled") == (0, 0, 0)


def test_a_slow_read_takes_its_time_and_loses_nothing(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    platform.faults([{"on": "done", "do": "slow-read:400000"}])
    assert worker.done(id, {"output": "y" * 200_000}) == 200
    assert len(platform.job(id)["output"]) == 200_000
    assert platform.job(id)["executionTime"] >= 400


def test_a_wrong_rule_is_a_clear_error(platform):
    for rule in (
        {"do": "explode"},
        {"do": "status"},
        {"do": "reset:4"},
        {"on": "lunch", "do": "reset"},
        {"do": "hang:1", "x": 1},
    ):
        with pytest.raises(HttpError) as error:
            platform.faults([rule])
        assert error.value.status == 400


# Clients


def test_run_status_and_the_result(platform, worker):
    id = platform.client("run", {"input": {"say": "hello"}})["id"]
    assert id.endswith("-u1") and platform.client(f"status/{id}")["status"] == "IN_QUEUE"
    assert worker.take()["input"] == {"say": "hello"}
    worker.done(id, {"output": {"said": "hello"}})
    status = platform.client(f"status/{id}", method="POST")
    assert (status["status"], status["output"], status["workerId"]) == ("COMPLETED", {"said": "hello"}, "hand")
    assert isinstance(status["delayTime"], int) and isinstance(status["executionTime"], int)
    assert platform.client(f"status-sync/{id}?wait=1000") == status


def test_runsync_answers_the_state_when_its_wait_is_over(platform):
    answer = platform.client("runsync?wait=1000", {"input": {}})
    assert answer["status"] == "IN_QUEUE" and answer["id"].startswith("sync-")
    with pytest.raises(HttpError) as error:
        platform.client("runsync?wait=10", {"input": {}})
    assert error.value.status == 400


def test_a_stream_drains_and_its_last_chunks_come_with_the_final_status(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    worker.post("job-stream", id, {"output": "a"})
    assert platform.client(f"stream/{id}") == {"status": "IN_PROGRESS", "stream": [{"output": "a"}]}
    assert platform.client(f"stream/{id}", method="POST") == {"status": "IN_PROGRESS", "stream": []}
    worker.post("job-stream", id, {"output": "b"})
    worker.done(id, {"output": ["a", "b"]})
    assert platform.client(f"stream/{id}") == {"status": "COMPLETED", "stream": [{"output": "b"}]}
    assert platform.client(f"stream/{id}") == {"status": "COMPLETED", "stream": []}


def test_cancelling_a_running_job_reaches_its_workers_stop_channel(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    assert platform.client(f"cancel/{id}", {}) == {"id": id, "status": "CANCELLED"}
    status, body = worker.ask("GET", "job-stop/hand?gpu=X&job_in_progress=1")
    assert (status, json.loads(body)) == (200, {"jobsToStop": [id]})
    assert worker.ask("GET", "job-stop/hand?gpu=X&job_in_progress=1")[0] == 204


def test_a_failed_job_can_be_retried_with_the_same_id(platform, worker):
    id = platform.submit({"say": 1})
    worker.take()
    worker.done(id, {"error": "no"})
    assert platform.client(f"retry/{id}") == {"id": id, "status": "IN_QUEUE"}
    assert worker.take()["id"] == id
    before = platform.stats()
    worker.done(id, {"output": "yes"})
    assert "error" not in platform.client(f"status/{id}")
    assert grown(platform, before, "doubled") == (0,)
    with pytest.raises(HttpError):
        platform.client(f"retry/{id}")


def test_purge_removes_what_is_queued(platform, worker):
    platform.submit_many([{"input": 1}, {"input": 2}])
    assert platform.client("purge-queue") == {"removed": 2, "status": "completed"}
    assert worker.take() is None


def test_health_has_all_eleven_numbers(platform, worker):
    worker.ping()
    health = platform.client("health")
    assert set(health["jobs"]) == {"completed", "failed", "inProgress", "inQueue", "retried"}
    assert set(health["workers"]) == {"idle", "initializing", "ready", "running", "throttled", "unhealthy"}
    assert all(isinstance(number, int) for part in health.values() for number in part.values())


def test_clients_need_a_key_and_an_input_below_ten_megabytes(platform):
    with pytest.raises(HttpError) as error:
        platform.client("run", {"input": "x" * 10_000_000})
    assert error.value.status == 413
    with pytest.raises(HttpError) as error:
        platform.client("run", {"no": "input"})
    assert error.value.status == 400
    for key, status in (("wrong", 401), (platform.key, 200), (f"Bearer {platform.key}", 200)):
        assert Worker(platform).ask("GET", "health", key=key)[0] == status


def test_a_webhook_gets_the_status_with_the_input_once(platform, worker):
    with FakeRunpod() as receiver:  # any server will do: this one records nothing of clients, but counts jobs
        url = f"{receiver.base}/v2/any/run"
        receiver.settings(key="")
        id = platform.submit({"say": 1}, webhook=url)
        assert worker.take()["webhook"] == url
        worker.done(id, {"output": 2})
        platform.wait_until({"stat": "webhooks", "at_least": 1})
        got = receiver.stats()["submitted"]
    assert got == 1


# The real SDK


def test_the_python_sdks_worker_takes_and_finishes_jobs(platform):
    platform.settings(hold_s=2, lease_s=10)
    ids = [platform.submit({"say": word}) for word in ("one", "two", "three")]
    since = max((exchange["number"] for exchange in platform.exchanges()), default=0)
    environment = {**os.environ, **platform.worker_env("sdk-worker")}
    command = [python_with_aiohttp(), "-c", SDK_WORKER]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    sdk = subprocess.Popen(command, env=environment, start_new_session=True, **quiet)
    try:
        for id, word in zip(ids, ("one", "two", "three")):
            assert platform.wait(id, timeout_s=60)["output"] == {"said": word}
        assert platform.job(ids[0])["workerId"] == "sdk-worker"
        [done] = platform.exchanges("done", ids[0], since)
        assert done["body"] == '{"output": {"said": "one"}}'
        assert dict(done["headers"])["X-Request-ID"] == ids[0]
        assert platform.exchanges("ping", since=since)
    finally:
        os.killpg(sdk.pid, signal.SIGKILL)  # the SDK's heartbeat is a process of its own and would live on
        sdk.wait()
