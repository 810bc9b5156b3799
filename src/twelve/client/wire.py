"""HTTP/1.1 for the command line: small, so that a command starts fast.

http.client alone would cost a third of the time that ``twelve ps`` may take.
"""

import json
import socket
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from twelve.errors import TwelveError, Unreachable

PIECE = 256 * 1024
CONNECT_SECONDS = 10.0
KINDS = {kind.code: kind for kind in TwelveError.__subclasses__()}


class Address(NamedTuple):
    """Where control is: a unix socket, or a host and port with a token."""

    path: str = ""
    host: str = ""
    port: int = 0
    tls: bool = False
    token: str = ""
    patience: float | None = None
    """Seconds that an answer may take; None is for ever, as an operation may."""


class Answer:
    """An answer whose body is still to be read."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self.file: BinaryIO = link.makefile("rb")
        try:
            line = self.file.readline()
        except ConnectionResetError:
            line = b""
        if not line.startswith(b"HTTP/1.1 "):
            self.close()
            raise Unreachable("the control plane hung up", hint="twelve doctor")
        self.status = int(line.split()[1])
        self.headers: dict[str, str] = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            self.headers[name.lower()] = value.strip()

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes. Hangs up after it. Raises Unreachable when it is cut off."""
        try:
            if self.headers.get("transfer-encoding", "").lower() == "chunked":
                yield from self._chunks()
            else:
                yield from self._counted(int(self.headers.get("content-length", "0")))
        finally:
            self.close()

    def _counted(self, left: int) -> Iterator[bytes]:
        while left:
            data = self.file.read(min(left, PIECE))
            if not data:
                raise cut_off()
            left -= len(data)
            yield data

    def _chunks(self) -> Iterator[bytes]:
        while True:
            size = self.file.readline()
            if not size:
                raise cut_off()
            left = int(size, 16)
            if not left:
                self.file.readline()
                return
            data = self.file.read(left)
            if len(data) < left:
                raise cut_off()
            yield data
            self.file.readline()

    def lines(self) -> Iterator[bytes]:
        """The body line by line."""
        rest = b""
        for piece in self.pieces():
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
        if rest:
            yield rest

    def json(self) -> Any:
        """The whole body as JSON."""
        return json.loads(b"".join(self.pieces()) or b"null")

    def close(self) -> None:
        """Hang up."""
        self.file.close()
        self.link.close()


def cut_off() -> Unreachable:
    """The error of an answer that has no end."""
    return Unreachable("the control plane hung up in the middle of an answer", hint="twelve doctor")


def connect(address: Address) -> socket.socket:
    """A connection. Raises Unreachable."""
    try:
        link = connect_unix(address.path) if address.path else connect_host(address)
        link.settimeout(address.patience)
        return link
    except OSError as error:
        where = address.path or f"{address.host}:{address.port}"
        raise Unreachable(
            f"no control plane answers at {where}: {error.strerror or error}",
            hint="start one: twelve serve (twelve deploy starts one by itself)",
        ) from None


def connect_unix(path: str) -> socket.socket:
    """A connection to a unix socket. Raises OSError."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.connect(path)
    except BaseException:
        link.close()
        raise
    return link


def connect_host(address: Address) -> socket.socket:
    """A connection to a host, with TLS where its address says so. Raises OSError."""
    link = socket.create_connection((address.host, address.port), CONNECT_SECONDS)
    link.settimeout(None)
    if not address.tls:
        return link
    import ssl

    return ssl.create_default_context().wrap_socket(link, server_hostname=address.host)


def ask(
    address: Address,
    method: str,
    path: str,
    *,
    body: Any = None,
    upload: BinaryIO | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send a request and read the head of the answer. Raises what the answer's error says."""
    link = connect(address)
    lines = {"Host": address.host or "twelve", "Connection": "close", **(headers or {})}
    if address.token:
        lines["Authorization"] = f"Bearer {address.token}"
    data = b""
    if upload is not None:
        lines["Transfer-Encoding"] = "chunked"
    elif body is not None:
        data = json.dumps(body).encode()
        lines |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    try:
        link.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + data)
        if upload is not None:
            send_chunks(link, upload)
    except (BrokenPipeError, ConnectionResetError):
        # The answer says why the rest was not wanted.
        pass
    answer = Answer(link)
    if answer.status >= 400:
        raise fault(answer)
    return answer


def send_chunks(link: socket.socket, file: BinaryIO) -> None:
    """A file as a chunked body."""
    while data := file.read(PIECE):
        link.sendall(b"%x\r\n" % len(data) + data + b"\r\n")
    link.sendall(b"0\r\n\r\n")


def fault(answer: Answer) -> TwelveError:
    """The error that an answer carries."""
    try:
        plain = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return TwelveError(f"the control plane answered {answer.status}")
    finally:
        answer.close()
    return as_error(plain)


def as_error(plain: dict[str, Any]) -> TwelveError:
    """An error from its JSON, in the class of its code: callers tell NotFound from the rest."""
    kind = KINDS.get(plain.get("code", ""), TwelveError)
    error = kind(plain["message"], plain.get("hint", ""), problems=tuple(plain.get("problems", ())))
    error.code = plain.get("code", error.code)
    error.exit_code = plain.get("exit", error.exit_code)
    return error
