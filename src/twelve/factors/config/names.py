"""Names and values of environment variables: which are possible, and which are Twelve's own."""

import re
from collections.abc import Iterable, Mapping

RESERVED = frozenset({"PORT", "HOST", "HOME", "TMPDIR", "PATH", "LANG", "NOTIFY_SOCKET"})
"""Twelve sets these itself, for each process; TWELVE_* belong to it too."""

LONGEST_VARIABLE = 128 * 1024 - 1
"""Bytes of ``NAME=value``: the kernel's MAX_ARG_STRLEN, without the closing NUL."""

LARGEST_CONFIG = 1024 * 1024
"""Bytes of all variables: the kernel gives arguments and environment a quarter of the stack."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)


def name_problem(name: str) -> str:
    """Why this cannot be the name of a variable; empty when it can."""
    if not name:
        return "a variable needs a name"
    if not _NAME.match(name):
        return "is not a name for a variable: write letters, digits and _, no digit first"
    return ""


def reserved_problem(name: str) -> str:
    """Why config cannot hold this variable although the name is fine; empty when it can."""
    if name in RESERVED or name.startswith("TWELVE_"):
        return "is set by Twelve itself, for each process: leave it out"
    return ""


def value_problem(name: str, value: str) -> str:
    """Why no process can be handed this value; empty when it can. Newlines are fine."""
    if "\0" in value:
        return "holds a NUL byte, which no environment can carry: encode the value, e.g. as base64"
    try:
        length = len(f"{name}={value}".encode())
    except UnicodeEncodeError:
        return "is not UTF-8 text: encode the value, e.g. as base64"
    if length > LONGEST_VARIABLE:
        return (
            f"is {length - len(name) - 1} bytes long; Linux hands a process at most "
            f"{LONGEST_VARIABLE} bytes a variable: keep it in a file or an object store, "
            "and its address here"
        )
    return ""


def check_pairs(pairs: Mapping[str, str]) -> list[str]:
    """Why config cannot hold these variables: a sentence for each fault, without the values."""
    faults = (
        (name, name_problem(name) or reserved_problem(name) or value_problem(name, value))
        for name, value in pairs.items()
    )
    problems = [f"{name or repr(name)} {fault}" for name, fault in faults if fault]
    total = total_problem(pairs.items())
    return [*problems, total] if total else problems


def total_problem(pairs: Iterable[tuple[str, str]]) -> str:
    """Why no process can be handed all of these together; empty when it can."""
    total = sum(len(f"{name}={value}".encode(errors="replace")) + 1 for name, value in pairs)
    if total <= LARGEST_CONFIG:
        return ""
    return f"all variables together are {total} bytes; Twelve hands over {LARGEST_CONFIG} at most"
