"""The app's Redis, spoken to by hand: no package is needed."""

import os
import socket
from urllib.parse import unquote, urlsplit


def ask(*words):
    """One command; its answer's last line."""
    url = urlsplit(os.environ["CACHE_URL"])
    number = url.path.strip("/") or "0"
    with socket.create_connection((url.hostname, url.port)) as link:
        file = link.makefile("rwb")
        for each in (("AUTH", unquote(url.username), unquote(url.password)), ("SELECT", number)):
            assert say(file, *each) == "+OK"
        return say(file, *words)


def say(file, *words):
    """Send a command and read its answer."""
    parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
    file.write(f"*{len(words)}\r\n{''.join(parts)}".encode())
    file.flush()
    first = file.readline().decode().strip()
    return file.readline().decode().strip() if first.startswith("$") else first


def put(key, value):
    """Set."""
    assert ask("SET", key, value) == "+OK"


def get(key):
    """What is there."""
    return ask("GET", key)
