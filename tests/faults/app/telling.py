"""Lines that are numbered, and a witness outside that is told of them and of what was done."""

import os
import socket
import threading

LIFE = f"{os.environ.get('TWELVE_PROCESS', 'x')}-{os.urandom(4).hex()}"
"""Each life of a process numbers its own lines."""
LOCK = threading.Lock()
WITNESS = ("127.0.0.1", int(os.environ.get("WITNESS", "0")))
LINK = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

number = 0


def line(text=""):
    """Print a numbered line, then tell the witness that it was printed."""
    global number  # noqa: PLW0603 - a program of thirty lines
    with LOCK:
        number += 1
        os.write(1, f"line {LIFE} {number} {text}\n".encode())
        witness(f"printed {LIFE} {number}")


def witness(text):
    """Tell it, if there is one."""
    if WITNESS[1]:
        LINK.sendto(text.encode(), WITNESS)
