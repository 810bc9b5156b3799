"""The URL of a backing service: read it, check it, and show it without its secrets."""

import re
from typing import NamedTuple
from urllib.parse import unquote

from twelve.errors import Invalid
from twelve.factors.resources.kinds import Kind

DOTS = "•••"

LONGEST = 8192
"""Characters. No client takes more, and an environment has a limit too."""

PLAIN_QUERY = frozenset(
    {"sslmode", "ssl_cert_reqs", "connect_timeout", "application_name", "channel_binding"}
    | {"pool_size", "connection_limit", "schema", "search_path", "options", "target_session_attrs"}
    | {"charset", "encoding", "timeout", "db", "retrywrites", "w", "region", "tls", "ssl"}
)
"""Parameters whose values are shown. Any other may be a key or a signature."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*\Z")
_PORT = re.compile(r"[0-9]{1,5}\Z")


class Url(NamedTuple):
    """The parts of a URL, percent-decoded but for ``path`` and ``query``; what is absent is empty.

    ``host`` may name several, separated by commas, as Postgres and MongoDB allow; ``port`` is then
    None, as it is when the URL says none.
    """

    scheme: str
    user: str
    password: str
    host: str
    port: int | None
    path: str
    query: str

    def __repr__(self) -> str:
        """Tracebacks and debug lines must not carry the password."""
        return f"Url({self.scheme}://{DOTS})"

    @property
    def base(self) -> str:
        """The scheme without a driver's suffix: ``postgresql`` of ``postgresql+psycopg``."""
        return self.scheme.partition("+")[0]


def parse(text: str, place: str = "") -> Url:
    """The parts of ``text``.

    Raises Invalid, led by ``place`` and never showing the text, when it is not a URL.
    """
    lead = f"{place}: " if place else ""
    if not text:
        raise Invalid(f"{lead}the URL is empty", hint="write scheme://user:password@host/name")
    if len(text) > LONGEST:
        raise Invalid(
            f"{lead}the URL has {len(text)} characters, more than {LONGEST}",
            hint="keep what is longer in config",
        )
    if any(char.isspace() or not char.isprintable() for char in text):
        raise Invalid(f"{lead}the URL holds a blank or a control character", hint=ENCODE)
    scheme, colon, rest = text.partition(":")
    if not colon or not _SCHEME.match(scheme) or not rest:
        raise Invalid(f"{lead}that is not a URL", hint="write it as scheme://user:password@host/…")
    if not rest.startswith("//"):
        return Url(scheme.lower(), "", "", "", None, rest.partition("?")[0], "")
    authority, path, query = _split(rest[2:])
    if "#" in authority:
        raise Invalid(f"{lead}the URL holds a # before its host ends", hint=ENCODE)
    userinfo, _, address = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    host, port = _address(address, lead)
    return Url(scheme.lower(), unquote(user), unquote(password), host, port, path, query)


def check_kind(text: str, kind: Kind, place: str = "") -> Url:
    """The parts of a URL that a client of this kind understands. Raises Invalid otherwise."""
    url = parse(text, place)
    if url.base not in kind.schemes:
        raise Invalid(
            f"{place + ': ' if place else ''}a {url.scheme}:// URL is not one of {kind.title}",
            hint=f"it starts with one of: {', '.join(kind.schemes)}",
        )
    return url


def mask(text: str) -> str:
    """The URL as it may be shown: no password, token, or value of an unknown parameter.

    Made for any text: what cannot be read is hidden whole, and what looks doubtful is hidden.
    """
    scheme, mark, rest = text.partition("://")
    if not mark or not _SCHEME.match(scheme):
        return DOTS
    userinfo, at, rest = rest.rpartition("@")
    if set("/?#") & set(userinfo):
        # A password that holds a slash, or an @ in the query: either way we cannot tell the parts.
        return f"{scheme}://{DOTS}"
    address, path, query = _split(rest.partition("#")[0])
    user, colon, _ = userinfo.partition(":")
    # A name alone is often the secret: https://key@errors.example/1.
    shown = f"{user}:{DOTS}" if colon else DOTS
    if scheme.lower() in {"http", "https"}:
        # Web hooks keep their token in the path.
        path = f"/{DOTS}" if path.strip("/") else path
    return f"{scheme}://{shown + '@' if at else ''}{address}{path}{_masked_query(query)}"


ENCODE = (
    "characters of a password that are special in URLs are written as %40 (@), %2F (/), %23 (#)"
)


def _split(rest: str) -> tuple[str, str, str]:
    """Authority, path and query of what follows the two slashes."""
    before, _, query = rest.partition("?")
    authority, slash, path = before.partition("/")
    return authority, slash + path, query


def _address(address: str, lead: str) -> tuple[str, int | None]:
    if "," in address:
        return address, None
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        return unquote(address), None
    if port and not (_PORT.match(port) and int(port) < 65536):
        raise Invalid(f"{lead}the port of the URL is not a number from 0 to 65535", hint=ENCODE)
    return unquote(host), int(port) if port else None


def _masked_query(query: str) -> str:
    if not query:
        return ""
    pairs = [pair.partition("=") for pair in query.split("&")]
    shown = (
        f"{name}={value if name.lower() in PLAIN_QUERY else DOTS}" if equals else DOTS
        for name, equals, value in pairs
    )
    return "?" + "&".join(shown)
