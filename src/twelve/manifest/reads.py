"""Which variables a codebase reads, as its text shows: for ``twelve init`` to write them down."""

import re
from collections.abc import Iterable, Iterator

from twelve.factors.config.names import reserved_problem

_NAME = r"([A-Z][A-Z0-9_]+)"
_QUOTED = rf"""["']{_NAME}["']"""
_PATTERNS = (
    # os.environ["X"], os.environ.get("X", …), os.getenv("X")
    rf"environ(?:\.get|\.setdefault)?\s*[\[(]\s*{_QUOTED}\s*([,\])])",
    rf"getenv\s*\(\s*{_QUOTED}\s*([,)])",
    # django-environ, environs, decouple: env("X"), env.str("X"), config("X")
    rf"\b(?:env|config)(?:\.\w+)?\s*\(\s*{_QUOTED}\s*([,)])",
    # process.env.X, process.env["X"]
    rf"process\.env(?:\.{_NAME}\b|\[\s*{_QUOTED}\s*\])(\s*(?:\|\||\?\?))?",
)
_HELPERS = (
    # def required(name): … os.environ[name] …
    r"def (?P<name>\w+)\(\s*(?P<key>\w+)[^)]*\)[^:\n]*:[^\n]*\n(?P<body>(?:[ \t]+[^\n]*\n|\n)+)",
    # function required(name) { … process.env[name] …
    r"function (?P<name>\w+)\(\s*(?P<key>\w+)[^)]*\)[^{]*\{(?P<body>.{0,400})",
)
_SOFT = re.compile(r"\.get\(|getenv")
"""Gives nothing instead of failing."""

_FUNCTIONS = tuple(re.compile(pattern, re.DOTALL) for pattern in _HELPERS)
_COMPILED = tuple(re.compile(pattern) for pattern in _PATTERNS)

STRANGERS = frozenset({"DJANGO_SETTINGS_MODULE", "NODE_ENV", "PYTHONPATH", "CI", "DEBUG", "PWD"})
"""Not config of a deploy: set by tools, or switches of development."""


def variables_read(texts: Iterable[str]) -> dict[str, bool]:
    """Name to whether it must be set: a read with a fallback, somewhere, makes it optional."""
    texts = list(texts)
    found: dict[str, bool] = {}
    for name, required in [*_read_directly(texts), *_read_by_helpers(texts)]:
        if not reserved_problem(name) and name not in STRANGERS:
            found[name] = found.get(name, True) and required
    return dict(sorted(found.items()))


def _read_directly(texts: Iterable[str]) -> Iterator[tuple[str, bool]]:
    for text in texts:
        for pattern in _COMPILED:
            for match in pattern.finditer(text):
                groups = [group for group in match.groups() if group is not None]
                name, after = groups[0], (groups[1] if len(groups) > 1 else "")
                needed = after.strip() in {"", "]", ")"} and not _SOFT.search(match.group(0))
                yield name, needed


def _read_by_helpers(texts: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """What goes through a function of the app's own that looks a name up."""
    helpers: dict[str, bool] = {}
    for text in texts:
        for pattern in _FUNCTIONS:
            for match in pattern.finditer(text):
                key, body = re.escape(match["key"]), match["body"]
                if re.search(rf"(?:environ(?:\.get)?|getenv|process\.env)\s*[\[(]\s*{key}\b", body):
                    fails = re.search(rf"\b(?:raise|throw)\b|environ\s*\[\s*{key}\b", body)
                    helpers[match["name"]] = bool(fails)
    if not helpers:
        return
    names = "|".join(map(re.escape, helpers))
    call = re.compile(rf"(?<![\w.])({names})\(\s*{_QUOTED}\s*([,)])")
    for text in texts:
        for match in call.finditer(text):
            yield match[2], helpers[match[1]] and match[3] == ")"
