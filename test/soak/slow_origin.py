"""An origin of pictures that begins an answer and never goes on."""

import socket
import threading

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 100000\r\n\r\n\x89PNG"


class SlowOrigin:
    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/slow.png"
        self.asked = threading.Event()
        self.held = []
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            self.held.append(connection)
            if not connection.recv(4096):  # the end, see below
                return
            connection.sendall(HEAD)
            self.asked.set()

    def __exit__(self, *_):
        socket.create_connection(self.listener.getsockname()).close()
        self.thread.join()
        for connection in (*self.held, self.listener):
            connection.close()
