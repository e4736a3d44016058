"""The wrong things that a take may hand out, and good answers spoilt."""

import json
import uuid
from dataclasses import replace

from .wire import Answer, json_answer


def for_take(do, batch, jobs):
    """An answer that no queue was asked for, or None where the fault is none of these. Named jobs are remembered as
    odd: the worker may answer them, once."""

    def handed(value):
        return json_answer([value] if batch else value)

    def odd(id):
        jobs.add_odd(id)
        return id

    if do == "no-id":
        return handed({"input": {"prompt": "nobody knows my name"}})
    if do == "no-input":
        return handed({"id": odd(f"no-input-{uuid.uuid4()}"), "webhook": None})
    if do == "huge-id":
        return handed({"id": odd(f"huge-{uuid.uuid4()}-" + "i" * 10_000), "input": {"prompt": "a long name"}})
    if do == "odd-id":
        return handed({"id": odd(f"odd/{uuid.uuid4()} ä?&#%\"'"), "input": {"prompt": "an odd name"}})
    if do == "non-object":
        return json_answer("a job that is a string")
    if do == "array-of-rubbish":
        return json_answer([None, 17, "x", [], {}, {"id": 5, "input": {}}, {"id": "", "input": 1}])
    if do == "bad-utf8-job":
        id = odd(f"bad-utf8-{uuid.uuid4()}")
        body = json.dumps({"id": id, "input": {"prompt": "@"}}).encode().replace(b"@", b"\xff\xfe\xc3")
        return Answer(body=b"[" + body + b"]" if batch else body)
    return None


def spoilt(answer, do):
    """The answer as this fault changes it; the same object where it does not."""
    if do == "wrong-type":
        return replace(answer, type="text/html", body=answer.body or b"<html>hello</html>", status=200)
    if do == "empty-200":
        return replace(answer, status=200, body=b"")
    if do == "huge":
        return replace(answer, body=json.dumps({"padding": "x" * 200_000}).encode())
    if do == "bad-json":
        return replace(answer, status=200, body=b'{"id": "x", "input": {')
    if do == "bad-utf8":
        return replace(answer, status=200, body=b'{"id": "\xff\xfe", "in\xc3put": {}}')
    return answer
