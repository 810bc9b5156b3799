"""Runs the rules over one picture: findings, verdicts and what proves them."""

import time
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from twelve.checker.picture import RepositoryPicture
from twelve.checker.prefilter import Prefilter
from twelve.checker.rules import RULES
from twelve.checker.source import Source
from twelve.finding import Finding, Place
from twelve.picture.rule import Hold, Rule

Word = Literal["broken", "holds", "unknown", "n/a"]
SEVERITIES = ("high", "medium", "low", "info")


class Verdict(NamedTuple):
    """What is known of one requirement."""

    requirement: str
    factor: str
    level: str
    verdict: Word
    evidence: tuple[Hold, ...] = ()


class Report(NamedTuple):
    """The whole answer."""

    root: str
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    files: int
    seconds: float
    apps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader should know besides: an ignore that nothing uses, a tool that was left out."""


def selected(select: Iterable[str], ignore: Iterable[str], *, extended: bool) -> list[Rule]:
    """The rules that run: ids, factors (``III``) or levels (``M``); X only when asked for."""
    wanted, unwanted = set(select), set(ignore)
    made = []
    for rule in RULES:
        names = {rule.id, rule.factor, rule.level}
        if (names & wanted if wanted else rule.level != "X" or extended) and not names & unwanted:
            made.append(rule)
    return made


def check(
    source: Source, rules: Sequence[Rule] = RULES, *, root: str = ".", prefilter: bool = True
) -> Report:
    """Audit one tree. Nothing of it is run, and no file outside of it is opened."""
    started = time.perf_counter()
    picture = RepositoryPicture(source, Prefilter(rules) if prefilter else None)
    verdicts, findings = [], []
    for rule in rules:
        judged = list(rule.check(picture))
        faults = [one for one in judged if isinstance(one, Finding)]
        holds = tuple(one for one in judged if isinstance(one, Hold))
        findings += faults
        verdicts.append(
            Verdict(rule.id, rule.factor, rule.level, _word(rule, faults, holds), holds[:5])
        )
    findings += broken_files(picture)
    return Report(
        root,
        tuple(verdicts),
        tuple(sorted(findings, key=_order)),
        len(picture.files),
        time.perf_counter() - started,
        tuple(picture.roots),
    )


def _word(rule: Rule, faults: list[Finding], holds: tuple[Hold, ...]) -> Word:
    if any(one.severity != "info" for one in faults):
        return "broken"
    if holds:
        return "holds"
    return "unknown" if rule.prover or faults or rule.level != "X" else "n/a"


def broken_files(picture: RepositoryPicture) -> list[Finding]:
    """Files of a known format that its own reader refuses. Code is left out: another version may parse it."""
    made = []
    for one in picture.broken:
        if not one.path.endswith(".py"):
            rule = "II-1" if one.path.endswith((".toml", ".json", "Pipfile")) else "V-1"
            made.append(
                Finding(rule, "low", f"does not parse: {one.why}", (Place(one.path, one.line),))
            )
    return made


def _order(finding: Finding) -> tuple[int, int, str, int]:
    ids = [rule.id for rule in RULES]
    place = finding.places[0] if finding.places else Place(".")
    return (
        SEVERITIES.index(finding.severity),
        ids.index(finding.requirement) if finding.requirement in ids else 999,
        place.path,
        place.line,
    )
