"""The one writer of the bench: RESULTS.md, results.json and the drawings beside them."""

import json
import os
import platform
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench.curves import draw
from bench.reading import Figure, Reading, Table, number

ROOT = Path(__file__).parent.parent


class Outcome(NamedTuple):
    """What came of a part."""

    name: str
    title: str
    reading: Reading
    found: Any
    seconds: float
    load: float
    failed: str = ""
    renewed: str = ""
    """The day and the commit of a part that was measured later than the others."""

    @property
    def missed(self) -> list[Figure]:
        """The figures that do not hold."""
        return [figure for figure in self.reading.figures if figure.holds is False]


def machine() -> dict[str, Any]:
    """Where it was measured."""
    cpu = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal: +(\d+)", Path("/proc/meminfo").read_text())
    head = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return {
        "processors": len(os.sched_getaffinity(0)),
        "model": cpu[1] if cpu else platform.machine(),
        "memory_gb": round(int(memory[1]) / 1e6, 1) if memory else None,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "user": "root" if os.geteuid() == 0 else "not root",
        "commit": head.stdout.strip(),
        "day": time.strftime("%Y-%m-%d"),
        "load_before": round(os.getloadavg()[0], 2),
    }


def written(
    folder: Path, reads: Mapping[str, Callable[[dict], Reading]]
) -> tuple[dict[str, Any], dict[str, str], dict[str, Outcome]]:
    """The machine, the versions and the parts that were written there."""
    told = json.loads((folder / "results.json").read_text())
    parts = {}
    for name, part in told["parts"].items():
        try:
            found = reads[name](part["found"])
        except (KeyError, TypeError, ValueError, IndexError):
            # What it found had another form then: its figures are known all the same.
            found = Reading([Figure(**figure) for figure in part["figures"]])
        facts = part["title"], found, part["found"], part["seconds"], part["load"], part["failed"]
        parts[name] = Outcome(name, *facts, part.get("renewed", ""))
    return told["machine"], told["versions"], parts


def verdict(figure: Figure) -> str:
    return {True: "holds", False: "**missed**", None: ""}[figure.holds]


def amount(figure: Figure) -> str:
    return f"{number(figure.value)} {figure.unit}".strip()


def table_text(table: Table) -> list[str]:
    rows = ["| " + " | ".join(number(cell) for cell in row) + " |" for row in table.rows]
    head = ["| " + " | ".join(table.head) + " |", "|---" * len(table.head) + "|"]
    return [f"### {table.title}", "", *head, *rows, ""]


def part_text(outcome: Outcome) -> list[str]:
    told = f"{outcome.seconds:.0f} s, load {outcome.load:.1f} when it began."
    if outcome.renewed:
        told += f" Measured later than the others, {outcome.renewed}."
    text = [f"## {outcome.title}", "", f"`python -m bench {outcome.name}`; {told}", ""]
    if outcome.failed:
        text += [f"**Failed:** {outcome.failed}", ""]
    if outcome.reading.figures:
        text += ["| figure | measured | bar | |", "|---|---|---|---|"]
        text += [
            f"| {f.what} | {amount(f)} | {f.bar} | {verdict(f)} |" for f in outcome.reading.figures
        ]
        text.append("")
    for table in outcome.reading.tables:
        text += table_text(table)
    for curve in outcome.reading.curves:
        text += [f"![{curve.title}](curves/{curve.file})", ""]
    return text


def summary(outcomes: list[Outcome]) -> list[str]:
    figures = [f for outcome in outcomes for f in outcome.reading.figures if f.holds is not None]
    failed = [outcome for outcome in outcomes if outcome.failed]
    good = sum(bool(figure.holds) for figure in figures)
    text = [f"{good} of {len(figures)} bars hold."]
    text += [f"Missed: {f.what}, {amount(f)} (bar {f.bar})." for f in figures if not f.holds]
    return text + [f"Failed: {outcome.title}: {outcome.failed}." for outcome in failed]


def write(
    folder: Path, about: Mapping[str, Any], versions: Mapping[str, str], outcomes: list[Outcome]
) -> Path:
    """All files; the page's path."""
    (folder / "curves").mkdir(parents=True, exist_ok=True)
    plain = {
        outcome.name: {
            "title": outcome.title,
            "seconds": round(outcome.seconds, 1),
            "load": outcome.load,
            "failed": outcome.failed,
            "renewed": outcome.renewed,
            "figures": [figure._asdict() for figure in outcome.reading.figures],
            "found": outcome.found,
        }
        for outcome in outcomes
    }
    told = {"machine": about, "versions": versions, "parts": plain}
    (folder / "results.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    for outcome in outcomes:
        for curve in outcome.reading.curves:
            (folder / "curves" / curve.file).write_text(draw(curve))
    whole = sum(outcome.seconds for outcome in outcomes)
    text = [
        "# Figures",
        "",
        "Written by `make bench`; not edited. Everything here was measured in one run, side by side. CPU is",
        "user and system time as the kernel counts it; medians unless it says otherwise. `results.json` has all",
        "that was found. A part that says so was measured later than the others.",
        "",
        f"{about['day']}, commit {about['commit']}: {about['processors']} processors ({about['model']}),",
        f"{about['memory_gb']} GB, Linux {about['kernel']}, Python {about['python']}, {about['user']}; load",
        f"{about['load_before']} before; {whole / 60:.1f} minutes.",
        "",
        "Beside it: " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
        "",
        *(f"- {line}" for line in summary(outcomes)),
        "",
    ]
    for outcome in outcomes:
        text += part_text(outcome)
    page = folder / "RESULTS.md"
    page.write_text("\n".join(text).rstrip() + "\n")
    return page
