"""What both workers are put through, and the exchanges that are then compared."""

from dataclasses import dataclass

from pictures import batch, picture
from processes import until
from wire_recordings import Scenario

OUTPUTS = {  # job id -> input; run one after the other, so that each take and each post is alone
    "object": picture(),
    "string": picture("text=three green apples"),
    "empty-string": picture("text="),
    "list": picture(return_tokens=True),
    "nested-output": batch("text=one", "text=two"),
    "items-that-failed": batch("text=one", None, "fail=model_failed"),
    "warnings": picture(no_such_option=1),
    "unicode": picture("text=größe 写真 \U0001f600 \u2028 é"),
    "escapes": picture('text=a "quoted" back\\slash </script>\t&amp;'),
    "bad-utf8": picture("bytes=61ff62c3"),
    "large": picture("size=2000000"),
}
FAILURES = {
    "no-picture": {"prompt": "a"},
    "wrong-type": {"data_url": 17},
    "model-failure": picture("fail=model_failed"),
}
LOAD_MS = 6000
SLOW = "sleep=60000"


def production(stage):
    stage.wait_for(2, "take")
    stage.wait_for(2, "ping")
    stage.wait_for(1, "stop")
    for job, job_input in (OUTPUTS | FAILURES).items():
        stage.run(job, job_input)
    stage.platform.submit_many([{"id": "no-input"}])
    stage.run("after-no-input", picture())
    stage.wait_for(len(stage.requests("take")) + 2, "take")


def busy(stage):
    stage.wait_for(1, "take-batch")
    stage.platform.submit(picture(SLOW), id="a")
    stage.wait_for(3, "take-batch", having="batch_size=3&job_in_progress=1")
    stage.wait_for(1, "ping", having="job_id=a")
    stage.platform.submit(picture(SLOW), id="b")
    stage.wait_for(3, "take-batch", having="batch_size=2&job_in_progress=1")
    stage.wait_for(1, "ping", having="job_id=a,b")
    stage.platform.submit(picture(SLOW), id="c")
    stage.wait_for(2, "take", having="job_in_progress=1")
    stage.platform.client("cancel/c")
    ended = len(stage.requests("take-batch"))
    stage.wait_for(ended + 2, "take-batch", having="batch_size=2&job_in_progress=1")


def one_job(stage):
    stage.wait_for(1, "take")
    stage.wait_for(1, "ping")
    stage.wait_for(1, "stop")
    stage.run("j", picture())
    stage.platform.submit(picture("sleep=2500"), id="k")
    stage.wait_for(1, "ping", having="job_id=k")
    stage.wait_for(1, "done", "k")


def idle(stage):
    stage.wait_for(1, "take")
    stage.wait_for(1, "stop")


def streams(stage):
    stage.run("streamed", picture("pieces=three |green |apples", stream=True))
    stage.run("streamed-batch", batch("pieces=a |b", "text=c", stream=True))
    stage.run("streamed-failure", picture("fail=model_failed", stream=True))


def one_stream(stage):
    stage.run("streamed", picture("text=one", stream=True))


def posts_that_fail(stage):
    """A post is seen to its end before the next job: the SDK tries again on 500 only, ours always."""
    for fault, tries in {"500": 3, "429": 3 if stage.is_ours else 1, "400": 2 if stage.is_ours else 1}.items():
        rule = {"on": "done", "job": f"done-{fault}", "times": tries - 1 or 1, "do": f"status:{fault}"}
        stage.platform.faults([rule])
        stage.platform.submit(picture(), id=f"done-{fault}")
        stage.wait_for(tries, "done", f"done-{fault}")
    stage.platform.faults([{"on": "done", "job": "done-reset", "times": 2, "do": "reset"}])
    stage.platform.submit(picture(), id="done-reset")
    stage.wait_for(3 if stage.is_ours else 1, "done", "done-reset")
    stage.run("last", picture())


def takes_that_fail(stage):
    for status in (500, 400, 204):
        stage.platform.faults([{"on": "take", "times": 1, "do": f"status:{status}"}])
        until(
            lambda status=status: any(one["status"] == status for one in stage.requests("take")),
            f"a take answered {status}",
        )
    stage.run("after-failed-takes", picture())


def slow_load(stage):
    stage.wait_for(1, "ping")
    stage.wait_for(1, "take")


def refresh(stage):
    stage.run("last-of-this-worker", picture())
    stage.wait_for_exit()


