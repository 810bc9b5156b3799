"""What the soak found: requests that failed, what grew, its page and its curves."""

import json
import statistics
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from bench.curves import draw
from bench.reading import Curve, Figure, number
from bench.report import amount, machine, verdict
from bench.soak_look import PARTS

MAY_GROW = {"held_mb": 5.0, "fds": 3, "threads": 2}
"""More than that between the first and the last quarter of the calm moments is growth."""
FILES_MAY_GROW = 0.2
"""A share of what was there: what comes and goes with each act."""
QUARTER = 4
"""At least so many calm moments make a quarter."""


class Outcome(NamedTuple):
    """The figures, and a sentence for each that does not hold."""

    figures: list[Figure]
    lines: list[str]

    @property
    def held(self) -> bool:
        return all(figure.holds is not False for figure in self.figures)


def undeclared(found: dict, patience: float) -> list[tuple[float, str]]:
    """The failures that no declared fault explains."""
    failures = [tuple(each) for span in found["spans"] for each in span["failures"]]
    return [
        (at, text)
        for at, text in failures
        if not any(fault - 0.5 <= at <= fault + patience for fault in found["faults"])
    ]


def value(sample: dict, key: tuple[str, ...]) -> float | None:
    """One number of a sample; nothing while a part is not there."""
    row: Any = sample
    for name in key:
        row = row.get(name)
        if row is None:
            return None
    # No file at all is a number; a part without memory is away.
    return float(row) or (None if len(key) > 1 else 0.0)


def growth(samples: list[dict], key: tuple[str, ...]) -> tuple[float, float] | None:
    """The medians of the first and the last quarter; nothing when there are too few samples."""
    known = [each for sample in samples if (each := value(sample, key)) is not None]
    quarter = len(known) // 4
    if quarter < QUARTER:
        return None
    return statistics.median(known[:quarter]), statistics.median(known[-quarter:])


def judge(found: dict, patience: float) -> Outcome:
    asked = sum(span["requests"] for span in found["spans"])
    failed = undeclared(found, patience)
    wrong = [act for act in found["acts"] if act["wrong"]]
    figures = [
        Figure("requests", asked),
        Figure(
            "requests failed outside declared faults",
            len(failed),
            "",
            "0",
            not failed and asked > 0,
        ),
        Figure("acts", len(found["acts"])),
        Figure("acts that failed", len(wrong), "", "0", not wrong),
        Figure("processes left at the end", len(found["left"]), "", "0", not found["left"]),
    ]
    since, until = found["judged"]
    late = [s for s in found["samples"] if s.get("calm") and since <= s["at"] <= until]
    for part in PARTS:
        for what, most in MAY_GROW.items():
            figures.append(grown(late, (part, what), f"{part}: growth in {NAMES[what]}", most))
    for place in ("home", "run", "tmp"):
        known = growth(late, (f"files in {place}",))
        most = max(10.0, known[0] * FILES_MAY_GROW) if known else 0.0
        figures.append(grown(late, (f"files in {place}",), f"growth in files of its {place}", most))
    lines = [
        f"{f.what}: {amount(f)} (bar {f.bar}) {verdict(f).strip('*')}" for f in figures if f.bar
    ]
    lines += [f"failed at {at - found['began']:.1f} s: {text}" for at, text in failed[:20]]
    return Outcome(figures, lines)


NAMES = {"held_mb": "memory, MB", "fds": "descriptors", "threads": "threads"}


def grown(samples: list[dict], key: tuple[str, ...], what: str, most: float) -> Figure:
    known = growth(samples, key)
    if known is None:
        return Figure(what, None, "", "too short to tell")
    more = round(known[1] - known[0], 2)
    return Figure(what, more, "", f"≤ {number(round(most, 1))}", more <= most)


def curves(found: dict) -> list[Curve]:
    minutes = [sample["at"] / 60 for sample in found["samples"]]

    def lines(what: str, names: tuple[str, ...] = PARTS) -> dict[str, list[tuple[float, float]]]:
        made = {}
        for name in names:
            pairs = [
                (at, each)
                for at, sample in zip(minutes, found["samples"], strict=True)
                if (each := value(sample, (name, what) if what else (name,))) is not None
            ]
            if pairs:
                made[name] = pairs
        return made

    answers = {
        rank: [((span["at"] - found["began"]) / 60, span[f"{rank}_ms"]) for span in found["spans"]]
        for rank in ("p50", "p99", "worst")
    }
    return [
        Curve("soak-memory.svg", "Soak: memory", "minutes", "MB, without pages of files", lines("held_mb")),
        Curve("soak-descriptors.svg", "Soak: open descriptors", "minutes", "", lines("fds")),
        Curve("soak-threads.svg", "Soak: threads", "minutes", "", lines("threads")),
        Curve("soak-files.svg", "Soak: files", "minutes", "",
              lines("", ("files in home", "files in run", "files in tmp"))),
        Curve("soak-answers.svg", "Soak: answers at 50 a second", "minutes", "ms, log", answers, log=True),
    ]  # fmt: skip


def busy(found: dict) -> str:
    """How much the machine had to do meanwhile, itself included; nothing where nobody looked."""
    loads = [sample["load"] for sample in found["samples"] if "load" in sample]
    if not loads:
        return ""
    return f"; load average {number(statistics.median(loads))}, at most {number(max(loads))}"


def write(folder: Path, found: dict, outcome: Outcome) -> Path:
    """The page, the numbers, the drawings; the page's path."""
    # Before anything is written: what we write makes the checkout another one than was measured.
    about = machine()
    (folder / "curves").mkdir(parents=True, exist_ok=True)
    drawn = curves(found)
    for curve in drawn:
        (folder / "curves" / curve.file).write_text(draw(curve))
    (folder / "soak.json").write_text(json.dumps({"machine": about, **found}) + "\n")
    often = Counter(act["act"] for act in found["acts"])
    text = [
        "# Soak",
        "",
        "Written by `make soak`; not edited. Deploys, crashes, scales and floods while a client asks 50 times a",
        "second. Twelve's own parts are killed in the first five minutes and at the end; growth is between the",
        "first and the last quarter of the calm moments in between, in which the same processes run and no change",
        "is under way. Memory is what no file is behind. The declared fault is the router's own death: within 3 s",
        "of it requests may fail.",
        "",
        f"{about['day']}, commit {about['commit']}: {found['minutes']:g} minutes, seed {found['seed']};",
        f"{about['processors']} processors ({about['model']}), Linux {about['kernel']}, Python {about['python']}, {about['user']}{busy(found)}.",
        "",
        "| figure | measured | bar | |",
        "|---|---|---|---|",
        *(f"| {f.what} | {amount(f)} | {f.bar} | {verdict(f)} |" for f in outcome.figures),
        "",
        "Acts: " + ", ".join(f"{name} {count}" for name, count in often.most_common()) + ".",
        "",
        *(line for curve in drawn for line in (f"![{curve.title}](curves/{curve.file})", "")),
    ]
    page = folder / "SOAK.md"
    page.write_text("\n".join(text).rstrip() + "\n")
    return page
