"""The API's own description, OpenAPI 3.1, made from the table of its rows."""

import re
from collections.abc import Sequence
from inspect import cleandoc
from typing import Any

import msgspec

from twelve import __version__
from twelve.api import shapes
from twelve.api.call import Row
from twelve.api.query import DIGITS, Kind, Parameter

REF = "#/components/schemas/{name}"

ERROR = {
    "type": "object",
    "description": "Every error's one shape.",
    "required": ["error"],
    "properties": {"error": {"$ref": REF.format(name="Fault")}},
}

KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "a word of the caller's own: the same call with the same word is made once",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}

ARCHIVE = {"application/x-tar": {"schema": {"type": "string", "format": "binary"}}}
"""The body of the one row that takes no JSON: a tar archive."""


def describe(rows: Sequence[Row]) -> dict[str, Any]:
    """The whole document."""
    answers = [row.answer for row in rows if row.answer and not isinstance(row.answer, str)]
    kinds = [shapes.Accepted, shapes.Fault, *answers, *(row.body for row in rows if row.body)]
    schemas_of, schemas = msgspec.json.schema_components(kinds, ref_template=REF)
    for schema in schemas.values():
        # Until Python 3.13 a docstring keeps the indentation of its code.
        if told := schema.get("description"):
            schema["description"] = cleandoc(told)
    known = dict(zip(map(id, kinds), schemas_of, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = operation(row, known)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Twelve",
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": {**schemas, "Error": ERROR}},
    }


def operation(row: Row, known: dict[int, Any]) -> dict[str, Any]:
    """One row as an operation object."""
    named = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", row.path)
    ]
    headers = [KEY] if row.method != "GET" else []
    error = {"application/json": {"schema": {"$ref": REF.format(name="Error")}}}
    described: dict[str, Any] = {
        "summary": row.summary,
        "operationId": row.handler.__name__,
        "parameters": named + [parameter(each) for each in row.query] + headers,
        "responses": {
            str(row.status): {"description": row.summary, "content": content(row, known)},
            "default": {"description": "what is wrong, and the next step", "content": error},
        },
    }
    if row.body:
        schema = known[id(row.body)]
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    elif row.takes_archive:
        described["requestBody"] = {"required": True, "content": ARCHIVE}
    return described


def content(row: Row, known: dict[int, Any]) -> dict[str, Any]:
    """The body of the answer when all is well."""
    if isinstance(row.answer, str):
        return {media: {} for media in row.answer.split()}
    shape = row.answer or shapes.Accepted
    return {"application/json": {"schema": known[id(shape)]}}


def parameter(asked: Parameter) -> dict[str, Any]:
    """One parameter of the query."""
    return {
        "name": asked.name,
        "in": "query",
        "description": asked.meaning,
        "schema": SCHEMAS[asked.kind],
    }


SCHEMAS: dict[Kind, dict[str, Any]] = {
    Kind.WORD: {"type": "string"},
    Kind.WORDS: {"type": "array", "items": {"type": "string"}},
    Kind.FLAG: {"type": "boolean"},
    Kind.NUMBER: {"type": "integer", "minimum": 0, "maximum": 10**DIGITS - 1},
}
