"""An endpoint that answers what the test says: for the answers that a healthy platform does not give."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Stub:
    """answers: operation (run, status, cancel) -> (HTTP status, JSON), or a list of these, whose last one stays."""

    def __init__(self):
        self.answers, self.seen = {}, []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                operation, _, job = self.path.removeprefix("/v2/stubbed/").partition("/")
                stub.seen.append((operation, job))
                status, body = stub.next_answer(operation)
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_port}/v2"

    def script(self, **answers):
        accepted = {"run": (200, {"id": "job-1", "status": "IN_QUEUE"}), "cancel": (200, {"status": "CANCELLED"})}
        self.seen.clear()
        self.answers = {**accepted, **answers}

    def next_answer(self, operation):
        answers = self.answers[operation]
        if isinstance(answers, tuple):
            return answers
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
