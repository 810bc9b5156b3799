"""Collects the edits of all fixes, shows them as one diff, writes them."""

import difflib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from twelve.checker.fixes import commands, environment, lock, logs, procfile, server, settings
from twelve.checker.picture import RepositoryPicture
from twelve.checker.rules import RULES
from twelve.checker.run import Report, check
from twelve.checker.source import FolderTree, Overlay, Source, decode
from twelve.errors import Missing, Refused, Usage
from twelve.finding import Finding

Edits = dict[str, str]
"""New text by path."""

FIXES: dict[str, Callable[[RepositoryPicture, list[Finding], Edits], None]] = {
    "III-1": settings.read_from_environment,
    "III-2": settings.read_from_environment,
    "III-4": environment.ignore_env_files,
    "III-7": environment.declare_keys,
    "VIII-1": procfile.write_procfile,
    "VII-2": commands.bind_port,
    "VII-5": server.real_server,
    "IX-2": commands.exec_server,
    "XI-1": logs.to_stdout,
    "XI-2": logs.console_handler,
    "XI-3": commands.unbuffer,
    "II-3": lock.lock,
}
"""In the order in which they work: the lock comes last, for the others may add a dependency."""


def edits_for(source: Source, report: Report, which: str) -> tuple[Edits, list[str]]:
    """The new texts, and what could not be mended; a fix sees what the fixes before it have made."""
    if which != "all" and which not in FIXES:
        raise Usage(
            f"{which} cannot be mended by a machine",
            f"one of {', '.join(FIXES)}; `twelve check --explain {which}` says the way out",
        )
    ids = list(FIXES) if which == "all" else [which]
    edits: Edits = {}
    notes: list[str] = []
    seen = Overlay(source, edits)
    for fix in dict.fromkeys(FIXES[rule_id] for rule_id in ids):
        # Lines move with each fix, so the next one looks at a tree that has the edits.
        rules = [rule for rule in RULES if rule.id in ids and FIXES[rule.id] is fix]
        if which != "all" or any(
            one.requirement in {rule.id for rule in rules} for one in report.findings
        ):
            findings = list(check(seen, rules).findings)
            try:
                fix(RepositoryPicture(seen), findings, edits)
            except (Missing, Refused) as error:
                if which != "all":
                    raise
                notes.append(f"{error}: {error.hint}" if error.hint else str(error))
    changed = {path: text for path, text in edits.items() if text != decode(source.read(path))}
    return changed, notes


def diff(source: Source, edits: Edits) -> Iterator[str]:
    """A unified diff that ``git apply`` and ``patch -p1`` take."""
    for path, text in sorted(edits.items()):
        before = decode(source.read(path))
        old = f"a/{path}" if before else "/dev/null"
        for line in difflib.unified_diff(
            before.splitlines(keepends=True), text.splitlines(keepends=True), old, f"b/{path}"
        ):
            yield line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"


def mend(
    source: FolderTree,
    report: Report,
    which: str,
    *,
    only_diff: bool,
    write: Callable[[str], object],
) -> int:
    """Show the diff; write it unless only the diff was asked for."""
    edits, notes = edits_for(source, report, which)
    for line in diff(source, edits):
        write(line)
    for note in notes:
        write(f"note: {note}\n")
    if not edits:
        write("nothing to mend by machine\n")
    elif not only_diff:
        for path, text in edits.items():
            save(source.root, path, text)
        write(f"{len(edits)} file{'s' if len(edits) != 1 else ''} mended\n")
    return 0


def save(root: Path, path: str, text: str) -> None:
    """Write under the root alone, never through a link, under a temporary name first."""
    full = root / path
    if not os.path.realpath(full.parent).startswith(os.fspath(root)) or full.is_symlink():
        raise Usage(f"{path} leads out of the tree", "nothing was written there")
    mode = full.stat().st_mode & 0o777 if full.exists() else 0o644
    draft = full.with_name(full.name + ".twelve-draft")
    draft.write_bytes(text.encode("utf-8", "surrogateescape"))
    draft.chmod(mode)
    draft.replace(full)
