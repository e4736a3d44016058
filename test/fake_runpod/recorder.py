"""Keeps what the worker has asked, byte for byte, for tests that compare it."""

import time
from collections import deque


class Exchange:
    def __init__(self, number, kind, worker, job, request):
        self.number = number
        self.kind = kind
        self.worker = worker
        self.job = job
        self.method = request.method
        self.path = request.raw_path
        self.headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
        self.body = b""
        self.bytes = 0
        self.status = None  # a number, or what a fault did instead
        self.fault = None
        self.began = time.time()
        self.ended = None

    def as_json(self):
        return {
            "number": self.number,
            "kind": self.kind,
            "worker": self.worker,
            "job": self.job,
            "method": self.method,
            "path": self.path,
            "headers": self.headers,
            "body": self.body.decode("utf-8", "backslashreplace"),
            "body_bytes": self.bytes,
            "status": self.status,
            "fault": self.fault,
            "began": self.began,
            "ended": self.ended,
        }


class Recorder:
    def __init__(self, settings):
        self.settings = settings
        self.kept = deque(maxlen=settings.exchanges_max)
        self.number = 0

    def begin(self, kind, worker, job, request):
        self.number += 1
        exchange = Exchange(self.number, kind, worker, job, request)
        if self.settings.record:
            self.kept.append(exchange)
        return exchange

    def body(self, exchange, body):
        exchange.bytes = len(body)
        exchange.body = body[: self.settings.recorded_bytes_max]

    def end(self, exchange, status, fault):
        exchange.status, exchange.fault, exchange.ended = status, fault, time.time()

    def as_json(self, kind=None, job=None, since=0):
        return [
            exchange.as_json()
            for exchange in self.kept
            if exchange.number > since and kind in (None, exchange.kind) and job in (None, exchange.job)
        ]
