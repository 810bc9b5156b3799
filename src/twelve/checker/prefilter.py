"""Which code files are worth parsing: those that hold a word that some rule needs."""

import re
from collections.abc import Iterable

from twelve.picture.rule import Rule


class Prefilter:
    """The union of the rules' words, made from the rules themselves."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        held = list(rules)
        self.words = tuple(sorted({word.encode() for rule in held for word in rule.tokens}, key=len))
        self.patterns = tuple(re.compile(rule.pattern.pattern.encode(), re.IGNORECASE) for rule in held if rule.pattern)

    def hits(self, data: bytes) -> bool:
        """May a rule find something in this file?"""
        return any(word in data for word in self.words) or any(pattern.search(data) for pattern in self.patterns)