def unhealthy(stage):
    stage.wait_for(1, "ping", having="status=unhealthy")
    stage.wait_for_exit()


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("production", production),
        Scenario("busy", busy, {"VIGNETTE_CONCURRENCY": "4"}),
        Scenario(
            "hub-templates",
            one_job,
            {
                "RUNPOD_WEBHOOK_GET_JOB": "job-take/$RUNPOD_POD_ID",
                "RUNPOD_WEBHOOK_POST_OUTPUT": "job-done/$RUNPOD_POD_ID/$ID",
                "RUNPOD_WEBHOOK_PING": "ping/$RUNPOD_POD_ID",
            },
        ),
        Scenario("id-no-query", idle, {"RUNPOD_WEBHOOK_GET_JOB": "job-take/$ID"}),
        Scenario("pod-id-query", idle, {"RUNPOD_WEBHOOK_GET_JOB": "job-take/$RUNPOD_POD_ID?gpu=X"}),
        Scenario("streams", streams, {"SDK_STREAMS": "1"}),
        Scenario(
            "hub-streams",
            one_stream,
            {
                "SDK_STREAMS": "1",
                "RUNPOD_WEBHOOK_POST_OUTPUT": "job-done/$RUNPOD_POD_ID/$ID",
                "RUNPOD_WEBHOOK_POST_STREAM": "job-stream/$RUNPOD_POD_ID/$ID",
            },
        ),
        Scenario("posts-that-fail", posts_that_fail),
        Scenario("takes-that-fail", takes_that_fail),
        Scenario("slow-load", slow_load, {"SCRIPTED_LOAD_MS": str(LOAD_MS)}),
        Scenario("refresh", refresh, {"VIGNETTE_REFRESH_WORKER": "1"}),
        Scenario("unhealthy", unhealthy, {"RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": None, "RUNPOD_MIN_MEMORY_GB": "1000000"}),
    )
}


FIRST, LAST, ALL = "first", "last", "all"
WHICH = {FIRST: slice(0, 1), LAST: slice(-1, None), ALL: slice(None)}


@dataclass(frozen=True)
class Case:
    """One recorded exchange: which of a scenario's requests are compared with each other."""

    name: str
    scenario: str
    kind: str
    job: str | None = None
    having: str = ""
    which: str = FIRST

    def pick(self, recording):
        return recording.of(self.kind, self.job, self.having)[WHICH[self.which]]


CASES = [
    Case("take idle", "production", "take"),
    Case("take after a job", "production", "take", which=LAST),
    Case("ping idle", "production", "ping"),
    Case("stop poll", "production", "stop"),
    *(Case(f"done {job}", "production", "done", job, which=ALL) for job in OUTPUTS),
    *(Case(f"failure {job}", "production", "done", job, which=ALL) for job in FAILURES),
    Case("job without input", "production", "done", "no-input", which=ALL),
    Case("job after the one without input", "production", "done", "after-no-input", which=ALL),
    Case("take-batch idle", "busy", "take-batch"),
    Case("take-batch with one job", "busy", "take-batch", having="batch_size=3", which=LAST),
    Case("take-batch with two jobs", "busy", "take-batch", having="batch_size=2&job_in_progress=1", which=LAST),
    Case("take with one place left", "busy", "take", which=LAST),
    Case("ping with one job", "busy", "ping", having="job_id=a"),
    Case("ping with two jobs", "busy", "ping", having="job_id=a,b"),
    Case("stopped job", "busy", "done", "c", which=ALL),
    Case("hub take", "hub-templates", "take"),
    Case("hub done", "hub-templates", "done", "j", which=ALL),
    Case("hub ping idle", "hub-templates", "ping"),
    Case("hub ping with a job", "hub-templates", "ping", having="job_id=k"),
    Case("hub stop poll", "hub-templates", "stop"),
    Case("take $ID without query", "id-no-query", "take"),
    Case("stop $ID without query", "id-no-query", "stop"),
    Case("take $RUNPOD_POD_ID with query", "pod-id-query", "take"),
    Case("stop $RUNPOD_POD_ID with query", "pod-id-query", "stop"),
    Case("stream chunks", "streams", "stream", "streamed", which=ALL),
    Case("stream final", "streams", "done", "streamed", which=ALL),
    Case("stream chunks of a batch", "streams", "stream", "streamed-batch", which=ALL),
    Case("stream final of a batch", "streams", "done", "streamed-batch", which=ALL),
    Case("stream final of a failure", "streams", "done", "streamed-failure", which=ALL),
    Case("hub stream chunk", "hub-streams", "stream", "streamed"),
    Case("hub stream final", "hub-streams", "done", "streamed", which=ALL),
    Case("done answered 500", "posts-that-fail", "done", "done-500", which=ALL),
    Case("done answered 429", "posts-that-fail", "done", "done-429", which=ALL),
    Case("done reset", "posts-that-fail", "done", "done-reset", which=ALL),
    Case("done answered 400", "posts-that-fail", "done", "done-400", which=ALL),
    Case("job after posts that failed", "posts-that-fail", "done", "last", which=ALL),
    Case("job after takes that failed", "takes-that-fail", "done", "after-failed-takes", which=ALL),
    Case("refresh", "refresh", "done", "last-of-this-worker", which=ALL),
    Case("unhealthy", "unhealthy", "ping", having="status=unhealthy", which=ALL),
]
