"""Which code files are worth parsing: those that hold a word that some rule needs."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Literal, NamedTuple

from twelve.checker.anywhere import Anywhere, anywhere
from twelve.checker.quoted import is_quoted
from twelve.picture.code import HANDLES
from twelve.picture.pattern import pattern as pattern_of
from twelve.picture.rule import Rule
from twelve.picture.words import Words

BEFORE, AFTER = 100, 200
CAMEL = pattern_of(r"^[.]?[a-z]+[A-Z]|^@|-")
HELD = rb"=\s*(?:[{\[]|dict\(|list\(|set\(|(?:collections\.)?(?:defaultdict|deque|OrderedDict|Counter)\(|new (?:Map|Set|WeakMap)|-?\d|None\b|null\b|[TtFf](?:rue|alse)\b)"
TOP = pattern_of(rb"\n([A-Za-z_]\w*+)\s*+(?::[^=\n]++)?" + HELD)
SCRIPT_TOP = pattern_of(
    rb"\n(?:export )?(?:const |let |var )?([A-Za-z_$][\w$]*+)\s*+(?::[^=\n]++)?" + HELD
)
CALLED = r"(?#code)[\w.]*(?:\s*[(<\[]|\s+as\b)"
GIVEN = r"(?#code)\w*[\"'\]!?]*\s*(?::|[-+|]?=(?!=))"
CHANGE = pattern_of(
    rb"\[[^\]\n]*\](?:\[[^\]\n]*\]|\.\w+)*\s*[-+|*]?=[^=]|\.(?:append|add|update|setdefault|pop|extend|insert|remove|clear|push|set|delete|unshift|splice|appendleft|popitem|discard|shift)\(|\s*(?:\+\+|--|[-+]=)|\.\w+\s*=[^=]"
)
GLOBAL = pattern_of(rb"global ([^\n]*)")
LOGGING = ("basicConfig", "dictConfig", "fileConfig")


def said_in_python(word: str) -> bool:
    """Names are not written ``likeThis`` there, but for those of ``logging``."""
    return word in LOGGING or not CAMEL.search(word)


Place = Literal["here", "code", "window", ""]


class Near(NamedTuple):
    """Words, and a pattern that must match: at the word (where that is code), beside it, or anywhere in the file.

    What else is named must match as well, anywhere.
    """

    words: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    anywhere: Anywhere
    where: Place
    lower: bool
    """All are looked for in the text in small letters: that is faster than ignoring the case."""
    also: tuple[Anywhere, ...]


def _made(words: tuple[str, ...], pattern: str, *also: str, python: bool) -> Near:
    places: tuple[Place, ...] = ("here", "code", "window")
    where: Place = next((one for one in places if pattern.startswith(f"(?#{one})")), "")
    text = pattern.removeprefix(f"(?#{where})")
    lower = text.startswith("(?i)")
    kept = {word for word in words if not python or said_in_python(word)}
    if lower:
        kept = {word.lower() for word in kept}
    text = text.removeprefix("(?i)")
    compiled = pattern_of(text.encode(), re.MULTILINE)
    words = tuple(sorted(kept))
    others = tuple(anywhere(one) for one in also)
    # Templates of JavaScript hold code.
    where = "here" if where == "code" and not python else where
    return Near(
        tuple(word.encode() for word in words), compiled, anywhere(text), where, lower, others
    )


class Sieve:
    """The words and patterns of one family of languages, looked for in as few passes as there are cases."""

    def __init__(self, words: Iterable[str], near: Iterable[Near]) -> None:
        self.near = tuple(near)
        enough = {word.encode() for word in words}
        self.exact = Words(enough | {w for n in self.near if not n.lower for w in n.words})
        self.small = Words({w for n in self.near if n.lower for w in n.words})
        self.enough = frozenset(enough)
        self.pairs: dict[tuple[bytes, bool], list[int]] = {}
        for number, one in enumerate(self.near):
            for word in one.words:
                self.pairs.setdefault((word, one.lower), []).append(number)

    def hits(self, data: bytes) -> bool:
        """Does the text hold a word that is enough by itself, or a word with its pattern?"""
        found = self.exact.found(data)
        if any(word in self.enough for word, _ in found):
            return True
        return self._beside(data, found, lower=False) or (
            bool(self.small.words)
            and self._beside(small := data.lower(), self.small.found(small), lower=True)
        )

    def _beside(self, data: bytes, found: list[tuple[bytes, int]], *, lower: bool) -> bool:
        places: dict[int, list[int]] = {}
        for word, at in found:
            for number in self.pairs.get((word, lower), ()):
                places.setdefault(number, []).append(at)
        return any(_near(data, self.near[number], held) for number, held in places.items())


Pair = tuple[tuple[str, ...], str, *tuple[str, ...]]
MARKS = {True: "(?#python)", False: "(?#script)"}


def _cost(near: Pair) -> tuple[bool, object]:
    """What is looked for in all of a file comes last."""
    return not any(f"(?#{place})" in near[1] for place in ("here", "code", "window")), near


def _spoken(pairs: Iterable[Pair], *, python: bool) -> Iterator[Near]:
    """Those of one family of languages: a pair for one of them alone begins with its mark."""
    for words, text, *also in pairs:
        if not text.startswith(MARKS[not python]):
            yield _made(words, text.removeprefix(MARKS[python]), *also, python=python)


class Prefilter:
    """The union of the rules' words, made from the rules themselves."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        held = list(rules)
        self.every = sorted({word for rule in held for word in rule.tokens})
        self.scripted = {word for rule in held for word in rule.script_tokens}
        self.mutated = any(rule.mutated for rule in held)
        called = {word for rule in held for word in rule.calls}
        given = {word for rule in held for word in rule.sets}
        near = {pair for rule in held for pair in rule.near}
        self.pairs: list[Pair] = [
            (tuple(sorted(called)), CALLED),
            (tuple(sorted(given)), GIVEN),
            *sorted(near, key=_cost),
        ]

    @cached_property
    def script(self) -> Sieve:
        """For JavaScript and TypeScript."""
        return Sieve({*self.every, *self.scripted}, _spoken(self.pairs, python=False))

    @cached_property
    def python(self) -> Sieve:
        """For Python, where no name is written ``likeThis``."""
        words = [word for word in self.every if said_in_python(word)]
        return Sieve(words, _spoken(self.pairs, python=True))

    def hits(self, data: bytes, *, python: bool = False) -> bool:
        """May a rule find something in this file?"""
        sieve = self.python if python else self.script
        return sieve.hits(data) or (
            self.mutated
            and _mutated(data, python=python)
            # A function that JavaScript hands to a server may have any form.
            and (not python or anywhere(HANDLES).search(data))
        )


