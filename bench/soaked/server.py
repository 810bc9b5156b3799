"""The app of the soak: answers with its version; /flood?N prints N lines."""

import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "one"
LINE = "a line of the flood, as long as such lines are when somebody forgot to turn them off"


class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128


class Answer(BaseHTTPRequestHandler):
    # An answer goes out whole or not at all: what a killed process has begun, nobody can finish.
    wbufsize = -1

    def do_GET(self):
        if self.path.startswith("/flood?"):
            for number in range(int(self.path.rpartition("?")[2])):
                sys.stdout.write(f"{number} {LINE}\n")
            sys.stdout.flush()
        body = VERSION.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form, *words):
        print(form % words, flush=True)


if __name__ == "__main__":
    server = Server((os.environ["HOST"], int(os.environ["PORT"])), Answer)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    server.server_close()
