"""Runs the rules over one picture: findings, verdicts and what proves them."""

import time
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from twelve.checker.apps import AppPicture, apps_of
from twelve.checker.known import Known
from twelve.checker.picture import RepositoryPicture
from twelve.checker.prefilter import Prefilter
from twelve.checker.rules import RULES
from twelve.checker.source import MOST_FILES, Source
from twelve.finding import Finding, Place
from twelve.picture.certainty import calibrated
from twelve.picture.rule import Hold, Picture, Rule

Word = Literal["broken", "holds", "unknown", "n/a"]
CUT = f"more than {MOST_FILES} files: the others were not read"
SEVERITIES = ("high", "medium", "low", "info")


class Verdict(NamedTuple):
    """What is known of one requirement."""

    requirement: str
    factor: str
    level: str
    verdict: Word
    evidence: tuple[Hold, ...] = ()
    apps: tuple[tuple[str, Word], ...] = ()
    """The verdict of each app, where there are several."""


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
    """Audit one tree, each of its apps apart. Nothing of it is run, and no file outside of it is opened."""
    return judge(
        RepositoryPicture(source, Known(Prefilter(rules)) if prefilter else None), rules, root
    )


def judge(picture: RepositoryPicture, rules: Sequence[Rule], root: str) -> Report:
    """Audit what the picture shows; it is filled as the rules ask."""
    started = time.perf_counter()
    apps = [*apps_of(picture)]
    verdicts: list[Verdict] = []
    findings: list[Finding] = []
    for rule in rules:
        whole = rule.factor == "I" or not apps
        verdict, found = _judged(rule, picture) if whole else _apart(rule, apps)
        verdicts.append(verdict)
        findings += found
    findings += broken_files(picture)
    return Report(
        root,
        tuple(verdicts),
        tuple(sorted(findings, key=_order)),
        len(picture.files),
        time.perf_counter() - started,
        tuple(picture.roots),
        (CUT,) if getattr(picture.source, "cut", False) else (),
    )


def _judged(rule: Rule, picture: Picture) -> tuple[Verdict, list[Finding]]:
    judged = list(rule.check(picture))
    faults = [calibrated(picture, one) for one in judged if isinstance(one, Finding)]
    holds = tuple(one for one in judged if isinstance(one, Hold))
    word = _word(rule, faults, holds)
    return Verdict(rule.id, rule.factor, rule.level, word, holds[:5]), faults


def _apart(rule: Rule, apps: Sequence[AppPicture]) -> tuple[Verdict, list[Finding]]:
    """The rule asked of each app; what several of them share is one finding."""
    words: dict[str, Word] = {}
    holds: list[Hold] = []
    kept: dict[tuple[str, tuple[Place, ...]], Finding] = {}
    for app in apps:
        verdict, faults = _judged(rule, app)
        for one in faults:
            if not one.places or app.seen(one.places[0].path):
                kept.setdefault((one.message, one.places), one._replace(app=app.root))
        if app.is_app:
            words[app.root or "."] = verdict.verdict
        holds += verdict.evidence
    found = [*kept.values()]
    if any(one.severity != "info" for one in found):
        word: Word = "broken"
    else:
        order: tuple[Word, ...] = ("broken", "unknown", "holds")
        word = next((w for w in order if w in words.values()), "n/a")
    made = Verdict(
        rule.id,
        rule.factor,
        rule.level,
        word,
        tuple(dict.fromkeys(holds))[:5],
        tuple(words.items()),
    )
    return made, found


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
