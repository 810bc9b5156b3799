"""Findings of other tools on PATH, mapped to requirements. A tool that crashed is an error, never "0 findings"."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from twelve.checker import django_check
from twelve.engines.programs import Ended, found, run
from twelve.errors import Missing, TwelveError
from twelve.finding import Finding, Place, Severity

HADOLINT = {
    "DL3006": "V-7",
    "DL3007": "V-7",
    "DL3025": "IX-2",
    "DL3002": "SEC-2",
    "DL3064": "III-11",
    "DL3013": "II-3",
    "DL3016": "II-3",
    "DL3008": "II-3",
}
SHELLCHECK = {"SC2155": "VIII-5"}
KUBE = {
    "latest-tag": "V-5", "env-var-secret": "III-11", "read-secret-from-env-var": "III-11", "run-as-non-root": "SEC-2", "no-read-only-root-fs": "SEC-2",
    "unset-cpu-requirements": "OPS-1", "unset-memory-requirements": "OPS-1", "no-liveness-probe": "TEL-1", "no-readiness-probe": "TEL-1", "session-affinity": "VI-4",
}  # fmt: skip
DEPTRY = {"DEP001": "II-2", "DEP003": "II-2"}
SEVERITIES: dict[str, Severity] = {
    "error": "medium",
    "warning": "low",
    "info": "info",
    "style": "info",
    "note": "info",
}


class Tool(NamedTuple):
    """How a tool is called, which codes mean that it worked, and how its output is read."""

    argv: Callable[[Path], tuple[str, ...]]
    codes: tuple[int, ...]
    read: Callable[[Ended, Path], list[Finding]]


def findings_of(name: str, root: Path) -> list[Finding]:
    """Run one tool on the tree and take over what it found."""
    tool = TOOLS[name]
    argv = tool.argv(root)
    if not argv:
        return []
    if not found(argv[0]):
        raise Missing(
            f"--with {name}: {argv[0]} is not on PATH",
            f"install {argv[0]}, or leave --with {name} out",
        )
    ended = run(argv, cwd=root, timeout=300)
    if ended.code not in tool.codes:
        raise TwelveError(
            f"--with {name}: it ended with {ended.code}: {ended.err.strip()[:200]}",
            "its findings are unknown; leave it out, or mend it",
        )
    try:
        return tool.read(ended, root)
    except (ValueError, KeyError, TypeError) as error:
        raise TwelveError(
            f"--with {name}: its output cannot be read: {error}", "another version of it may do"
        ) from None


def _dockerfiles(root: Path) -> list[str]:
    return [
        os.fspath(path.relative_to(root))
        for path in sorted(root.rglob("Dockerfile*"))
        if path.is_file() and not {".git", "node_modules"} & set(path.parts)
    ][:200]


def _scripts(root: Path) -> list[str]:
    return [
        os.fspath(path.relative_to(root))
        for path in sorted(root.rglob("*.sh"))
        if path.is_file() and not {".git", "node_modules"} & set(path.parts)
    ][:500]


def _made(requirement: str, severity: str, message: str, path: str, line: int) -> Finding:
    return Finding(
        requirement,
        SEVERITIES.get(severity, "low"),
        message,
        (Place(path.removeprefix("./"), line),),
    )


def _hadolint(ended: Ended, _root: Path) -> list[Finding]:
    rows: list[dict[str, Any]] = json.loads(ended.out or b"[]")
    return [
        _made(
            HADOLINT[row["code"]],
            row["level"],
            f"hadolint {row['code']}: {row['message']}",
            row["file"],
            int(row["line"]),
        )
        for row in rows
        if row["code"] in HADOLINT
    ]


def _shellcheck(ended: Ended, _root: Path) -> list[Finding]:
    rows = json.loads(ended.out or b"{}").get("comments", [])
    return [
        _made(
            SHELLCHECK[f"SC{row['code']}"],
            row["level"],
            f"shellcheck SC{row['code']}: {row['message']}",
            row["file"],
            int(row["line"]),
        )
        for row in rows
        if f"SC{row['code']}" in SHELLCHECK
    ]


def _kube(ended: Ended, root: Path) -> list[Finding]:
    made = []
    for row in json.loads(ended.out or b"{}").get("Reports") or []:
        path = os.path.relpath(os.path.join(root, row["Object"]["Metadata"]["FilePath"]), root)
        if row["Check"] in KUBE:
            made.append(
                _made(
                    KUBE[row["Check"]],
                    "warning",
                    f"kube-linter {row['Check']}: {row['Diagnostic']['Message']}",
                    path,
                    0,
                )
            )
    return made


def _deptry(ended: Ended, root: Path) -> list[Finding]:
    made = []
    for row in json.loads(ended.out or b"[]"):
        code = row["error"]["code"]
        if code in DEPTRY:
            path = os.path.relpath(os.path.join(root, row["location"]["file"]), root)
            made.append(
                _made(
                    DEPTRY[code],
                    "warning",
                    f"deptry {code}: {row['error']['message']}",
                    path,
                    int(row["location"]["line"] or 0),
                )
            )
    return made


def _leaks(ended: Ended, root: Path) -> list[Finding]:
    made = []
    for row in json.loads(ended.out or b"[]") or []:
        path = os.path.relpath(os.path.join(root, row["File"]), root)
        made.append(
            Finding(
                "III-2",
                "high",
                f"{row['RuleID']}, in {row.get('Commit', '')[:7] or 'the tree'}",
                (Place(path, int(row["StartLine"])),),
                "change the credential",
            )
        )
    return made


def _leak_words(program: str) -> Callable[[Path], tuple[str, ...]]:
    return lambda _root: (
        program,
        "git",
        ".",
        "--no-banner",
        "--redact",
        "--report-format",
        "json",
        "--report-path",
        "/dev/stdout",
        "--exit-code",
        "0",
    )


RUN_CODE = ("django",)
"""Tools that run code of the tree: said whenever they are used."""

TOOLS: dict[str, Tool] = {
    "django": Tool(django_check.command, (0, 1), django_check.read),
    "hadolint": Tool(
        lambda root: (
            ("hadolint", "--format", "json", *held) if (held := _dockerfiles(root)) else ()
        ),
        (0, 1),
        _hadolint,
    ),
    "shellcheck": Tool(
        lambda root: ("shellcheck", "--format", "json1", *held) if (held := _scripts(root)) else (),
        (0, 1),
        _shellcheck,
    ),
    "kube-linter": Tool(
        lambda _root: ("kube-linter", "lint", "--format", "json", "."), (0, 1), _kube
    ),
    "deptry": Tool(lambda _root: ("deptry", ".", "--json-output", "/dev/stdout"), (0, 1), _deptry),
    "gitleaks": Tool(_leak_words("gitleaks"), (0,), _leaks),
    "betterleaks": Tool(_leak_words("betterleaks"), (0,), _leaks),
}