def _mutated(data: bytes, *, python: bool) -> bool:
    """Is a container or a counter of the top level changed anywhere below?"""
    told = GLOBAL.findall(data) if b"global " in data else ()
    declared = {name for line in told for name in line.replace(b",", b" ").split()}
    data = b"\n" + data
    for match in (TOP if python else SCRIPT_TOP).finditer(data):
        name = match[1]
        if name in declared:
            return True
        at = data.find(name, match.end())
        while at >= 0:
            if CHANGE.match(data, at + len(name)):
                return True
            at = data.find(name, at + 1)
        if not python and (b"++" + name in data or b"--" + name in data):
            return True
    return False


def _near(data: bytes, one: Near, places: list[int]) -> bool:
    return _matches(data, one, places) and all(other.search(data) for other in one.also)


def _matches(data: bytes, one: Near, places: list[int]) -> bool:
    if one.where == "here":
        return any(one.pattern.match(data, at) for at in places)
    if one.where == "code":
        found = ((at, one.pattern.match(data, at)) for at in places)
        return any(match and not is_quoted(data, at, match[0]) for at, match in found)
    if not one.where:
        return one.anywhere.search(data)
    start = end = -1
    for at in sorted(places):
        if at - BEFORE > end:
            if end >= 0 and one.pattern.search(data, max(start, 0), end):
                return True
            start = at - BEFORE
        end = at + AFTER
    return end >= 0 and one.pattern.search(data, max(start, 0), end) is not None
