"""A pattern that is looked for in all of a text: its plain alternatives first, which is far faster."""

import re
from functools import cache, cached_property

from twelve.picture.pattern import pattern

PIECE = pattern(
    r"(?:[^\\|(\[]|\\.|\[(?:[^\]\\]|\\.)*\]|\((?:[^()\\\[]|\\.|\[(?:[^\]\\]|\\.)*\]|\([^()]*\))*\))+"
)
"""What stands between two bars, brackets and what is in them included."""
PLAIN = pattern(r"(?:[\w :/@'\"-]|\\[.(])+")
CHAR = r"(?:[\w :/@'\"=>-]|\\\W)"
SURE = pattern(
    rf"\\\w|\[(?:[^\]\\]|\\.)*\]|\((?:[^()\\\[]|\\.|\[(?:[^\]\\]|\\.)*\]|\([^()]*\))*\)|\{{[\d,]*\}}|{CHAR}(?:[?*]|\{{[\d,]*\}})|((?:{CHAR}(?![?*{{]))+)"
)
"""Pieces of an alternative: a class, a group, a count, what need not be there; or text that must be."""


class Anywhere:
    """Is one of the alternatives anywhere in the text?"""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def parts(self) -> tuple[tuple[bytes, ...], tuple[tuple[bytes, re.Pattern[bytes]], ...]]:
        """The plain words, and the expressions of all others, each with text that it cannot do without."""
        pieces = PIECE.findall(self.text)
        if "|".join(pieces) != self.text:
            pieces = [self.text]
        plain = [one for one in pieces if PLAIN.fullmatch(one)]
        rest = [one for one in pieces if not PLAIN.fullmatch(one)]
        words = tuple(one.replace("\\", "").encode() for one in plain)
        # Each alone is found by how it begins, and most are not even compiled.
        return words, tuple((_needed(one), pattern(one.encode(), re.MULTILINE)) for one in rest)

    def search(self, data: bytes) -> bool:
        """Does the text hold it?"""
        words, rest = self.parts
        if any(word in data for word in words):
            return True
        return any(needed in data and one.search(data) is not None for needed, one in rest)


@cache
def anywhere(text: str) -> Anywhere:
    """One for each pattern, since rules share them."""
    return Anywhere(text)


def _needed(text: str) -> bytes:
    """The longest text that all must hold which the alternative matches; nothing when that is not known."""
    if set("()[]|") & set(SURE.sub("", text)):
        return b""
    sure = [match[1] for match in SURE.finditer(text) if match[1]]
    return max(sure, key=len, default="").replace("\\", "").encode()
