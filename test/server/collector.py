"""A collector of traces that reads what it gets as OpenTelemetry's own messages."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def as_protobuf_json(value):
    """OTLP writes ids as hexadecimal digits where the JSON of Protocol Buffers has base64."""
    if isinstance(value, list):
        return [as_protobuf_json(one) for one in value]
    if not isinstance(value, dict):
        return value
    ids = ("traceId", "spanId", "parentSpanId")
    return {
        key: base64.b64encode(bytes.fromhex(one)).decode() if key in ids else as_protobuf_json(one)
        for key, one in value.items()
    }


class Collector:
    """What it has heard: `.requests` as messages, `.spans()` as (span, its resource's attributes)."""

    def __init__(self, statuses=()):
        self.requests, self.headers, self.statuses = [], [], list(statuses)
        self.calls = 0
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.calls += 1
                status = collector.statuses.pop(0) if collector.statuses else 200
                if status == 200:
                    message = json_format.ParseDict(as_protobuf_json(json.loads(body)), ExportTraceServiceRequest())
                    collector.headers.append(self.headers)
                    collector.requests.append(message)
                self.send_response(status)
                if status != 200:
                    self.send_header("Retry-After", "1")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def spans(self):
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def wait_for(self, name: str, count: int = 1, seconds: float = 30):
        """The spans of that name, once there are so many."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = [span for span in self.spans() if span.name == name]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError(f"no {count} spans {name} among {[span.name for span in self.spans()]}")

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.server.shutdown()
        self.server.server_close()


def attributes_of(span) -> dict:
    def plain(value):
        kind = value.WhichOneof("value")
        return [plain(one) for one in value.array_value.values] if kind == "array_value" else getattr(value, kind)

    return {one.key: plain(one.value) for one in span.attributes}
