"""What ``twelve check`` does once its words are read."""

import gc
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from twelve.checker.explain import explain
from twelve.checker.formats.text import report_text
from twelve.checker.ignores import (
    apply_baseline,
    apply_ignores,
    only_paths,
    with_findings,
    write_baseline,
)
from twelve.checker.known import Known, known_of
from twelve.checker.picture import RepositoryPicture
from twelve.checker.prefilter import Prefilter
from twelve.checker.run import Report, judge, selected
from twelve.checker.settings import CheckSettings, known_selectors, read_settings
from twelve.checker.source import FolderTree
from twelve.errors import EXIT_FAILED, Usage
from twelve.finding import Finding
from twelve.picture.rule import Rule

MODULES = {
    "json": "as_json",
    "sarif": "sarif",
    "junit": "junit",
    "github": "github",
    "html": "html",
}


class Options(NamedTuple):
    """The words of the call."""

    path: Path
    shape: str = "text"
    output: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extended: bool = False
    baseline: Path | None = None
    write_baseline: Path | None = None
    since: str | None = None
    history: bool = False
    tools: tuple[str, ...] = ()
    exit_zero: bool = False
    explain: str | None = None
    fixes: str | None = None
    only_diff: bool = False
    cache: bool = True


def run_check(options: Options, leave: Callable[[int], int] = int) -> int:
    """Audit, and end with the exit code, or leave with it while all that was read is still held."""
    # A run of a second makes trees and values, and no cycles worth collecting before its end.
    gc.disable()
    if options.explain:
        sys.stdout.write(explain(options.explain))
        return 0
    source = FolderTree(options.path)
    settings = read_settings(source)
    if sys.stderr.isatty():
        source.told = lambda count: print(f"\r{count} files", end="", file=sys.stderr, flush=True)
    rules = _rules(options, settings)
    prefilter = Prefilter(rules)
    root = os.fspath(options.path)
    known = known_of(root, prefilter, os.environ) if options.cache else Known(prefilter)
    picture = RepositoryPicture(source.without(settings.exclude), known)
    report = _audit(options, source, settings, judge(picture, rules, root))
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    known.keep()
    # The end of the interpreter collects once more: nothing of ours is worth looking at then.
    gc.freeze()
    if options.fixes:
        from twelve.checker.fixes.apply import mend

        return mend(
            source, report, options.fixes, only_diff=options.only_diff, write=sys.stdout.write
        )
    if options.write_baseline:
        options.write_baseline.write_text(write_baseline(report), "utf-8")
        return 0
    _show(options, report)
    broken = any(one.severity != "info" for one in report.findings)
    return leave(EXIT_FAILED if broken and not options.exit_zero else 0)


def _rules(options: Options, settings: CheckSettings) -> list[Rule]:
    select = _words(options.select) or settings.select
    ignore = (*_words(options.ignore), *settings.ignore)
    for word in (*select, *ignore):
        if word not in known_selectors():
            raise Usage(f"{word} is no requirement, factor or level", "III-2, III or M")
    return selected(select, ignore, extended=options.extended or settings.extended)


def _audit(options: Options, source: FolderTree, settings: CheckSettings, report: Report) -> Report:
    """What other tools and the history find is added; ignores and baselines are heeded."""
    more: list[Finding] = []
    if options.history:
        from twelve.checker.history import secrets_in_history

        known = {(one.requirement, place.path) for one in report.findings for place in one.places}
        more += [
            one
            for one in secrets_in_history(source.root)
            if ("III-2", one.places[0].path) not in known
        ]
    for tool in options.tools:
        from twelve.checker.adapters import RUN_CODE, findings_of

        more += findings_of(tool, source.root)
        if tool in RUN_CODE:
            ran = f"--with {tool} ran code of the tree"
            report = report._replace(notes=(*report.notes, ran))
    if more:
        report = with_findings(report, [*report.findings, *more], report.notes)
        named = {one.requirement for one in more if one.severity != "info"}
        report = report._replace(
            verdicts=tuple(
                v._replace(verdict="broken") if v.requirement in named else v
                for v in report.verdicts
            )
        )
    report = apply_ignores(report, source)
    if options.since:
        from twelve.checker.history import changed_since

        report = only_paths(report, changed_since(source.root, options.since))
    baseline = options.baseline or (source.root / settings.baseline if settings.baseline else None)
    return apply_baseline(report, baseline) if baseline else report


def _words(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for text in given for word in text.split(",") if word.strip())


def _show(options: Options, report: Report) -> None:
    colour = options.output is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    if options.shape == "text":
        text = report_text(report, colour=colour)
    else:
        module = importlib.import_module(f"twelve.checker.formats.{MODULES[options.shape]}")
        make: Callable[[Report], str] = getattr(module, f"report_{options.shape}")
        text = make(report)
    if options.output:
        options.output.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
