"""``manage.py check --deploy`` as findings. It runs code of the tree, so it is asked for by name alone."""

import os
from pathlib import Path

from twelve.engines.programs import Ended
from twelve.errors import TwelveError
from twelve.finding import Finding, Place, Severity
from twelve.picture.pattern import pattern

ISSUE = pattern(r"^(?P<about>\S.*?): \((?P<id>\w+\.[A-Z]\d{3})\) (?P<said>.+)$")
SUMMARY = pattern(r"System check identified (some issues|no issues|\d+ issues?)")
REQUIREMENTS: dict[str, tuple[str, Severity]] = {
    "security.W009": ("III-8", "medium"),
    "security.W018": ("III-1", "high"),
    "security.W020": ("III-1", "medium"),
    "security.W025": ("III-8", "low"),
    "caches.W002": ("VI-1", "low"),
    "caches.W003": ("VI-1", "low"),
    "mail.E001": ("IV-1", "low"),
}
"""What Django's own checks say about the twelve factors; the others are about the security of a site."""
PYTHONS = (".venv/bin/python", "venv/bin/python", "env/bin/python")


def manage_py(root: Path) -> Path | None:
    """The nearest manage.py: in the root, or in one of the two levels below."""
    held = [p for level in ("", "*/", "*/*/") for p in sorted(root.glob(f"{level}manage.py"))]
    kept = [p for p in held if p.is_file() and not {"node_modules", ".venv"} & set(p.parts)]
    return kept[0] if kept else None


def command(root: Path) -> tuple[str, ...]:
    """The call, by the app's own interpreter when it has one."""
    script = manage_py(root)
    if script is None:
        return ()
    homes = [folder / name for folder in (script.parent, root) for name in PYTHONS]
    python = next((os.fspath(one) for one in homes if one.is_file()), "python3")
    return (python, os.fspath(script), "check", "--deploy", "--no-color")


def read(ended: Ended, root: Path) -> list[Finding]:
    """The issues that a requirement knows. Raises TwelveError when the app did not come so far."""
    told = ended.err + ended.out.decode("utf-8", "replace")
    if not SUMMARY.search(told):
        lines = [line for line in told.splitlines() if line.strip()]
        raise TwelveError(
            f"--with django: manage.py check did not come to its end: {(lines or ['no word'])[-1][:200]}",
            "it needs the app's packages and variables: run it where the app runs",
        )
    script = manage_py(root) or root / "manage.py"
    where = Place(os.path.relpath(script, root), 1)
    made = []
    for line in told.splitlines():
        match = ISSUE.match(line)
        if match and match["id"] in REQUIREMENTS:
            requirement, severity = REQUIREMENTS[match["id"]]
            said = f"django {match['id']}: {match['said']}"
            made.append(Finding(requirement, severity, said, (where,)))
    return made
