"""HTTP as the fake needs it: bodies with a limit, strict JSON, and connections that end badly on purpose."""

import asyncio
import gzip
import json
import socket
import struct
from dataclasses import dataclass, field

from aiohttp import web

JSON = "application/json"
NEVER_READ_MORE_THAN = 200_000_000
SLOWLY_S_MAX = 5.0  # a slow megabyte must not hold up a test for minutes, nor outlive a lease
STEP_S = 0.05


@dataclass
class Answer:
    """What will be sent, still a value: faults change it before it goes out."""

    status: int = 200
    body: bytes = b""
    type: str = JSON
    headers: dict = field(default_factory=dict)

    def response(self):
        headers = {"Content-Type": self.type, **self.headers} if self.body else self.headers
        return web.Response(status=self.status, body=self.body or None, headers=headers)


class Refused(Exception):
    """A request that gets an error answer."""

    def __init__(self, status, message):
        super().__init__(message)
        self.answer = json_answer({"error": message}, status)


def json_answer(value, status=200):
    return Answer(status, json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _refuse_constant(text):
    raise ValueError(f"{text} is not JSON")


def strict_json(body):
    """JSON as the standard has it: UTF-8, no NaN, no Infinity. Whatever the content type says."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is not JSON: {error}") from None


def slow_portion(bytes_per_s, bytes_in_all):
    """How much goes in each step."""
    return max(1, int(max(bytes_per_s, bytes_in_all / SLOWLY_S_MAX) * STEP_S))


async def read_body(request, limit, bytes_per_s=None):
    """The body and whether it was within the limit. Too much is read to its end, so that the sender hears why."""
    chunks, size = [], 0
    portion = slow_portion(bytes_per_s, request.content_length or 0) if bytes_per_s else 1 << 18
    while chunk := await request.content.read(portion):
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        if size > NEVER_READ_MORE_THAN:
            break
        if bytes_per_s:
            await asyncio.sleep(STEP_S * len(chunk) / portion)
    return b"".join(chunks), size <= limit


def reset(request):
    """End the connection with an RST: no polite goodbye."""
    transport = request.transport
    if transport is None:
        return
    linger_not_at_all = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not_at_all)
    transport.abort()


def send_half(request, answer):
    """All headers and half of the body they promise, then the end of the connection."""
    transport = request.transport
    if transport is None:
        return
    body = answer.body or b'{"half": "of a body"}'
    head = f"HTTP/1.1 {answer.status} OK\r\nContent-Type: {answer.type}\r\nContent-Length: {len(body)}\r\n\r\n"
    transport.write(head.encode() + body[: len(body) // 2])
    transport.close()


def send_oddly(request, answer, how):
    """The whole answer, in a way that HTTP allows."""
    transport = request.transport
    if transport is None:
        return
    body, headers, version = answer.body or b"{}", [f"Content-Type: {answer.type}"], "1.1"
    if how == "chunked":
        headers.append("Transfer-Encoding: chunked")
        parts = [body[: len(body) // 2], body[len(body) // 2 :], b""]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    elif how == "gzip":
        body = gzip.compress(body)
        headers += ["Content-Encoding: gzip", f"Content-Length: {len(body)}"]
    else:
        version = "1.0"  # the end of the connection is that of the body
    head = "\r\n".join([f"HTTP/{version} {answer.status} OK", "Connection: close", *headers, "", ""])
    transport.write(head.encode() + body)
    transport.close()


async def send_slowly(request, answer, bytes_per_s):
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.type})
    response.content_length = len(answer.body)
    await response.prepare(request)
    portion = slow_portion(bytes_per_s, len(answer.body))
    for start in range(0, len(answer.body), portion):
        await response.write(answer.body[start : start + portion])
        await asyncio.sleep(STEP_S)
    await response.write_eof()
    return response


def gone(request):
    return request.transport is None or request.transport.is_closing()


async def until(condition, timeout_s, step_s=0.01):
    """Whether the condition came true in time. Polling is good enough for a fake's few waiters."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout_s
    while not condition():
        if loop.time() >= end:
            return False
        await asyncio.sleep(min(step_s, max(0.001, end - loop.time())))
    return True
