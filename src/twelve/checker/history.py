"""Credentials in the history: the added lines of all commits, read from git's own log."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from twelve.engines.programs import GIT, run
from twelve.errors import Usage
from twelve.finding import Finding, Place
from twelve.picture.paths import classify, is_development
from twelve.picture.pattern import pattern
from twelve.picture.secrets import (
    FORMATS,
    SAMPLE,
    is_key_name,
    is_secret_name,
    masked,
    plausible,
    stands_in,
    url_password,
)

ASSIGNED = pattern(
    r"""^\s*(?:export\s+|const\s+|let\s+|var\s+)?["']?([A-Za-z_][\w.-]*)["'\]]*\s*(?::\s*str\s*)?[:=]\s*[rbu]?["']([^"']{4,200})["']"""
)
MOST = 200


class Added(NamedTuple):
    """One line that a commit added."""

    commit: str
    path: str
    line: int
    text: str


def changed_since(root: Path, revision: str) -> set[str]:
    """The paths that differ from a revision, untracked ones too."""
    if revision.startswith("-"):
        raise Usage(f"{revision} is no revision", "twelve check --since main")
    ended = run(
        (
            *GIT,
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--name-only",
            "-z",
            "--relative",
            revision,
            "--",
        ),
        cwd=root,
    )
    if ended.code:
        raise Usage(f"git does not know {revision}", ended.err.strip().split("\n")[0])
    others = run((*GIT, "ls-files", "-z", "--others", "--exclude-standard"), cwd=root)
    return {
        name.decode("utf-8", "surrogateescape")
        for name in (ended.out + others.out).split(b"\0")
        if name
    }


def added_lines(root: Path) -> Iterator[Added]:
    """Every added line, newest commit first."""
    ended = run(
        (
            *GIT,
            "log",
            "-p",
            "-U0",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-renames",
            "--relative",
            "--format=%x00%h",
            "--diff-filter=AM",
        ),
        cwd=root,
        timeout=600,
    )
    if ended.code:
        raise Usage("the history cannot be read", ended.err.strip().split("\n")[0])
    commit, path, line = "", "", 0
    for raw in ended.out.decode("utf-8", "replace").split("\n"):
        if raw.startswith("\0"):
            commit = raw[1:].strip()
        elif raw.startswith("+++ "):
            path = raw[6:].strip() if raw.startswith("+++ b/") else ""
        elif raw.startswith("@@"):
            match = re.match(r"@@ -\S+ \+(\d+)", raw)
            line = int(match[1]) if match else 0
        elif raw.startswith("+") and path:
            yield Added(commit, path, line, raw[1:])
            line += 1


def secrets_in_history(root: Path) -> list[Finding]:
    """What the history holds and the tree may no longer hold, once each, at the commit that added it."""
    seen: dict[str, Finding] = {}
    for one in added_lines(root):
        if (
            len(one.text) > 2000
            or classify(one.path) not in ("app", "script", "build", "dev")
            or is_development(one.path)
        ):
            continue
        for value, what in _credentials(one.text):
            message = f"{what}, {masked(value)}, in the history since {one.commit}"
            # Older commits come later, so the last one met is the one that brought it.
            seen[value] = Finding(
                "III-2",
                "high",
                message,
                (Place(one.path, one.line),),
                "change the credential: the history keeps it",
            )
        if len(seen) >= MOST:
            break
    return list(seen.values())


def _credentials(text: str) -> Iterator[tuple[str, str]]:
    for _, form, what in FORMATS:
        if (match := form.search(text)) and not SAMPLE.search(match[0]):
            yield match[0], what
    if "://" in text and (password := url_password(text)):
        yield password, "a URL with a password"
    match = ASSIGNED.match(text)
    if (
        match
        and is_secret_name(match[1].rpartition(".")[2])
        and (plausible(match[1], match[2]) or (is_key_name(match[1]) and not stands_in(match[2])))
    ):
        yield match[2], f"{match[1]} as a literal"
