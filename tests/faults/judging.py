"""What customers, witness and log stream say, laid side by side."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from twelve.operations.keeping import UNREAD

MOST_TOLD = 10


class Kill(Protocol):
    """When it was, and what died."""

    victims: tuple[str, ...]
    at: float
    dead: float
    accepting: float


def unexcused(failures: Sequence[Mapping[str, Any]], kills: Iterable[Kill]) -> list[str]:
    """The failures that no kill explains.

    Whoever kills the router cuts what is under way in it, and what comes before it accepts
    again; whoever kills an init cuts the orders (not the reads) that its process was carrying out.
    """
    kills = list(kills)
    return [f["text"] for f in failures if not any(excused(f, kill) for kill in kills)][:MOST_TOLD]


def excused(failure: Mapping[str, Any], kill: Kill) -> bool:
    """Whether this kill explains this failure."""
    under_way = failure["at"] <= kill.dead and kill.at <= failure["until"]
    if "router" in kill.victims:
        return under_way or kill.at <= failure["at"] <= kill.at + kill.accepting
    return "init" in kill.victims and under_way and failure["text"].startswith("POST")


def misdone(total: Mapping[str, Any], done: Counter[str]) -> list[str]:
    """Orders that were executed twice, or never although the customer was told so."""
    twice = [f"{order} {times} times" for order, times in done.items() if times > 1]
    never = [f"/order/{n} never" for n in total["orders"] if not done[f"/order/{n}"]]
    return (twice + never)[:MOST_TOLD]


def misprinted(logs: str, printed: Mapping[str, int]) -> list[str]:
    """Lives of processes whose lines are not all there, once each and in their order."""
    found: dict[str, list[int]] = defaultdict(list)
    for text in logs.splitlines():
        words = json.loads(text)["line"].split()
        if words[:1] == ["line"] and len(words) >= 3:
            found[words[1]].append(int(words[2]))
    amiss = []
    marks = marked(logs)
    for life, last in printed.items():
        numbers, process = found[life], life.rpartition("-")[0]
        if numbers != list(range(1, len(numbers) + 1)):
            amiss.append(f"{life}: torn, lost, twice or out of order: {odd(numbers)}")
        elif len(numbers) < last and marks[process]:
            # One life's end is excused by one mark.
            marks[process] -= 1
        elif len(numbers) < last:
            amiss.append(f"{life}: {last} lines were printed, {len(numbers)} are kept")
    return amiss[:MOST_TOLD]


def marked(logs: str) -> Counter[str]:
    """How often the stream tells that the last lines of a life of each process may be missing."""
    lines = (json.loads(text)["line"] for text in logs.splitlines() if UNREAD in text)
    return Counter(line.partition("@")[0] for line in lines)


def odd(numbers: Sequence[int]) -> str:
    """The first place where the count is not one more."""
    pairs = zip([0, *numbers], numbers, strict=False)
    return next((f"{a} then {b} at {i}" for i, (a, b) in enumerate(pairs) if b != a + 1), "none")
