"""A web process without dependencies: it says who it is, and finishes what it began."""

import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "one"


class Server(ThreadingHTTPServer):
    """Waits for its threads when it ends."""

    daemon_threads = False
    request_queue_size = 128


class Answer(BaseHTTPRequestHandler):
    """Every path but /slow says the version."""

    def do_GET(self):
        if self.path.startswith("/slow"):
            time.sleep(float(self.path.rpartition("=")[2]))
        body = f"{VERSION} {os.environ.get('GREETING', '')}".strip().encode()
        self.send_response(200)
        self.send_header("X-Shop-Version", VERSION)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *words):
        print(form % words, flush=True)


if __name__ == "__main__":
    server = Server((os.environ["HOST"], int(os.environ["PORT"])), Answer)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"version {VERSION} listens", file=sys.stderr, flush=True)
    server.serve_forever()
    server.server_close()
