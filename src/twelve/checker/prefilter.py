"""Which code files are worth parsing: those that hold a word that some rule needs."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from twelve.picture.rule import Rule

BEFORE, AFTER = 100, 200
CAMEL = re.compile(r"^[.]?[a-z]+[A-Z]|^@|-")
LOGGING = ("basicConfig", "dictConfig", "fileConfig")


class Near(NamedTuple):
    """Words, and a pattern that must match: beside the word when ``window``, else anywhere in the file."""

    words: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    window: bool


class Prefilter:
    """The union of the rules' words, made from the rules themselves."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        held = list(rules)
        every = sorted({word for rule in held for word in rule.tokens}, key=len)
        self.words = tuple(word.encode() for word in every)
        self.python_words = tuple(
            word.encode() for word in every if not CAMEL.search(word) or word in LOGGING
        )
        near = sorted({pair for rule in held for pair in rule.near})
        self.near = tuple(
            Near(
                tuple(w.encode() for w in words),
                re.compile(p.removeprefix("(?#window)").encode(), re.MULTILINE),
                p.startswith("(?#window)"),
            )
            for words, p in near
        )

    def hits(self, data: bytes, *, python: bool = False) -> bool:
        """May a rule find something in this file?"""
        for word in self.python_words if python else self.words:
            if word in data:
                return True
        return any(_near(data, one) for one in self.near)


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
