"""A light HTTP/1.1 client: the load must not be what is measured."""

import asyncio
import json
import time
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    body: bytes
    seconds: float

    def json(self):
        return json.loads(self.body)


class Connection:
    """One kept connection; one request at a time."""

    def __init__(self, port: int):
        self.port = port
        self.reader = self.writer = None

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    def send(self, method: str, path: str, body: bytes = b""):
        head = f"{method} {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        start = time.perf_counter()
        self.send(method, path, body)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        whole = await self.reader.readexactly(length)
        return Answer(int(head.split(b" ", 2)[1]), whole, time.perf_counter() - start)

    def close(self):
        if self.writer:
            self.writer.close()


class Pool:
    """As many connections as are in use at once; those that are free are used again."""

    def __init__(self, port: int):
        self.port = port
        self.free: list[Connection] = []

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        connection = self.free.pop() if self.free else await Connection(self.port).open()
        answer = await connection.ask(method, path, body)
        self.free.append(connection)
        return answer

    async def fill(self, count: int):
        self.free += await asyncio.gather(*(Connection(self.port).open() for _ in range(count)))

    def close(self):
        for connection in self.free:
            connection.close()


def percentile(values: list[float], of_hundred: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * of_hundred / 100))]
