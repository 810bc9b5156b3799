"""The address of a drain: read, checked, and shown without its secrets."""

from typing import NamedTuple

from twelve.errors import Invalid
from twelve.factors.resources.url import Url, mask, parse

PORTS = {"syslog": 514, "syslog+tls": 6514, "http": 80, "https": 443}
"""The schemes, and the port of each when the address says none."""

_HINT = "write syslog://HOST:PORT, syslog+tls://HOST:PORT, https://… or http://…"


class Address(NamedTuple):
    """Where lines are sent to, and how."""

    scheme: str
    host: str
    port: int
    target: str
    """Path and query of a post, as they were written."""
    user: str
    password: str

    def __repr__(self) -> str:
        """Tracebacks and debug lines must not carry a password or a token."""
        return f"Address({self.scheme}://{self.place})"

    @property
    def place(self) -> str:
        """``logs.example:6514``: what errors may say."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def posts(self) -> bool:
        """Whether lines are posted over HTTP; else they are messages of syslog."""
        return self.scheme in {"http", "https"}

    @property
    def encrypted(self) -> bool:
        """Whether the way there is closed to others."""
        return self.scheme in {"https", "syslog+tls"}


def read_address(text: str) -> Address:
    """The address that a person wrote. Raises Invalid, never repeating the text."""
    url = parse(text, "drain")
    if url.scheme not in PORTS:
        raise Invalid(f"drain: {url.scheme}:// is no way for lines to go", hint=_HINT)
    host = url.host.removeprefix("[").removesuffix("]")
    if not host or "," in host or "/" in host:
        raise Invalid("drain: the URL names no host, or more than one", hint=_HINT)
    if url.port == 0:
        raise Invalid("drain: nobody listens on port 0", hint=_HINT)
    if not text.isascii():
        raise Invalid(
            "drain: the URL holds a character beyond ASCII",
            hint="write it percent-encoded (%C3%BC), a host in its xn-- form",
        )
    address = Address(
        url.scheme, host, url.port or PORTS[url.scheme], _target(text), url.user, url.password
    )
    if not address.posts:
        _check_syslog(url)
    return address


def shown(text: str) -> str:
    """The address for everybody's eyes."""
    return mask(text)


def _target(text: str) -> str:
    rest = text.partition("://")[2].partition("#")[0]
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    target = rest[cut:]
    return target if target.startswith("/") else f"/{target}"


def _check_syslog(url: Url) -> None:
    if url.user or url.password:
        raise Invalid("drain: syslog has no passwords", hint="leave out what stands before the @")
    if url.path.strip("/") or url.query:
        raise Invalid("drain: a syslog address ends with the port", hint=_HINT)
