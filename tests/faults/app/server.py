"""A web process: what it was asked to do it does at once, and says so to the witness."""

import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from telling import line, witness

VERSION = "one"


class Server(ThreadingHTTPServer):
    """Waits for its threads when it ends."""

    daemon_threads = False
    request_queue_size = 128


class Answer(BaseHTTPRequestHandler):
    """GET says the version; POST is an order, whose number is its path."""

    wbufsize = 1 << 16
    """An answer leaves in one piece: who is killed has sent all of it, or nothing to the router."""

    def do_GET(self):
        line(self.path)
        self.answer(f"{VERSION} {os.environ.get('GREETING', '')}".strip())

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        witness(f"did {self.path}")
        line(self.path)
        self.answer("done")

    def answer(self, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("X-Shop-Version", VERSION)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *words):
        pass


if __name__ == "__main__":
    server = Server((os.environ["HOST"], int(os.environ["PORT"])), Answer)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    server.server_close()
