"""Calls: who makes them, what is refused, and how long operations are listened to."""

import asyncio
import getpass
import json

import pytest
from tests.api.worlds import DEPLOY, Door
from tests.operations.worlds import SHOP

from twelve.api import progress, server
from twelve.engines.contract import Tell
from twelve.errors import NotFound, ReleaseFailed

pytestmark = pytest.mark.anyio

NEXT = {**SHOP, "a": "1"}


async def test_who_calls_is_who_the_kernel_says(door: Door):
    await door.deploy()

    [release] = (await door.get(f"{DEPLOY}/releases"))["releases"]
    assert release["who"] == getpass.getuser()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"put": {"A": 1}}', "Expected `str`, got `int` - at `$.put[...]`"),
        ('{"colour": "red"}', "unknown field `colour`"),
        ("[]", "Expected `object`, got `array`"),
        ("{", "truncated"),
        ("[" * 100_000, "the body"),
        ('{"put": {"A": "\udc80"}}', "the body"),
    ],
)
async def test_a_body_that_is_off_is_refused_with_the_place(door: Door, body: str, words: str):
    await door.deploy()
    data = body.encode("utf-8", "surrogateescape")
    answer = await door.call("PATCH", f"{DEPLOY}/config", content=data)

    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]


async def test_a_body_that_is_too_large_is_refused(door: Door, monkeypatch):
    monkeypatch.setattr(server, "BODY_LIMIT", 1000)
    await door.deploy()
    answer = await door.call("PATCH", f"{DEPLOY}/config", {"put": {"A": "x" * 2000}})

    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == "the body is larger than 1000 bytes"


@pytest.mark.parametrize("query", ["limit=x", "limit=-1", "limit=9" * 9])
async def test_a_number_that_is_none_is_refused(door: Door, query: str):
    await door.deploy()
    answer = await door.call("GET", f"{DEPLOY}/releases?{query}")

    assert answer.status_code == 422


async def test_a_flag_that_is_neither_on_nor_off_is_refused(door: Door):
    answer = await door.upload(query="?provision=perhaps")

    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == "?provision=perhaps: neither true nor false"


@pytest.mark.parametrize("name", ["Shop/deploys/production", "shop/deploys/Pro", "a.b/deploys/x"])
async def test_names_that_cannot_be_hosts_are_refused_before_the_archive_is_read(door: Door, name):
    answer = await door.call("POST", f"/v1/apps/{name}/deploy", content=b"x")

    assert answer.status_code == 422
    assert list(door.world.folder.glob("incoming/*")) == []


async def test_an_archive_that_is_none_leaves_nothing_behind(door: Door):
    answer = await door.call("POST", f"{DEPLOY}/deploy", content=b"this is no archive" * 100)
    end = await door.end_of(answer)

    assert (end["ok"], end["error"]["code"], end["exit"]) == (False, "invalid", 1)
    assert list(door.world.folder.glob("incoming/*")) == []
    assert (await door.get("/v1/apps"))["apps"] == []


async def test_a_header_that_is_off_is_refused(door: Door):
    for text in ("!", "e30", "W10="):
        headers = {"Twelve-Tree": text}
        answer = await door.call("POST", f"{DEPLOY}/deploy", content=b"x", headers=headers)
        assert answer.status_code == 422, text


async def test_an_operation_is_told_while_it_happens_and_again_to_who_asks_later(door: Door):
    answer = await door.upload()
    first = await door.events(answer.json()["operation"])
    again = await door.events(answer.json()["operation"])

    assert first == again
    steps = [event["step"] for event in first]
    assert [s for s in ("build", "start", "switch", "end") if s in steps] == [
        *("build", "start", "switch", "end")
    ]
    assert all(event["at"] >= 0 for event in first)
    tail = await door.call("GET", f"/v1/operations/{answer.json()['operation']}/events?from=2")
    assert [json.loads(line) for line in tail.text.splitlines()] == first[2:]


async def test_an_operation_that_fails_says_so_in_its_last_event(door: Door):
    door.world.engine.fail("start", "*", ReleaseFailed("it died", "mend it", problems=("line",)))
    end = await door.end_of(await door.upload())

    assert (end["ok"], end["exit"]) == (False, 1)
    assert end["error"] == {
        "code": "release-failed",
        "message": "it died",
        "hint": "mend it",
        "problems": ["line"],
        "exit": 1,
    }


async def test_our_own_faults_are_told_without_values(door: Door):
    door.world.engine.fail("start", "*", ValueError("canary"))
    end = await door.end_of(await door.upload())

    assert (end["error"]["code"], end["exit"]) == ("bug", 70)
    assert "canary" not in json.dumps(end)


