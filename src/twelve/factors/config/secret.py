"""Secrets: a text that does not print, and how a name or a value gives itself away as one."""

import re

MASK = "••••••"

_SECRET_WORDS = re.compile(
    r"(^|_)(SECRETS?|TOKENS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|PWD|DSN|CREDENTIALS?|APIKEY|PRIVATE|PEPPER|SALT)(_|$|\d)"
    r"|(^|_)(API|AUTH|ACCESS|MASTER|SSH)?KEYS?($|_(ID|BASE|BASE64|PEM|B64|OLD|NEW|PREVIOUS|\d+)($|_))"
    r"|SECRET|PASSWORD"
)
_ABOUT_A_SECRET = re.compile(
    r"_(TTL|AGE|EXPIRY|EXPIRES?(_IN|_AFTER)?|LIFETIME|TIMEOUT|SECONDS|MINUTES|HOURS|DAYS|HEADER|LENGTH|ALGORITHM|TYPE|NAME)$"
    r"|(^|_)(PUBLIC|PUBLISHABLE|PRIMARY|SORT|PARTITION|FOREIGN|CACHE)_KEYS?$"
)
# A scheme without a bound would make a long value cost the square of its length.
_PASSWORD_IN_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/?#\s@]*:[^/?#\s@]+@")


class Secret(str):
    """A text that prints as dots. ``reveal`` is the one way to see it.

    It is a str, so it can be handed to a process; joining or encoding it yields the text in clear.
    """

    __slots__ = ()

    def reveal(self) -> str:
        """The text in clear, as a plain str."""
        return "".join(self)

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)


def mask(value: str) -> str:  # noqa: ARG001 -- the point: nothing of the value shows
    """What is shown for a value: always the same dots, so that not even its length is told."""
    return MASK


def looks_secret(name: str, value: str = "") -> bool:
    """The name (or a URL with a password in it) says that this is not for everybody's eyes."""
    name = name.upper()
    if _PASSWORD_IN_URL.search(value):
        return True
    return bool(_SECRET_WORDS.search(name)) and not _ABOUT_A_SECRET.search(name)
