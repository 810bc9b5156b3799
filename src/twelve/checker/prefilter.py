"""Which code files are worth parsing: those that hold a word that some rule needs."""

import re
from collections.abc import Iterable

from twelve.picture.rule import Rule


class Prefilter:
    """The union of the rules' words, made from the rules themselves."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        held = list(rules)
        self.words = tuple(sorted({word.encode() for rule in held for word in rule.tokens}, key=len))
        near = {pair for rule in held for pair in rule.near}
        self.near = tuple((tuple(word.encode() for word in words), re.compile(pattern.encode(), re.MULTILINE)) for words, pattern in sorted(near))

    def hits(self, data: bytes) -> bool:
        """May a rule find something in this file?"""
        for word in self.words:
            if word in data:
                return True
        for words, pattern in self.near:
            for word in words:
                if word in data:
                    if pattern.search(data):
                        return True
                    break
        return False
