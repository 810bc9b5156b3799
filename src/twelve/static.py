"""A static site as a process: ``python -m twelve.static DIR`` serves a folder on $PORT."""

import argparse
import asyncio
import email.utils
import hashlib
import mimetypes
import os
import re
import signal
import stat
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from io import BufferedReader
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

BLOCK = 1 << 16
SETTLED = 86400
"""A modification time within the epoch's first day says nothing: a build sets all times alike."""

OF_THE_DEPLOY = (["Procfile"], ["twelve.toml"])
"""They say how the site is run, and are no pages of it."""

GRACE_SECONDS = 25

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class Site(NamedTuple):
    """A folder to serve. ``fallback`` answers paths that are no file (for single-page apps)."""

    root: str
    fallback: str
    started: float
    """Seconds since the epoch; stands for the time of change of files that have none."""


class Found(NamedTuple):
    """The answer to a path: a file and a status, or another place."""

    path: str = ""
    status: int = 200
    location: str = ""


def application(site: Site) -> App:
    """Give the ASGI application that serves the site."""
    tags: dict[tuple[str, int, int], str] = {}

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        _ = receive
        if scope["type"] != "http":
            return
        if scope["method"] not in ("GET", "HEAD"):
            await _say(send, 405, b"method not allowed\n", [(b"allow", b"GET, HEAD")])
            return
        found = find(site, scope["raw_path"].partition(b"?")[0].decode("latin-1"))
        if found.location:
            query = b"?" + scope["query_string"] if scope["query_string"] else b""
            await _say(send, found.status, b"", [(b"location", found.location.encode() + query)])
        elif not found.path:
            await _say(send, found.status, b"not found\n", [])
        else:
            await _serve_file(site, found, scope, send, tags)

    return serve


def find(site: Site, raw_path: str) -> Found:
    """Find what answers a path: nothing outside the folder, no dot file, nothing of the deploy."""
    path = unquote(raw_path, errors="surrogateescape")
    parts = path.strip("/").split("/") if path.strip("/") else []
    hidden = any(part.startswith(".") and part != ".well-known" for part in parts)
    hidden = hidden or parts in OF_THE_DEPLOY
    if "\0" in path or hidden or any(part in ("", "..") for part in parts):
        return _nothing(site)
    target = os.path.join(site.root, *parts)
    real = os.path.realpath(target)
    if real != site.root and not real.startswith(site.root + os.sep):
        return _nothing(site)
    if os.path.isdir(real):
        if not os.path.isfile(os.path.join(real, "index.html")):
            return _nothing(site)
        if not path.endswith("/"):
            # One slash only: two would name another host.
            return Found(status=301, location="/" + quote("/".join(parts)) + "/")
        return Found(os.path.join(real, "index.html"))
    if os.path.isfile(real) and not path.endswith("/"):
        return Found(real)
    page = os.path.realpath(f"{target}.html")
    if parts and page.startswith(site.root + os.sep) and os.path.isfile(page):
        return Found(page)
    return _nothing(site)


def parse_range(text: str, size: int) -> tuple[int, int] | None:
    """Read a Range header: first byte and the one after the last. None when it is to be ignored.

    Raises ValueError when it lies outside the file.
    """
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", text.strip())
    if not match or match[0] == "bytes=-":
        return None
    if not match[1]:
        first, end = max(0, size - int(match[2])), size
    else:
        first, end = int(match[1]), min(size, int(match[2]) + 1) if match[2] else size
        if match[2] and int(match[2]) < first:
            return None
    if first >= size or first >= end:
        raise ValueError(text)
    return first, end


