"""What ``make TARGET`` runs, read from the Makefile."""

import re

from twelve.picture.pattern import pattern

SET = pattern(r"^(?:export\s+)?(\w+)\s*[:?]{0,2}=[ \t]*(.*)$", re.MULTILINE)
NAMED = pattern(r"\$[({](\w+)[)}]")
DEPTH = 4


def recipe(text: str, target: str, depth: int = 0) -> list[tuple[str, int]] | None:
    """The lines that the target runs, with those of what it needs first; nothing when there is no such target."""
    start = re.search(rf"^{re.escape(target)}\s*::?(?!=)([^\n]*)\n", text, re.MULTILINE)
    if start is None or depth > DEPTH:
        return None
    values = {match[1]: match[2].split(" #")[0].strip() for match in SET.finditer(text)}
    made: list[tuple[str, int]] = []
    for name in start[1].partition("#")[0].split():
        made += recipe(text, name, depth + 1) or []
    number, joined, first = text.count("\n", 0, start.end()) + 1, "", 0
    for line in text[start.end() :].split("\n"):
        if not joined and not line.startswith("\t") and line.strip():
            break
        first = first if joined else number
        joined += line.strip().removesuffix("\\")
        number += 1
        if not line.rstrip().endswith("\\"):
            if joined:
                made.append((_plain(joined.lstrip("@-+ "), values), first))
            joined = ""
    return made


def _plain(line: str, values: dict[str, str]) -> str:
    """Make's own variables replaced; what it does not know is the shell's, or the environment's."""
    for _ in range(DEPTH):
        line = NAMED.sub(lambda match: values.get(match[1], f"${{{match[1]}}}"), line)
    return line.replace("$$", "$")
