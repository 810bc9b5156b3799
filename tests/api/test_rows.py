"""Every row of the API can be reached, answers, and describes itself."""

import re

import pytest
from tests.api.worlds import DEPLOY, Door

from twelve.api.handlers import ROWS
from twelve.api.openapi import describe

pytestmark = pytest.mark.anyio

URL = "postgres://u:hidden@db/x"
STAGING = "/v1/apps/shop/deploys/staging"

CALLS = {
    ("GET", "/v1/info"): (None, 200),
    ("GET", "/v1/doctor"): (None, 200),
    ("GET", "/v1/operations/op1-test"): (None, 200),
    ("GET", "/v1/operations/op1-test/events"): (None, 200),
    ("POST", "/v1/operations/op1-test/cancel"): (None, 200),
    ("GET", "/v1/apps"): (None, 200),
    ("POST", "/v1/apps"): ({"name": "tiny"}, 201),
    ("GET", "/v1/apps/shop"): (None, 200),
    ("POST", f"{DEPLOY}/deploy"): (None, 202),
    ("GET", f"{DEPLOY}/releases"): (None, 200),
    ("GET", f"{DEPLOY}/releases/v1"): (None, 200),
    ("GET", f"{DEPLOY}/releases/v1/diff/v2"): (None, 200),
    ("GET", f"{DEPLOY}/config"): (None, 200),
    ("PATCH", f"{DEPLOY}/config"): ({"put": {"B": "2"}}, 202),
    ("GET", f"{DEPLOY}/config/history"): (None, 200),
    ("GET", f"{DEPLOY}/config/diff?app=shop&deploy=production"): (None, 200),
    ("GET", f"{DEPLOY}/config/secret?names=A,API_TOKEN"): (None, 200),
    ("GET", f"{DEPLOY}/domains"): (None, 200),
    ("POST", f"{DEPLOY}/domains"): ({"host": "shop.example"}, 201),
    ("DELETE", f"{DEPLOY}/domains/shop.example"): (None, 200),
    ("GET", "/v1/ps"): (None, 200),
    ("GET", f"{DEPLOY}/ps"): (None, 200),
    ("GET", f"{DEPLOY}/exits?process=web&asked=true"): (None, 200),
    ("POST", f"{DEPLOY}/scale"): ({"formation": ["web=2"]}, 202),
    ("POST", f"{DEPLOY}/restart"): ({"what": "worker"}, 202),
    ("POST", f"{DEPLOY}/stop"): ({"what": "worker"}, 202),
    ("GET", f"{DEPLOY}/logs?n=5"): (None, 200),
    ("POST", f"{DEPLOY}/drains"): ({"url": "syslog://127.0.0.1:9", "name": "far"}, 201),
    ("GET", f"{DEPLOY}/drains"): (None, 200),
    ("DELETE", f"{DEPLOY}/drains/far"): (None, 200),
    ("POST", f"{DEPLOY}/runs"): ({"command": ["sleep"]}, 201),
    ("GET", f"{DEPLOY}/runs"): (None, 200),
    ("GET", f"{DEPLOY}/runs/RUN"): (None, 200),
    ("POST", f"{DEPLOY}/runs/RUN/stop"): (None, 200),
    ("GET", f"{DEPLOY}/ticks?schedule=nightly"): (None, 200),
    ("GET", "/v1/resources"): (None, 200),
    ("POST", f"{DEPLOY}/resources"): ({"kind": "postgres"}, 202),
    ("POST", f"{DEPLOY}/attachments"): ({"variable": "DB", "url": URL}, 202),
    ("DELETE", f"{DEPLOY}/attachments/DATABASE_URL"): (None, 202),
    ("DELETE", "/v1/resources/RESOURCE"): (None, 202),
    ("POST", f"{DEPLOY}/rollback"): ({}, 202),
    ("POST", "/v1/apps?"): ({"name": "shop", "deploy": "staging"}, 201),
    ("POST", f"{STAGING}/promote"): ({"from": "production"}, 202),
    ("GET", f"{STAGING}/parity?app=shop&deploy=production"): (None, 200),
    ("POST", "/v1/apps/shop/deploys"): ({"name": "acme", "from": "production"}, 202),
    ("POST", "/v1/apps/shop/each/run"): ({"deploys": "ac*", "command": ["true"]}, 202),
    ("POST", "/v1/down"): (None, 202),
    ("DELETE", DEPLOY): (None, 202),
    ("DELETE", "/v1/apps/shop"): (None, 202),
    ("POST", "/v1/leave"): (None, 200),
}
"""In this order each finds what the former ones left."""


def row_of(method: str, path: str) -> str:
    """The row's own path: what its pattern matches."""
    for row in ROWS:
        pattern = re.sub(r"{\w+}", "[^/]+", row.path)
        if row.method == method and re.fullmatch(pattern, path.partition("?")[0]):
            return row.path
    raise AssertionError(f"no row answers {method} {path}")


def test_every_row_is_called():
    called = {(method, row_of(method, path)) for method, path in CALLS}

    assert {(row.method, row.path) for row in ROWS} - called == set()


async def test_every_row_answers_as_it_says(door: Door):
    await door.deploy()
    await door.done("PATCH", f"{DEPLOY}/config", {"put": {"A": "hidden"}})
    door.world.engine.endless.add("sleep")
    names = {"RUN": "", "RESOURCE": ""}
    for (method, path), (body, status) in CALLS.items():
        if path.endswith("/deploy"):
            answer = await door.upload({"Procfile": "web: serve\nworker: work\n", "a": "1"})
        else:
            for word, name in names.items():
                path = path.replace(word, name)  # noqa: PLW2901 - known only now
            answer = await door.call(method, path, body)
        assert answer.status_code == status, (method, path, answer.text)
        assert "hidden" not in answer.text
        if status == 202:
            end = await door.end_of(answer)
            assert end["ok"], (method, path, end)
        if path.endswith("/runs") and method == "POST":
            names["RUN"] = answer.json()["id"]
        if path.endswith("/resources") and method == "POST":
            names["RESOURCE"] = (await door.get("/v1/resources"))["resources"][0]["name"]


