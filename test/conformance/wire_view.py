"""An exchange as flat names and values, `headers.content-type` or `body.output.caption`, so that a difference has a
name of one line."""

import json
import re
from fnmatch import fnmatchcase
from urllib.parse import parse_qsl

ABSENT = "<absent>"
OF_THE_CONNECTION = ("host", "connection")  # not of the request


def parameters(query):
    """In which order a ping names its jobs means nothing."""
    for name, value in parse_qsl(query, keep_blank_values=True):
        yield name, ",".join(sorted(value.split(","))) if name == "job_id" else value


def asks(path, wanted):
    """Whether each of `name=value&...` is among the parameters, also where they stand in the path for want of a `?`."""
    _, *given = re.split("[?&]", path)
    pairs = [f"{name}={value}" for name, value in parameters("&".join(given))]
    return all(any(fnmatchcase(pair, want) for pair in pairs) for want in wanted.split("&") if want)


def leaves(name, value):
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(f"{name}.{key}", inner)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from leaves(f"{name}.{number}", inner)
    else:
        yield name, value


def body_of(text):
    """The body; an error's text is JSON itself, and is compared as such."""
    body = json.loads(text)
    if isinstance(body, dict) and isinstance(body.get("error"), str):
        try:
            body["error"] = json.loads(body["error"])
        except ValueError:
            body["error"] = {"plain text": body["error"]}
    return body


def one(exchange):
    path, _, query = exchange["path"].partition("?")
    yield "method", exchange["method"]
    yield "path", path
    for name, value in parameters(query):
        yield f"query.{name}", value
    for name, value in exchange["headers"]:
        name = name.lower()
        if name not in OF_THE_CONNECTION:
            yield f"headers.{name}", length(value, exchange) if name == "content-length" else value
    if exchange["body"]:
        yield from leaves("body", body_of(exchange["body"]))


def length(value, exchange):
    """JSON may be written with spaces or without: the length must only be true. A fault leaves a body unread."""
    if exchange["fault"] and not exchange["body"]:
        return "<unread>"
    return "<true>" if value == str(exchange["body_bytes"]) else value


def flat(exchanges):
    view = {"count": len(exchanges)}
    for number, exchange in enumerate(exchanges):
        for name, value in one(exchange):
            view[f"{number}.{name}"] = value
    return view


def differing(ours, theirs):
    """[(name, our value, their value)] of whatever is not the same."""
    names = [*ours, *(name for name in theirs if name not in ours)]
    pairs = [(name, ours.get(name, ABSENT), theirs.get(name, ABSENT)) for name in names]
    return [(name, mine, other) for name, mine, other in pairs if mine != other or type(mine) is not type(other)]