def main(words: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM; requests under way are finished."""
    parser = argparse.ArgumentParser(prog="python -m twelve.static", description=__doc__)
    parser.add_argument("folder", nargs="?", default=".")
    parser.add_argument("--fallback", default="", help="file that answers unknown paths with 200")
    parser.add_argument(
        "--access-log", action="store_true", help="a line for each request on stdout"
    )
    given = parser.parse_args(words)
    root = os.path.realpath(given.folder)
    if not os.path.isdir(root):
        print(f"twelve.static: {given.folder}: there is no such folder", file=sys.stderr)
        return 1
    port = os.environ.get("PORT", "8000")
    if not port.isdecimal() or int(port) > 65535:
        print(f"twelve.static: PORT: {port!r} is not a port", file=sys.stderr)
        return 1
    site = Site(root, given.fallback, time.time())
    return _run(site, os.environ.get("HOST", "127.0.0.1"), int(port), access_log=given.access_log)


def _run(site: Site, host: str, port: int, *, access_log: bool) -> int:
    import uvicorn

    config = uvicorn.Config(
        application(site),
        host=host,
        port=port,
        log_level="info" if access_log else "warning",
        access_log=access_log,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
        log_config=_LOGGING,
    )
    server = uvicorn.Server(config)
    # uvicorn raises the signal once more after it has finished: to be told to stop is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    print(f"serving {site.root} on http://{host}:{port}", flush=True)
    server.run()
    return 0 if server.started else 1


_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(message)s"}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "stream": "ext://sys.stdout",
        }
    },
    "loggers": {
        "uvicorn.error": {"handlers": ["stdout"], "level": "WARNING"},
        "uvicorn.access": {"handlers": ["stdout"], "level": "INFO"},
    },
}


def _nothing(site: Site) -> Found:
    if site.fallback:
        return Found(os.path.join(site.root, site.fallback))
    page = os.path.join(site.root, "404.html")
    return Found(page if os.path.isfile(page) else "", 404)


async def _serve_file(
    site: Site, found: Found, scope: Scope, send: Send, tags: dict[tuple[str, int, int], str]
) -> None:
    try:
        opened = await asyncio.to_thread(open, found.path, "rb")
    except OSError:
        await _say(send, 404, b"not found\n", [])
        return
    with opened:
        facts = os.fstat(opened.fileno())
        if not stat.S_ISREG(facts.st_mode):
            await _say(send, 404, b"not found\n", [])
            return
        key = (found.path, facts.st_mtime_ns, facts.st_size)
        if key not in tags:
            tags[key] = await asyncio.to_thread(_tag, opened)
        changed = facts.st_mtime if facts.st_mtime > SETTLED else site.started
        await _answer(found, opened, facts.st_size, tags[key], changed, scope, send)


async def _answer(
    found: Found,
    opened: BufferedReader,
    size: int,
    tag: str,
    changed: float,
    scope: Scope,
    send: Send,
) -> None:
    asked = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    headers = _headers(found.path, tag, changed)
    status, first, end = found.status, 0, size
    if status == 200:
        if _unchanged(asked, tag, changed):
            await _start(send, 304, headers)
            await _end(send)
            return
        try:
            part = parse_range(asked["range"], size) if _range_holds(asked, tag) else None
        except ValueError:
            await _say(send, 416, b"", [(b"content-range", f"bytes */{size}".encode())])
            return
        if part:
            status, (first, end) = 206, part
            headers.append((b"content-range", f"bytes {first}-{end - 1}/{size}".encode()))
    headers.append((b"content-length", str(end - first).encode()))
    await _start(send, status, headers)
    if scope["method"] == "GET":
        opened.seek(first)
        for length in _blocks(end - first):
            body = await asyncio.to_thread(opened.read, length)
            await send({"type": "http.response.body", "body": body, "more_body": True})
    await _end(send)


def _headers(path: str, tag: str, changed: float) -> Headers:
    kind, packed = mimetypes.guess_type(path)
    if packed:
        kind = "application/octet-stream"
    kind = kind or "application/octet-stream"
    if kind.startswith("text/") or kind in ("application/javascript", "application/json"):
        kind += "; charset=utf-8"
    return [
        (b"content-type", kind.encode()),
        (b"etag", tag.encode()),
        (b"last-modified", email.utils.formatdate(changed, usegmt=True).encode()),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", b"public, max-age=0, must-revalidate"),
        (b"x-content-type-options", b"nosniff"),
    ]


def _unchanged(asked: dict[str, str], tag: str, changed: float) -> bool:
    if (known := asked.get("if-none-match")) is not None:
        return any(one.strip().removeprefix("W/") in (tag, "*") for one in known.split(","))
    if (since := asked.get("if-modified-since")) is None:
        return False
    try:
        return int(changed) <= email.utils.parsedate_to_datetime(since).timestamp()
    except (ValueError, TypeError):
        return False


def _range_holds(asked: dict[str, str], tag: str) -> bool:
    return "range" in asked and asked.get("if-range", tag) == tag


def _blocks(length: int) -> Iterator[int]:
    while length > 0:
        yield min(BLOCK, length)
        length -= BLOCK


def _tag(opened: BufferedReader) -> str:
    digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return f'"{digest[:32]}"'


async def _say(send: Send, status: int, body: bytes, headers: Headers) -> None:
    plain = (b"content-type", b"text/plain; charset=utf-8")
    await _start(send, status, [plain, (b"content-length", str(len(body)).encode()), *headers])
    await send({"type": "http.response.body", "body": body})


async def _start(send: Send, status: int, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    raise SystemExit(main())
