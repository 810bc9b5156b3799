"""Which commands of a script really run: the chosen branch of a case, the functions called."""

import fnmatch

from twelve.checker.shell_reader import Simple


def chosen(one: Simple, args: tuple[str, ...], every: list[Simple], *, known: bool = False) -> bool:
    """Is the branch of a ``case`` on the first argument the one that the given words choose?

    ``known``: these are all that the script gets, also when there are none.
    """
    subject, pattern = one.case
    if subject not in ("$1", "${1}", "${1:-}") or not pattern or not (args or known):
        return True
    first = args[0] if args else ""
    if any(fnmatch.fnmatchcase(first, word) for word in pattern.split("|") if word != "*"):
        return True
    others = {w for other in every if other.case[0] == subject for w in other.case[1].split("|")}
    others.discard("*")
    return "*" in pattern.split("|") and not any(fnmatch.fnmatchcase(first, w) for w in others)


def reached(simple: list[Simple]) -> list[Simple]:
    """What is not in a function, and the functions that it calls."""
    called = {one.words[0] for one in simple if not one.function}
    while True:
        more = {one.words[0] for one in simple if one.function in called} | called
        if more == called:
            break
        called = more
    return [one for one in simple if not one.function or one.function in called]