async def test_before_the_switch_an_operation_can_be_taken_back(door: Door):
    await door.deploy()
    hold = door.world.engine.hold("start", "*@v2")
    answer = await door.upload(NEXT)
    await hold.reached.wait()
    cancelled = await door.call("POST", f"/v1/operations/{answer.json()['operation']}/cancel")
    hold.go.set()
    end = await door.end_of(answer)

    assert cancelled.json() == {"cancelled": True}
    assert (end["error"]["code"], end["exit"]) == ("cancelled", 130)
    await door.world.whole()


@pytest.mark.parametrize("act", [("switch", "*"), ("start", "*/worker.1@v2")])
async def test_from_the_switch_on_an_operation_is_left_alone(door: Door, act):
    files = {**SHOP, "twelve.toml": "[processes.worker]\noverlap = false\n"}
    await door.deploy(files)
    await door.world.quiet()
    hold = door.world.engine.hold(*act)
    answer = await door.upload({**files, "a": "1"})
    await hold.reached.wait()
    cancelled = await door.call("POST", f"/v1/operations/{answer.json()['operation']}/cancel")
    hold.go.set()
    end = await door.end_of(answer)

    assert cancelled.json() == {"cancelled": False}
    assert end["ok"]


async def test_a_listener_that_hangs_up_does_not_end_the_operation(door: Door):
    hold = door.world.engine.hold("start", "*/web.1@v1")
    answer = await door.upload()
    await hold.reached.wait()
    path = f"/v1/operations/{answer.json()['operation']}/events"
    async with door.client.stream("GET", path) as listening:
        assert await anext(listening.aiter_lines())
    hold.go.set()

    assert (await door.end_of(answer))["ok"]


async def test_leaving_takes_back_what_can_be_taken_back_and_ends_listening(door: Door):
    await door.deploy()
    hold = door.world.engine.hold("start", "*@v2")
    answer = await door.upload(NEXT)
    await hold.reached.wait()
    operation = door.rooms.operations.get(answer.json()["operation"])
    async with door.client.stream("GET", f"/v1/operations/{operation.id}/events") as listening:
        lines = listening.aiter_lines()
        assert await anext(lines)
        closing = asyncio.ensure_future(door.rooms.operations.close())
        await door.world.until(lambda: operation.cancelled)
        hold.go.set()
        await closing
        last = [line async for line in lines][-1]

    assert json.loads(last)["error"]["code"] == "cancelled"
    await door.world.whole()


async def test_an_unknown_operation_is_said_to_be(door: Door):
    answer = await door.call("GET", "/v1/operations/op99")

    assert answer.status_code == 404
    assert "control was started anew" in answer.json()["error"]["hint"]


async def test_an_attached_resource_is_not_destroyed(door: Door):
    await door.deploy()
    made = await door.done("POST", f"{DEPLOY}/resources", {"kind": "postgres"})
    answer = await door.call("DELETE", f"/v1/resources/{made['resource']}")

    assert answer.status_code == 409
    assert "attached to shop/production" in answer.json()["error"]["message"]


async def test_lines_are_followed_until_control_leaves(door: Door):
    await door.deploy()
    path = f"{DEPLOY}/logs?follow=true&json=true"
    async with door.client.stream("GET", path) as answer:
        lines = answer.aiter_lines()
        first = json.loads(await anext(lines))
        assert first["process"] == "twelve"
        door.rooms.ending.set()
        async for _ in lines:
            pass


async def test_an_app_without_a_deploy_can_be_made_and_configured(door: Door):
    made = await door.call("POST", "/v1/apps", {"name": "shop"})
    result = await door.done("PATCH", f"{DEPLOY}/config", {"put": {"A": "1"}})

    assert made.json()["deploys"][0]["release"] is None
    assert result["release"] is None


async def test_ended_operations_go_when_newer_ones_need_their_room(door: Door, monkeypatch):
    monkeypatch.setattr(progress, "ROOM", 3000)
    operations = door.rooms.operations

    async def work(tell: Tell) -> None:
        tell("build", "x" * 900)

    begun = [operations.begin("deploy", "shop/production", "somebody", work) for _ in range(5)]
    for each in begun:
        assert [json.loads(line)["step"] async for line in each.listen()] == ["build", "end"]
    kept = [each for each in begun if each.id in operations.all]

    assert kept == begun[-2:]
    with pytest.raises(NotFound):
        operations.get(begun[0].id)


async def test_the_last_operation_can_be_asked_about_however_much_it_said(door: Door):
    async def work(tell: Tell) -> None:
        tell("build", "x" * 2 * progress.ROOM)

    one = door.rooms.operations.begin("deploy", "shop/production", "somebody", work)
    assert one.task
    await one.task

    told = await door.get(f"/v1/operations/{one.id}")
    assert [event["step"] for event in told["events"]] == ["build", "end"]
