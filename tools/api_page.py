"""Write docs/reference/api.md from the API's own description: ``python -m tools.api_page``."""

# ruff: noqa: E501 -- the head is a page of the manual, as wide as its others

from pathlib import Path
from typing import Any

from twelve.api.handlers import ROWS
from twelve.api.openapi import describe

PAGE = Path(__file__).parent.parent / "docs/reference/api.md"

HEAD = """\
# API

Every command is a call of this API, over HTTP on the socket `control.sock` in the run directory of the home (only its
owner may connect). `GET /v1/openapi.json` gives the same as OpenAPI 3.1; this page is made from it by `make docs`.

    curl --unix-socket /run/twelve/1a2b3c4d/control.sock http://twelve/v1/apps

A call that takes time answers 202 with `{"operation": "op7"}`. What it says while it is under way, and at its end, comes
as JSON lines from `GET /v1/operations/op7/events`: each has `step`, `text` and `at` (seconds since it began), the last
one is `{"step": "end", "ok": true, "result": …}` or `{"step": "end", "ok": false, "error": …}`. An operation goes on
whoever listens.

Every error has one shape: `{"error": {"code", "message", "hint", "problems", "exit"}}`; `exit` is the exit code of the
command line for it. A body's unknown field and a query's unknown parameter are refused, every fault of it named at once.

A listing answers a page: `limit` rows, and in `next` the word to ask the following page `after`; it is null on the last.

A call that changes something may carry the header `Idempotency-Key`, a word of the caller's own of 1 to 255 visible ASCII
characters. The same call with the same key is made once: for 24 hours whoever repeats it gets the answer of the first,
marked `Idempotency-Replayed: true`; another call under that key is refused with 422, and one while the first is under way,
or whose control died before it answered, with 409.

## An attached run

`/v1/apps/{app}/deploys/{deploy}/run` is a WebSocket. The caller first sends the run as JSON: `command` (a list),
and where wanted `tty`, `rows`, `columns`, `term`, `rm_on_hangup`. Then binary frames are standard input, text frames
`{"eof": true}`, `{"resize": [rows, columns]}` or `{"signal": "SIGINT"}`. The first answer is `{"run": id}` or
`{"error": …}`; then come binary frames whose first byte is 1 for standard output (or the terminal) and 2 for standard
error, at last `{"exit": status, "code": …, "signal": …}`.

## A deploy

`POST /v1/apps/{app}/deploys/{deploy}/deploy` takes a tar archive of the app's folder as its body. The header
`Twelve-Tree` may say where it comes from: base64 of JSON with `source`, `commit`, `root_commit`, `subject`,
`committed_ns`, `dirty`.
"""


def page(document: dict[str, Any]) -> str:
    """The description as Markdown: its calls in their order, then the shapes of what they answer."""
    schemas = document["components"]["schemas"]
    parts = [HEAD]
    bodies = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts.append(call(f"{method.upper()} {path}", operation, schemas))
            bodies.add(body_of(operation))
    shapes = {name: schema for name, schema in schemas.items() if name not in bodies}
    parts += ["# Shapes", *(shape(name, schema) for name, schema in shapes.items())]
    return "\n".join(parts)


def body_of(operation: dict[str, Any]) -> str:
    """The name of the body's shape, or nothing."""
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return name_of(media.get("schema", {}))


def name_of(schema: dict[str, Any]) -> str:
    """The name of the shape that a schema refers to."""
    return str(schema.get("$ref", "")).rsplit("/", 1)[-1]


def call(name: str, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    """One call: what it does, what it answers, its query and its body."""
    status, answer = next(iter(operation["responses"].items()))
    told = " or ".join(
        shown(media.get("schema")) if kind == "application/json" else f"`{kind}`"
        for kind, media in answer["content"].items()
    )
    lines = [f"## `{name}`", "", f"{operation['summary']}. Answers {status} with {told}."]
    query = [p for p in operation["parameters"] if p["in"] == "query"]
    if query:
        rows = [f"| `{p['name']}` | {kind(p['schema'])} | {p['description']} |" for p in query]
        lines += ["", "| query | type | |", "|---|---|---|", *rows]
    if body := body_of(operation):
        lines += ["", *fields(schemas[body])]
    elif "requestBody" in operation:
        lines += ["", f"The body is `{next(iter(operation['requestBody']['content']))}`."]
    return "\n".join([*lines, ""])


def shown(schema: dict[str, Any]) -> str:
    """A link to a shape."""
    name = name_of(schema)
    return f"[{name}](#{name.lower()})"


def shape(name: str, schema: dict[str, Any]) -> str:
    """A shape as a section."""
    if not schema.get("properties"):
        return "\n".join([f"## {name}", "", schema["description"], ""])
    return "\n".join([f"## {name}", "", *fields(schema), ""])


def fields(schema: dict[str, Any]) -> list[str]:
    """The fields of a body or an answer as a table."""
    required = schema.get("required", [])
    rows = [
        f"| `{name}` | {kind(field)} | {'yes' if name in required else 'no'} |"
        for name, field in schema["properties"].items()
    ]
    return [
        schema["description"].replace("``", "`"),
        "",
        "| field | type | required |",
        "|---|---|---|",
        *rows,
    ]


def kind(field: dict[str, Any]) -> str:
    """A field's type in words."""
    if "$ref" in field:
        return shown(field)
    if "anyOf" in field:
        return " or ".join(kind(each) for each in field["anyOf"])
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {kind(field['items'])}"
    if field.get("type") == "object":
        return f"object of {kind(field.get('additionalProperties', {}))}"
    return str(field.get("type", "anything"))


if __name__ == "__main__":
    PAGE.write_text(page(describe(ROWS)))
