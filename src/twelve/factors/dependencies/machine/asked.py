"""Where an app says which Python and which Node it wants; the first that says so decides."""

import re
from collections.abc import Callable, Iterable

from twelve.errors import Invalid
from twelve.factors.dependencies.machine.versions import Request, node_request, python_request

Read = Callable[[str], bytes | None]

ANY_PYTHON = ("system",)


def python_asked(read: Read, declared: Iterable[tuple[str, str]]) -> tuple[Request, ...]:
    """Give what is asked of Python, the one that decides first.

    ``declared`` are what the files of dependencies say, each with its place. Raises Invalid.
    """
    asked = [
        *(python_request(line, ".python-version") for line in _first(read, ".python-version")),
        *(python_request(line, "runtime.txt") for line in _first(read, "runtime.txt")),
        *(python_request(text, place) for text, place in declared if text),
    ]
    return _distinct(asked)


def node_asked(read: Read, declared: Iterable[tuple[str, str]]) -> tuple[Request, ...]:
    """Give what is asked of Node, the one that decides first; ``declared`` is of package.json."""
    files = ((text, path) for path in (".node-version", ".nvmrc") for text in _first(read, path))
    found = (node_request(text, place) for text, place in (*declared, *files) if text)
    return _distinct(filter(None, found))


def _first(read: Read, path: str) -> list[str]:
    """Give the first line that asks for something: pyenv takes the others for further tools."""
    try:
        text = (read(path) or b"").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path}: not UTF-8 (byte {error.start})", "save the file as UTF-8") from None
    lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line and line not in ANY_PYTHON][:1]


def _distinct(asked: Iterable[Request]) -> tuple[Request, ...]:
    return tuple({one.place: one for one in asked}.values())
