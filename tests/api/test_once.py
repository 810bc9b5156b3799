"""A call under a key is made once: repeated, it gets the answer of the first."""

import asyncio

import pytest
from tests.api.worlds import DEPLOY, Door

from twelve.store import calls

pytestmark = pytest.mark.anyio

KEY = {"Idempotency-Key": "7f9c2ba4-e88f"}


async def test_a_repeated_call_gets_the_answer_of_the_first_and_does_nothing(door: Door):
    await door.deploy()
    first = await door.call("PATCH", f"{DEPLOY}/config", {"put": {"A": "1"}}, headers=KEY)
    await door.end_of(first)
    second = await door.call("PATCH", f"{DEPLOY}/config", {"put": {"A": "1"}}, headers=KEY)

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json() == first.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len((await door.get(f"{DEPLOY}/releases"))["releases"]) == 2


async def test_calls_without_a_key_are_made_each(door: Door):
    await door.deploy()
    for _ in range(2):
        await door.done("POST", f"{DEPLOY}/restart", {})

    assert len((await door.get(f"{DEPLOY}/releases"))["releases"]) == 3


async def test_a_key_stands_for_one_call(door: Door):
    await door.call("POST", "/v1/apps", {"name": "tiny"}, headers=KEY)
    other = await door.call("POST", "/v1/apps", {"name": "other"}, headers=KEY)

    assert other.status_code == 422
    assert "another call was made under it" in other.json()["error"]["message"]
    assert [app["name"] for app in (await door.get("/v1/apps"))["apps"]] == ["tiny"]


async def test_a_refused_call_leaves_its_key_free(door: Door):
    refused = await door.call("POST", f"{DEPLOY}/scale", {"formation": ["web=2"]}, headers=KEY)
    await door.deploy()
    taken = await door.call("POST", f"{DEPLOY}/scale", {"formation": ["web=2"]}, headers=KEY)

    assert (refused.status_code, taken.status_code) == (404, 202)
    await door.end_of(taken)


async def test_a_call_under_way_is_not_made_beside_itself(door: Door):
    await door.deploy()
    answers = await asyncio.gather(
        *(door.call("POST", f"{DEPLOY}/restart", {}, headers=KEY) for _ in range(5))
    )

    assert {answer.status_code for answer in answers} <= {202, 409}
    [operation] = {a.json()["operation"] for a in answers if a.status_code == 202}
    assert (await door.events(operation))[-1]["ok"]
    assert len((await door.get(f"{DEPLOY}/releases"))["releases"]) == 2


async def test_a_call_that_its_control_died_over_is_told_as_that(door: Door):
    answer = await door.call("POST", "/v1/apps", {"name": "tiny"}, headers=KEY)
    assert answer.status_code == 201
    door.world.store.do("UPDATE calls SET status = NULL, answer = NULL, life = 'former'")
    again = await door.call("POST", "/v1/apps", {"name": "tiny"}, headers=KEY)

    assert again.status_code == 409
    assert "the control plane ended over that call" in again.json()["error"]["message"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
async def test_a_key_that_is_none_is_refused(door: Door, key: str):
    answer = await door.call("POST", "/v1/apps", {"name": "a"}, headers={"Idempotency-Key": key})

    assert answer.status_code == 422
    assert "1 to 255 visible" in answer.json()["error"]["message"]


async def test_a_key_is_forgotten_after_a_day(door: Door):
    store = door.world.store
    first = calls.take(store, "ann", "k", fingerprint="f", life="l", now_ns=1)
    held = calls.take(store, "ann", "k", fingerprint="f", life="l", now_ns=calls.KEPT)
    later = calls.take(store, "ann", "k", fingerprint="g", life="l", now_ns=calls.KEPT + 2)

    assert first is None
    assert held is not None
    assert later is None
