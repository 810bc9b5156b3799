"""How X-3 is judged."""

import re
from collections.abc import Iterator

from twelve.finding import Place
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find
from twelve.picture.tree import Job

CRON = pattern(r"^\s*-\s*cron:\s*['\"]?([^'\"#\n]+)", re.MULTILINE)
EVENT = pattern(r"^(?:  |\t)(?!schedule\b|workflow_dispatch\b)[a-z_]+:", re.MULTILINE)
FIELDS = 5
"""The fields of a cron line: minute, hour, day of the month, month, day of the week."""


def time_gap(picture: Picture) -> Iterator[Judgement]:
    """X-3."""
    rare = []
    for job in picture.jobs:
        if re.search(r"deploy|release|publish", job.name, re.IGNORECASE):
            seldom = _seldom(picture, job)
            if not seldom:
                yield Hold("CI deploys", Place(job.path, job.line))
                return
            rare.append((job, *seldom))
    for job, how, line in rare:
        yield find(
            "X-3",
            "low",
            f"{job.name} runs once a {how}: a commit waits that long for its deploy",
            Place(job.path, line),
            fix="deploy when a commit is merged",
        )


def _seldom(picture: Picture, job: Job) -> tuple[str, int] | None:
    """``week`` or ``month`` with the clock's line, when one clock alone starts the job, and no oftener."""
    head = f"\n{picture.text(job.path)}".partition("\njobs:")[0]
    before, _, events = head.partition("\non:")
    clocks = [*CRON.finditer(events)]
    fields = clocks[0][1].split() if len(clocks) == 1 else []
    if len(fields) != FIELDS or EVENT.search(events):
        return None
    line = before.count("\n") + 1 + events.count("\n", 0, clocks[0].start(1))
    if fields[4].isalnum():
        return "week", line
    return ("month", line) if fields[2].isdecimal() else None
