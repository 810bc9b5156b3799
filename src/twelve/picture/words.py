"""Many words looked for in one pass over a text."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

Found = list[tuple[bytes, int]]


class Words:
    """A set of words. With ``ahocorasick_rs`` one pass finds all of them; without it, one pass each."""

    def __init__(self, words: Iterable[bytes]) -> None:
        self.words = sorted(set(words))

    def found(self, data: bytes) -> Found:
        """Each place of each word, overlapping ones too."""
        return self._look(data) if self.words else []

    @cached_property
    def _look(self) -> Callable[[bytes], Found]:
        try:
            import ahocorasick_rs
        except ImportError:
            return self.one_by_one
        made: Any = ahocorasick_rs.BytesAhoCorasick(
            self.words,
            matchkind=ahocorasick_rs.MatchKind.Standard,
            implementation=ahocorasick_rs.Implementation.DFA,
        )
        words, look = self.words, made.find_matches_as_indexes
        return lambda data: [
            (words[number], start) for number, start, _ in look(data, overlapping=True)
        ]

    def one_by_one(self, data: bytes) -> Found:
        """The same, without the library: slower, for many words."""
        made = []
        for word in self.words:
            at = data.find(word)
            while at >= 0:
                made.append((word, at))
                at = data.find(word, at + 1)
        return made
