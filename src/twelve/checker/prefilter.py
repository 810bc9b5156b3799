"""Which code files are worth parsing: those that hold a word that some rule needs."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from twelve.picture.rule import Rule

BEFORE, AFTER = 100, 200
CAMEL = re.compile(r"^[.]?[a-z]+[A-Z]|^@|-")
TOP = re.compile(
    rb"^(?:export )?(?:const |let |var )?([A-Za-z_$][\w$]*)\s*(?::[^=\n]+)?=\s*(?:[{\[]|dict\(|list\(|set\(|(?:collections\.)?(?:defaultdict|deque|OrderedDict|Counter)\(|new (?:Map|Set|WeakMap)|-?\d|None\b|null\b|[TtFf](?:rue|alse)\b)",
    re.MULTILINE,
)
CHANGE = re.compile(
    rb"\[[^\]\n]*\](?:\[[^\]\n]*\]|\.\w+)*\s*[-+|*]?=[^=]|\.(?:append|add|update|setdefault|pop|extend|insert|remove|clear|push|set|delete|unshift|splice|appendleft|popitem|discard|shift)\(|\s*(?:\+\+|--|[-+]=)|\.\w+\s*=[^=]"
)
LOGGING = ("basicConfig", "dictConfig", "fileConfig")


class Near(NamedTuple):
    """Words, and a pattern that must match: beside the word when ``window``, else anywhere in the file."""

    words: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    window: bool
    lower: bool
    """Both are looked for in the text in small letters: that is faster than ignoring the case."""


def _made(words: tuple[str, ...], pattern: str, *, python: bool) -> Near:
    window = pattern.startswith("(?#window)")
    text = pattern.removeprefix("(?#window)")
    lower = text.startswith("(?i)")
    kept = {word for word in words if not (python and CAMEL.search(word))}
    if lower:
        kept = {word.lower() for word in kept}
    kept = {word for word in kept if not any(other in word for other in kept if other != word)}
    compiled = re.compile(text.removeprefix("(?i)").encode(), re.MULTILINE)
    return Near(tuple(sorted(word.encode() for word in kept)), compiled, window, lower)


class Prefilter:
    """The union of the rules' words, made from the rules themselves."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        held = list(rules)
        every = sorted({word for rule in held for word in rule.tokens}, key=len)
        python = [word for word in every if not CAMEL.search(word) or word in LOGGING]
        self.words = _shortest(every)
        self.python_words = _shortest(python)
        self.mutated = any(rule.mutated for rule in held)
        pairs = sorted({pair for rule in held for pair in rule.near})
        self.near = tuple(_made(*pair, python=False) for pair in pairs)
        self.python_near = tuple(_made(*pair, python=True) for pair in pairs)

    def hits(self, data: bytes, *, python: bool = False) -> bool:
        """May a rule find something in this file?"""
        for word in self.python_words if python else self.words:
            if word in data:
                return True
        small = data.lower()
        for one in self.python_near if python else self.near:
            if _near(small if one.lower else data, one):
                return True
        return self.mutated and _mutated(data)


def _shortest(words: list[str]) -> tuple[bytes, ...]:
    """The words without those that hold another one."""
    return tuple(w.encode() for w in words if not any(o in w for o in words if o != w))


def _mutated(data: bytes) -> bool:
    """Is a container or a counter of the top level changed anywhere below?"""
    for match in TOP.finditer(data):
        name = match[1]
        if b"global" in data and re.search(rb"global [^\n]*\b" + re.escape(name), data):
            return True
        at = data.find(name, match.end())
        while at >= 0:
            if CHANGE.match(data, at + len(name)):
                return True
            at = data.find(name, at + 1)
        if b"++" + name in data or b"--" + name in data:
            return True
    return False


def _near(data: bytes, one: Near) -> bool:
    for word in one.words:
        at = data.find(word)
        if at >= 0 and not one.window:
            return one.pattern.search(data) is not None
        end = -1
        while at >= 0:
            start = max(at - BEFORE, end)
            end = at + AFTER
            if one.pattern.search(data, max(start, 0), end):
                return True
            at = data.find(word, end - BEFORE)
    return False
