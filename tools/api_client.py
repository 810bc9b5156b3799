"""Write src/twelve/client/calls/ from the table of the API: ``python -m tools.api_client``.

One function a call, in a module a noun: its words, its query and its body are arguments with their
types, its answer has its shape.
"""

import keyword
import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from twelve.api.call import Row
from twelve.api.handlers import ROWS
from twelve.api.query import Kind, Parameter

FOLDER = Path(__file__).parent.parent / "src/twelve/client/calls"

HEAD = '''\
"""The API's calls of {noun}: written by ``python -m tools.api_client``, not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twelve.client.connection import Client, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, BinaryIO

    from twelve.api import shapes
    from twelve.client.wire import Answer


'''

TYPES = {
    Kind.WORD: ("str", '""'),
    Kind.WORDS: ("Sequence[str]", "()"),
    Kind.FLAG: ("bool", "False"),
    Kind.NUMBER: ("int | None", "None"),
}


def modules() -> Iterator[tuple[str, str]]:
    """Each module's name and text, formatted."""
    for noun, rows in groupby(ROWS, key=lambda row: row.handler.__module__.rsplit(".", 1)[-1]):
        text = HEAD.format(noun=noun) + "\n\n".join(function(row) for row in rows)
        yield noun, formatted(text)


def function(row: Row) -> str:
    """One call as a function."""
    words = re.findall(r"{(\w+)}", row.path)
    named = [f"{argument(word)}: str" for word in words]
    fields = body_fields(row, words)
    asked = [option(each, words) for each in row.query]
    options = [text for _, _, text in fields] + asked
    if row.takes_archive:
        options = ["archive: BinaryIO", 'facts: str = ""', *options]
    if row.method != "GET":
        options.append('key: str = ""')
    arguments = ", ".join(["client: Client", *named, *(["*", *options] if options else [])])
    kind = answer(row)
    query = [argument(each.name, words) for each in row.query]
    path = (
        '"' + re.sub(r"{(\w+)}", lambda word: "{quoted(" + argument(word[1]) + ")}", row.path) + '"'
    )
    path = f"f{path}" if words else path
    body = "{" + ", ".join(f'"{wire}": {argument(name, words)}' for name, wire, _ in fields) + "}"
    lines = [f"def {row.handler.__name__}({arguments}) -> {kind}:", f'    """{row.summary}."""']
    rest = "".join(f", {each}={each}" for each in query)
    if isinstance(row.answer, str):
        lines.append(f'    return client.ask("GET", {path}{rest})')
    else:
        lines += [f"    found: {kind} = {made(row, path, body if fields else '', rest)}"]
        lines += ["    return found"]
    return "\n".join(lines) + "\n"


def made(row: Row, path: str, body: str, rest: str) -> str:
    """The call itself."""
    if row.method == "GET":
        return f"client.get({path}{rest})"
    if row.takes_archive:
        return f"client.upload({path}, archive, facts=facts, key=key{rest})"
    given = f", {body}" if body else ""
    return f'client.call("{row.method}", {path}{given}, key=key{rest})'


def body_fields(row: Row, taken: Collection[str]) -> list[tuple[str, str, str]]:
    """The body's fields: name, name on the wire, argument; those that must be given come first."""
    if row.body is None:
        return []
    hints = get_type_hints(row.body)
    found = []
    for field in msgspec.structs.fields(row.body):
        kind = spelled(hints[field.name])
        if field.default is not msgspec.NODEFAULT:
            default = f" = {field.default!r}".replace("'", '"')
        elif field.default_factory is not msgspec.NODEFAULT:
            kind, default = f"{kind} | None", " = None"
        else:
            default = ""
        found.append(
            (field.name, field.encode_name, f"{argument(field.name, taken)}: {kind}{default}")
        )
    return sorted(found, key=lambda field: " = " in field[2])


def spelled(kind: Any) -> str:
    """A type as source."""
    return kind.__name__ if kind in {str, int, bool, float} else str(kind).replace("typing.", "")


def option(asked: Parameter, taken: Collection[str]) -> str:
    """A parameter of the query as an argument."""
    kind, default = TYPES[asked.kind]
    return f"{argument(asked.name, taken)}: {kind} = {default}"


def argument(name: str, taken: Collection[str] = ()) -> str:
    """A name that Python takes, and that no word of the path has."""
    reserved = keyword.iskeyword(name) or name in {"id", "type", "client", *taken}
    return f"{name}_" if reserved else name


def answer(row: Row) -> str:
    """The type of what comes back."""
    if isinstance(row.answer, str):
        return "Answer"
    return f"shapes.{row.answer.__name__}" if row.answer else "shapes.Accepted"


def formatted(text: str) -> str:
    """The text as the house formats it, without the imports that it does not need."""
    ruff = [sys.executable, "-m", "ruff"]
    for words in (
        ["check", "--fix", "--quiet", "--exit-zero", "--select", "F401"],
        ["format", "--quiet"],
    ):
        argv = [*ruff, *words, "--stdin-filename", str(FOLDER / "made.py"), "-"]
        text = subprocess.run(argv, input=text, capture_output=True, text=True, check=True).stdout
    return text


if __name__ == "__main__":
    for name, source in modules():
        (FOLDER / f"{name}.py").write_text(source)
