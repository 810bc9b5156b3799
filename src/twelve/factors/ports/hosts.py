"""Host names: those that every deploy has, and those that people add."""

import re

import idna

from twelve.errors import Invalid

LOCAL = "localhost"
"""Browsers and curl send every name below it to this machine (RFC 6761)."""

PRODUCTION = "production"
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?", re.ASCII)
_LONGEST = 253


def default_hosts(app: str, deploy: str) -> tuple[str, ...]:
    """The names of every deploy: ``shop.localhost``, or ``staging.shop.localhost``."""
    if deploy == PRODUCTION:
        return (f"{app}.{LOCAL}",)
    return (f"{deploy}.{app}.{LOCAL}",)


def domain(text: str) -> str:
    """A domain as it is kept: lower case, ASCII (``bücher.example`` is ``xn--bcher-kva.example``).

    ``*.example.com`` stands for every name below example.com. Raises Invalid that says what is off.
    """
    given = text.strip()
    name = given.rstrip(".").lower()
    if "://" in name or "/" in name:
        raise _not(given, "is a URL", f"write the name alone: {_bare(name)}")
    if re.fullmatch(r"[^:]+:\d+", name):
        raise _not(given, "has a port", f"write the name alone: {name.partition(':')[0]}")
    star, rest = ("*.", name[2:]) if name.startswith("*.") else ("", name)
    if "*" in rest:
        raise _not(given, "has its * in the wrong place", "write *.example.com for all below it")
    plain = star + _ascii(rest, given)
    if len(plain) > _LONGEST:
        raise _not(f"{given[:40]}…", f"has {len(plain)} characters", f"{_LONGEST} are allowed")
    if plain.endswith(f".{LOCAL}"):
        raise _not(
            given,
            f"is below .{LOCAL}, where every deploy has its own name already",
            "add a name of your own, e.g. www.example.com",
        )
    return plain


def url(host: str, port: int, *, scheme: str = "http") -> str:
    """Where a host answers, for people."""
    usual = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{host}" + ("" if port == usual else f":{port}")


def curl_line(host: str, address: str, port: int) -> str:
    """How to ask for a host that the caller's resolver does not know."""
    at = reached(address)
    shown = f"[{at}]" if ":" in at else at
    return f"curl -H 'Host: {host}' {url(shown, port)}/"


def reached(address: str) -> str:
    """The address at which this machine itself reaches what listens at ``address``."""
    return {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(address, address)


def _ascii(name: str, given: str) -> str:
    if not name:
        raise _not(given, "is empty", "write a name, e.g. www.example.com")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError as error:
            raise _not(
                given, f"is not a domain name: {error}", "write letters, digits and hyphens"
            ) from None
    for label in name.split("."):
        if not _LABEL.fullmatch(label):
            raise _not(
                given,
                f"is not a domain name: {label[:70]!r} is not one of its parts",
                "a part has 1 to 63 letters, digits and hyphens, a hyphen neither first nor last",
            )
    return name


def _bare(name: str) -> str:
    return re.sub(r"^[a-z]+://", "", name).partition("/")[0].partition(":")[0] or "example.com"


def _not(given: str, problem: str, hint: str) -> Invalid:
    return Invalid(f"domain {given!r} {problem}", hint=hint)
