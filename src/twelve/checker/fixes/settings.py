"""III-1 and III-2: literal settings of Python become reads of the environment, declared in .env.example."""

import ast
import re

from twelve.checker.picture import RepositoryPicture
from twelve.finding import Finding

FLAG = '{name} = os.environ.get("{name}", "") == "True"'
LIST = '{name} = [item for item in os.environ.get("{name}", "").split(",") if item]'
TEXT = '{name} = os.environ["{name}"]'
PLAIN = '{name} = os.environ.get("{name}", "{default}")'


def read_from_environment(
    picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]
) -> None:
    """Only whole top-level assignments of one upper-case name to a literal are touched."""
    wanted: dict[str, set[int]] = {}
    for one in findings:
        for place in one.places:
            if place.path.endswith(".py"):
                wanted.setdefault(place.path, set()).add(place.line)
    keys: list[str] = []
    for path, lines in sorted(wanted.items()):
        text, named = _rewrite(edits.get(path, picture.text(path)), lines)
        if named:
            edits[path] = text
            keys += named
    if keys:
        declare(picture, keys, edits)


def _rewrite(text: str, lines: set[int]) -> tuple[str, list[str]]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text, []
    rows = text.split("\n")
    named = []
    for node in reversed(tree.body):
        if (
            not isinstance(node, ast.Assign)
            or node.lineno not in lines
            or len(node.targets) != 1
            or not isinstance(node.targets[0], ast.Name)
        ):
            continue
        name = node.targets[0].id
        made = _line(name, node.value)
        last = node.end_lineno or node.lineno
        # What stands beside the assignment on its lines stays: then it is left to a person.
        if (
            made
            and rows[node.lineno - 1][: node.col_offset] == ""
            and not rows[last - 1][node.end_col_offset :]
            .lstrip(" ")
            .strip(" #\tabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:'!-()/")
        ):
            rows[node.lineno - 1 : last] = [made]
            named.append(name)
    if not named:
        return text, []
    return _import_os(tree, rows), list(reversed(named))


def _line(name: str, value: ast.expr) -> str:
    if not name.isupper():
        return ""
    if isinstance(value, ast.Constant) and isinstance(value.value, bool):
        return FLAG.format(name=name)
    if isinstance(value, ast.Constant) and isinstance(value.value, int):
        return f'{name} = int(os.environ.get("{name}", "{value.value}"))'
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return TEXT.format(name=name)
    if isinstance(value, ast.List) and all(isinstance(item, ast.Constant) for item in value.elts):
        return LIST.format(name=name)
    return ""


def _import_os(tree: ast.Module, rows: list[str]) -> str:
    text = "\n".join(rows)
    if any(
        isinstance(node, ast.Import)
        and any(alias.name == "os" and not alias.asname for alias in node.names)
        for node in tree.body
    ):
        return text
    at = 0
    for node in tree.body:
        first = (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        )
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not first and not future:
            break
        at = node.end_lineno or node.lineno
    rows = text.split("\n")
    if at == 0:
        while at < len(rows) and rows[at].startswith("#"):
            at += 1
    rows.insert(at, "import os")
    return "\n".join(rows)


def declare(picture: RepositoryPicture, keys: list[str], edits: dict[str, str]) -> None:
    """Add keys without values to the example file."""
    path = next(
        (p for p in (".env.example", ".env.sample", "env.example") if p in picture.files),
        ".env.example",
    )
    text = edits.get(path, picture.text(path))
    missing = [
        key
        for key in dict.fromkeys(keys)
        if not re.search(rf"^\s*#?\s*(export\s+)?{re.escape(key)}\s*=", text, re.MULTILINE)
    ]
    if missing:
        edits[path] = (
            text
            + ("" if not text or text.endswith("\n") else "\n")
            + "".join(f"{key}=\n" for key in missing)
        )
