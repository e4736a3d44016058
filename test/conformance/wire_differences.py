"""Where our worker does not do what the SDK's does, and why. Everything else must be the same.

A name is that of wire_view, after the number of the request within its case; all three may hold * as in file names.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from wire_view import ABSENT


@dataclass(frozen=True)
class Difference:
    name: str
    reason: str
    ours: str = "*"
    theirs: str = "*"
    cases: tuple = ("*",)
    sdk: str = "*"  # the version of the SDK

    def covers(self, case, name, ours, theirs):
        return (
            any(fnmatchcase(case, pattern) for pattern in self.cases)
            and fnmatchcase(name, self.name)
            and fnmatchcase(str(ours), self.ours)
            and fnmatchcase(str(theirs), self.theirs)
        )


FAILURES = ("failure *", "stream final of a failure")
DIFFERENCES = [
    Difference("*.headers.user-agent", "We say who we are.", "Vignette/*"),
    Difference("*.headers.accept-encoding", "A job is taken as it is: nothing to unpack.", ABSENT, "gzip, deflate*"),
    Difference(
        "*.headers.content-type",
        "The body is JSON, and its header says so.",
        "application/json",
        "application/x-www-form-urlencoded",
    ),
    Difference("*.headers.charset", "There is no such header, and JSON is UTF-8 always.", ABSENT, "utf-8"),
    Difference(
        "*.headers.x-request-id",
        "The SDK leaves the id of the job before in its session: takes carry a stale one.",
        ABSENT,
        "*",
        ("take*", "stop poll"),
    ),
    Difference(
        "*.path",
        "Both names are meant in every template: a literal dollar reaches no worker.",
        "*/pod-7x",
        "*/$RUNPOD_POD_ID*",
        ("hub take", "hub stop poll", "* $RUNPOD_POD_ID with query"),
    ),
    Difference(
        "*.path",
        "A template without a query gets a `?`: the SDK's `&` lands in the path.",
        "*",
        "*&*",
        ("hub take", "hub done", "hub stream *", "* without query"),
    ),
    Difference(
        "*.query.job_in_progress", "The same, seen from the query.", "0", ABSENT, ("hub take", "take * without query")
    ),
    Difference("*.query.isStream", "The same, seen from the query.", "*", ABSENT, ("hub done", "hub stream *")),
    Difference("*.body.error.error_type", "A code for programs, in any language.", "*", "<class '*'>", FAILURES),
    Difference("*.body.error.error_traceback", "No inner workings leave the worker.", ABSENT, "*", FAILURES),
    Difference("*.body.error.runpod_version", "There is no RunPod SDK in here.", ABSENT, "[12].*", FAILURES),
    Difference("*.body.error.version", "Our version.", "*", ABSENT, FAILURES),
    Difference("*.body.error.retryable", "Whether trying again can help.", "*", ABSENT, FAILURES),
    Difference("*.body.error.field", "Which field of the input is to blame.", "input*", ABSENT, FAILURES),
    Difference(
        "*.body.error.*",
        "The SDK's generator posts a plain text; ours is the same JSON as without a stream.",
        "*",
        "*",
        ("stream final of a failure",),
    ),
    Difference("count", "A job without input is answered; the SDK lets it hang.", "1", "0", ("job without input",)),
    Difference("0.*", "The same: our answer.", "*", ABSENT, ("job without input",)),
    Difference("count", "A stopped job is answered; the SDK lets it hang.", "1", "0", ("stopped job",)),
    Difference("0.*", "The same: our answer.", "*", ABSENT, ("stopped job",)),
    Difference(
        "*.body.output*",
        "The final post of a stream is what it would be without a stream; the SDK's is a list of all chunks.",
        cases=("stream final*", "hub stream final"),
    ),
    Difference("count", "429 says: later. The SDK gives the result up.", "3", "1", ("done answered 429",)),
    Difference("count", "A broken connection loses no result of ours.", "3", "1", ("done reset",)),
    Difference("[12].*", "The same: our further posts.", "*", ABSENT, ("done answered 429", "done reset")),
    Difference("count", "A refused result is tried again, unchanged.", "2", "1", ("done answered 400",)),
    Difference("1.*", "The same: our second post.", "*", ABSENT, ("done answered 400",)),
    Difference(
        "*.query.runpod_version",
        "Our pings name the SDK whose protocol we speak, and that is the same in both.",
        "1.12.0",
        "2.*",
        ("ping *", "hub ping *", "unhealthy"),
        sdk="2.*",
    ),
    Difference("*.query.check", "The check's name, not that of a function.", "*", "_*_check", ("unhealthy",)),
    Difference("*.query.reason", "The reason in our words.", "*", "RuntimeError: *", ("unhealthy",)),
]
