import jsonschema
from tools.api_page import PAGE, page

from twelve.api.handlers import ROWS
from twelve.api.openapi import describe

# What every OpenAPI 3.1 document must be, in short; the whole schema is not on this machine.
SHAPE = {
    "type": "object",
    "required": ["openapi", "info", "paths"],
    "properties": {
        "openapi": {"pattern": r"^3\.1\."},
        "info": {"type": "object", "required": ["title", "version"]},
        "paths": {
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {
                "propertyNames": {"enum": ["get", "post", "put", "patch", "delete"]},
                "additionalProperties": {
                    "required": ["operationId", "responses", "parameters"],
                    "properties": {
                        "parameters": {
                            "items": {
                                "required": ["name", "in", "schema"],
                                "properties": {"in": {"enum": ["path", "query", "header"]}},
                            }
                        },
                        "responses": {
                            "additionalProperties": {"required": ["description"]},
                            "propertyNames": {"pattern": r"^(\d{3}|default)$"},
                        },
                    },
                },
            },
        },
    },
}


def references(plain):
    if isinstance(plain, dict):
        if "$ref" in plain:
            yield plain["$ref"]
        for value in plain.values():
            yield from references(value)
    elif isinstance(plain, list):
        for value in plain:
            yield from references(value)


def test_the_description_has_the_shape_of_openapi():
    jsonschema.validate(describe(ROWS), SHAPE)


def test_every_row_is_described_once():
    document = describe(ROWS)
    operations = [o for methods in document["paths"].values() for o in methods.values()]

    assert len(operations) == len(ROWS)
    assert len({o["operationId"] for o in operations}) == len(ROWS)


def test_every_reference_leads_to_a_schema():
    document = describe(ROWS)

    for ref in references(document):
        assert ref.rsplit("/", 1)[-1] in document["components"]["schemas"], ref


def test_the_page_of_the_manual_is_made_from_the_description():
    assert PAGE.read_text() == page(describe(ROWS)), "run: python -m tools.api_page"
