"""As much of the hub as a download asks for, on this machine: what is in a model, and its files, in ranges, too."""

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LARGE = (".safetensors", ".bin")
COMMIT = "c" * 40
PIECE = 1 << 20


class FakeHub:
    """files: name -> content. What was asked for is kept; a transfer can be cut, or made to wait for ever."""

    def __init__(self, source, files):
        self.source = source
        self.files = files
        self.token = None  # set: nobody without it is let in
        self.cut_after = {}  # name -> bytes after which the connection ends, once
        self.hang_after = {}  # name -> bytes after which nothing comes any more
        self.claimed = {}  # name -> a size that is not true
        self.hanging = threading.Event()
        self.released = threading.Event()
        self.asked = []  # (name, first byte) of each GET of a file
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def started(self, name):
        """From which bytes the file was asked for, in order."""
        return [first for asked, first in self.asked if asked == name]

    def entries(self):
        for name, content in self.files.items():
            size = self.claimed.get(name, len(content))
            entry = {"type": "file", "path": name, "rfilename": name, "size": size, "blobId": etag(name, content)}
            entry |= {"oid": entry["blobId"]}
            if name.endswith(LARGE):
                sha256 = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": sha256, "oid": sha256, "size": size, "pointerSize": 130}
            yield entry

    def _handler(hub):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def refuse(self, status, code):
                self.send_response(status)
                self.send_header("X-Error-Code", code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def answer_json(self, value):
                content = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_HEAD(self):
                self.do_GET()

            def do_GET(self):
                path = self.path.split("?")[0]
                if hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
                    return self.refuse(401, "GatedRepo" if hub.source in path else "RepoNotFound")
                if hub.source not in path:
                    return self.refuse(404, "RepoNotFound")
                if path.startswith("/api/"):
                    return self.answer_api(path)
                name = path.rsplit("/", 1)[1]
                if name not in hub.files:
                    return self.refuse(404, "EntryNotFound")
                self.answer_file(name)

            def answer_api(self, path):
                revision = path.split("/revision/")[-1].split("/tree/")[-1]
                if revision not in ("main", COMMIT):
                    return self.refuse(404, "RevisionNotFound")
                if "/tree/" in path:
                    return self.answer_json(list(hub.entries()))
                self.answer_json({"id": hub.source, "sha": COMMIT, "siblings": list(hub.entries())})

            def answer_file(self, name):
                content = hub.files[name]
                wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
                first = int(wanted[1]) if wanted else 0
                self.send_response(206 if wanted else 200)
                self.send_header("ETag", f'"{etag(name, content)}"')
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("Content-Length", str(len(content) - first))
                if wanted:
                    self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
                self.end_headers()
                if self.command == "GET":
                    hub.asked.append((name, first))
                    self.send_content(name, content, first)

            def send_content(self, name, content, first):
                cut, hang = hub.cut_after.pop(name, None), hub.hang_after.get(name)
                end = min(len(content), *(stop for stop in (cut, hang) if stop is not None), len(content))
                try:
                    for at in range(first, end, PIECE):
                        self.wfile.write(content[at : min(at + PIECE, end)])
                    self.wfile.flush()
                    if hang is not None:
                        hub.hanging.set()
                        hub.released.wait()
                except ConnectionError:
                    pass  # the other side was stopped
                if end < len(content):
                    self.close_connection = True

        return Handler


def etag(name, content):
    return hashlib.sha256(content).hexdigest() if name.endswith(LARGE) else hashlib.sha1(content).hexdigest()
