"""On which lines a file says words that a rule asks for: all rules' words are found in one pass over it."""

from functools import cached_property

from twelve.picture.pattern import pattern
from twelve.picture.words import Words

Lines = dict["Mention", list[int]]


class Mention:
    """Words that the source must say where a rule may find something; ``small`` ones in any case.

    Where there is an expression, it must match besides, from the word on.
    """

    def __init__(self, words: tuple[str, ...], then: str, *, small: bool) -> None:
        self.words = tuple(word.encode() for word in words)
        self.then = pattern(then.encode()) if then else None
        self.small = small


class Asked:
    """All mentions that there are, in one set of words for each case."""

    def __init__(self) -> None:
        self.mentions: list[Mention] = []

    def add(self, one: Mention) -> Mention:
        """Also look for this one."""
        self.mentions.append(one)
        vars(self).pop("words", None)
        return one

    @cached_property
    def words(self) -> tuple[tuple[Words, dict[bytes, list[Mention]]], ...]:
        """The words as they stand, and those in small letters; and who asks for each."""
        made = []
        for small in (False, True):
            asked: dict[bytes, list[Mention]] = {}
            for one in self.mentions:
                for word in one.words if one.small is small else ():
                    asked.setdefault(word, []).append(one)
            made.append((Words(asked), asked))
        return tuple(made)

    def lines(self, source: bytes) -> Lines:
        """The lines that hold each mention, counted from 1."""
        made: Lines = {one: [] for one in self.mentions}
        for text, (words, asked) in zip((source, source.lower()), self.words, strict=True):
            line, last = 1, 0
            for at, word in sorted((at, word) for word, at in words.found(text)):
                line += text.count(b"\n", last, at)
                last = at
                for one in asked[word]:
                    if one.then is None or one.then.match(text, at):
                        made[one].append(line)
        return made


ASKED = Asked()


def mention(*words: str, then: str = "", small: bool = False) -> Mention:
    """Small words are looked for in the text in small letters: that is faster than ignoring the case."""
    return ASKED.add(Mention(words, then, small=small))
