"""The API's own description, OpenAPI 3.1, made from the table of its rows."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from twelve import __version__
from twelve.api.call import Row

ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "hint": {"type": "string"},
                "problems": {"type": "array", "items": {"type": "string"}},
                "exit": {"type": "integer"},
            },
        }
    },
}


def describe(rows: Sequence[Row]) -> dict[str, Any]:
    """The whole document."""
    bodies = [row.body for row in rows if row.body]
    _, schemas = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = operation(row)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Twelve", "version": __version__},
        "paths": paths,
        "components": {"schemas": {**schemas, "Error": ERROR}},
    }


def operation(row: Row) -> dict[str, Any]:
    """One row as an operation object."""
    named = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", row.path)
    ]
    asked = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in row.query]
    error = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    described: dict[str, Any] = {
        "summary": row.summary,
        "operationId": row.handler.__name__,
        "parameters": named + asked,
        "responses": {
            str(row.status): {"description": row.summary},
            "default": {"description": "what is wrong, and the next step", **error},
        },
    }
    if row.body:
        ref = {"$ref": f"#/components/schemas/{row.body.__name__}"}
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": ref}},
        }
    return described
