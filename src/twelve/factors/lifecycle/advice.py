"""What to do about an app that did not come up, by its last words."""

import re
from collections.abc import Iterable

_FORBIDDEN = (
    "Read-only file system|EROFS|readonly database|unable to open database file|"
    "Permission denied: '[^/]"
)
_KNOWN = (
    (
        _FORBIDDEN,
        "the app may not write among its code: log to stdout, keep data in a resource or $TMPDIR",
    ),
    (
        r"extension \"([^\"]+)\" is not available",
        r"this Postgres has no \1: attach a server that has it, or set TWELVE_POSTGRES_BIN",
    ),
    (
        r"cannot run '([^'/]+)': no such program",
        r"declare the package that brings \1, or mend the command",
    ),
    (
        r"ModuleNotFoundError: No module named '([^'.]+)",
        r"is the package that holds \1 declared, in requirements.txt or pyproject.toml?",
    ),
    (
        r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object file",
        r"\1 is a library of the system: install its package on this machine",
    ),
)


def advice(lines: Iterable[str]) -> str:
    """The next step for what a process said last; empty when it is nothing known."""
    text = "\n".join(lines)
    for pattern, sentence in _KNOWN:
        if match := re.search(pattern, text):
            return match.expand(sentence)
    return ""
