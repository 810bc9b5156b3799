"""A web process that can be made ill: it hangs, fails, streams and counts as it is asked to."""

import base64
import hashlib
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "one"
FAILS = False
"""Whether every page but / is a 500."""

ILL = threading.Event()
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Server(ThreadingHTTPServer):
    """Streams are cut off at the end, requests are not."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256


class Answer(BaseHTTPRequestHandler):
    """A path for each kind of behaviour."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, _, wish = self.path.partition("?")
        if path == "/health":
            self.say(503 if ILL.is_set() else 200, "ill" if ILL.is_set() else "well")
        elif path == "/ill":
            ILL.set()
            self.say(200, "ill from now on")
        elif path == "/die":
            print("last words", flush=True)
            os.kill(os.getpid(), int(wish)) if int(wish) else os._exit(7)
        elif path == "/slow":
            time.sleep(float(wish))
            self.say(200, VERSION)
        elif path == "/events":
            self.stream()
        elif path == "/chat":
            self.chat()
        elif FAILS and path != "/":
            self.say(500, "failed")
        else:
            self.say(200, VERSION)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print(f"executed {body}", flush=True)
        self.say(200, VERSION)

    def say(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def stream(self):
        """Server-sent events, ten a second, without end."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        number = 0
        while True:
            self.wfile.write(f"data: {VERSION} {number}\n\n".encode())
            number += 1
            time.sleep(0.1)

    def chat(self):
        """A WebSocket that says each short message back, with the version before it."""
        key = (self.headers["Sec-WebSocket-Key"] + MAGIC).encode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        accept = base64.b64encode(hashlib.sha1(key).digest()).decode()
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        while len(head := self.rfile.read(2)) == 2:
            mask = self.rfile.read(4)
            data = bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(head[1] & 127)))
            if head[0] & 15 == 8:
                break
            said = f"{VERSION}: {data.decode()}".encode()
            self.wfile.write(bytes([0x81, len(said)]) + said)
        self.close_connection = True

    def log_message(self, form, *words):
        pass


if __name__ == "__main__":
    server = Server((os.environ["HOST"], int(os.environ["PORT"])), Answer)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"version {VERSION} listens", file=sys.stderr, flush=True)
    server.serve_forever()
    server.server_close()