async def test_the_description_names_every_row_with_its_body_and_query(door: Door):
    described = await door.get("/v1/openapi.json")

    assert described["openapi"] == "3.1.0"
    for row in ROWS:
        operation = described["paths"][row.path][row.method.lower()]
        assert operation["summary"] == row.summary
        named = [each["name"] for each in operation["parameters"] if each["in"] != "header"]
        assert named == [*re.findall(r"{(\w+)}", row.path), *(each.name for each in row.query)]
        if row.body:
            ref = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            schema = described["components"]["schemas"][ref.rsplit("/", 1)[-1]]
            assert schema["additionalProperties"] is False


def test_operations_have_names_of_their_own():
    names = [
        operation["operationId"]
        for path in describe(ROWS)["paths"].values()
        for operation in path.values()
    ]

    assert len(names) == len(set(names)) == len(ROWS)


async def test_errors_have_the_shape_that_is_described(door: Door):
    await door.deploy()
    for method, path, body, status in (
        ("GET", "/v1/apps/none", None, 404),
        ("GET", "/v1/nowhere", None, 404),
        ("PUT", "/v1/apps", None, 405),
        ("GET", f"{DEPLOY}/releases/vx", None, 422),
        ("POST", "/v1/apps", {"name": "shop"}, 409),
        ("GET", f"{DEPLOY}/parity?deploy=none", None, 404),
        ("GET", f"{DEPLOY}/parity", None, 422),
        ("GET", f"{DEPLOY}/parity?deploy=%00", None, 422),
        ("POST", f"{DEPLOY}/promote", {}, 422),
        ("POST", f"{DEPLOY}/promote", {"from": "none"}, 404),
        ("POST", f"{DEPLOY}/promote", {"from": "\0"}, 422),
        ("POST", f"{DEPLOY}/promote", {"from": "staging", "form": 1}, 422),
        ("GET", f"{DEPLOY}/ticks?limit=-1", None, 422),
        ("POST", f"{DEPLOY}/runs", {"command": []}, 422),
        ("POST", f"{DEPLOY}/runs", {"command": ["a", "b\0"]}, 422),
        ("POST", f"{DEPLOY}/runs", {"command": ["a" * 200_000]}, 422),
        ("POST", f"{DEPLOY}/runs", {"command": ["a"] * 600_000}, 422),
        ("POST", "/v1/apps/shop/deploys", {"name": "production", "from": "production"}, 409),
        ("POST", "/v1/apps/shop/deploys", {"name": "A\0", "from": "production"}, 422),
        ("POST", "/v1/apps/shop/deploys", {"name": "a", "from": "none"}, 404),
        (
            "POST",
            "/v1/apps/shop/deploys",
            {"name": "a", "from": "production", "put": {"1": "x"}},
            422,
        ),
        ("POST", "/v1/apps/none/deploys", {"name": "a", "from": "production"}, 404),
        ("POST", "/v1/apps/shop/each/run", {"deploys": "x*", "command": ["a"]}, 404),
        ("POST", "/v1/apps/shop/each/run", {"deploys": "[", "command": ["a"]}, 422),
        ("POST", "/v1/apps/shop/each/run", {"deploys": "*", "command": []}, 422),
        ("POST", "/v1/apps/shop/each/run", {"deploys": "*", "command": ["a\0"]}, 422),
        ("POST", "/v1/apps/shop/each/run", {"deploys": "*", "command": ["a"], "at_once": 0}, 422),
        ("POST", "/v1/apps/shop/each/run", {"deploys": "*", "command": ["a"], "timeout": -1}, 422),
        (
            "POST",
            "/v1/apps/shop/each/run",
            {"deploys": "*", "command": ["a"], "at_once": 10**30},
            422,
        ),
    ):
        answer = await door.call(method, path, body)
        assert answer.status_code == status, answer.text
        assert answer.json()["error"]["message"]
        assert answer.json()["error"]["hint"]


async def test_a_listing_shows_what_is_wanted_and_what_is_warned_of(door: Door):
    door.world.engine.warnings["shop/production/web.1@v1"] = ("listens on 0.0.0.0:20000",)
    result = await door.deploy()
    shown = await door.get(f"{DEPLOY}/ps")

    assert (result["release"], result["urls"][0]) == ("v1", "http://shop.localhost:8080")
    assert result["warnings"] == ["web.1: listens on 0.0.0.0:20000"]
    web, worker = shown["processes"]
    told = [web[key] for key in ("process", "release", "state", "port")]
    assert told == ["web.1", "v1", "up", 20000]
    assert web["warnings"] == ["web.1: listens on 0.0.0.0:20000"]
    assert (worker["port"], worker["warnings"]) == (None, [])


async def test_secrets_are_masked_until_they_are_asked_for(door: Door):
    await door.deploy()
    await door.done("PATCH", f"{DEPLOY}/config", {"put": {"A": "canary"}})
    await door.done("POST", f"{DEPLOY}/attachments", {"variable": "DB", "url": URL})
    for path in ("config", "releases/v3", "releases/v1/diff/v3", "config/history", "ps"):
        text = str(await door.get(f"{DEPLOY}/{path}"))
        assert "canary" not in text
        assert "hidden" not in text

    assert (await door.get(f"{DEPLOY}/config?reveal=true"))["config"] == {"A": "canary"}
