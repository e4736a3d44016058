"""A web server of pictures that come at once, and of others that drip until they are let go."""

import http.server
import threading
from contextlib import contextmanager


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        picture = self.server.picture
        if self.path.startswith("/drip/"):
            self.drip(picture)
        else:
            self.send_header("Content-Length", str(len(picture)))
            self.end_headers()
            self.wfile.write(picture)

    def drip(self, picture):
        """Faster than what is given up, and without an end before it is let go; only then has it been a picture."""
        self.server.dripping.release()
        self.end_headers()
        try:
            while not self.server.let_go.wait(0.1):
                self.wfile.write(b"0" * 512)
        except OSError:
            self.server.lost += 1

    def log_message(self, *_):
        pass


@contextmanager
def dripping_pages(picture: bytes):
    """Its `.url`; `.dripping` counts those that have begun, `.let_go` ends them, and `.lost` those that hung up."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        server.daemon_threads = True
        server.picture = picture
        server.dripping = threading.Semaphore(0)
        server.let_go = threading.Event()
        server.lost = 0
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.let_go.set()
            server.shutdown()
            thread.join()


def drips(server, count=64):
    return [f"{server.url}/drip/{number}" for number in range(count)]
