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
command line for it.

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
    """The description as Markdown, in the order of its calls."""
    schemas = document["components"]["schemas"]
    parts = [HEAD]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts.append(call(f"{method.upper()} {path}", operation, schemas))
    return "\n".join(parts)


def call(name: str, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    """One call: what it does, its query and its body."""
    status = next(iter(operation["responses"]))
    lines = [f"## `{name}`", "", f"{operation['summary']}. Answers {status}."]
    query = [f"`{p['name']}`" for p in operation["parameters"] if p["in"] == "query"]
    if query:
        lines += ["", f"Query: {', '.join(query)}"]
    if "requestBody" in operation:
        ref = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        lines += ["", *fields(schemas[ref.rsplit("/", 1)[-1]])]
    return "\n".join([*lines, ""])


def fields(schema: dict[str, Any]) -> list[str]:
    """The fields of a body as a table."""
    required = schema.get("required", [])
    rows = [
        f"| `{name}` | {kind(field)} | {'yes' if name in required else 'no'} |"
        for name, field in schema["properties"].items()
    ]
    return [schema["description"], "", "| field | type | required |", "|---|---|---|", *rows]


def kind(field: dict[str, Any]) -> str:
    """A field's type in words."""
    if "anyOf" in field:
        return " or ".join(kind(each) for each in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {kind(field['items'])}"
    if field.get("type") == "object":
        return f"object of {kind(field['additionalProperties'])}"
    return str(field.get("type", "any"))


if __name__ == "__main__":
    PAGE.write_text(page(describe(ROWS)))
