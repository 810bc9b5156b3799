"""Listings come in pages, and together the pages are the listing."""

import pytest
from tests.api.worlds import DEPLOY, Door

from twelve.api.paging import AT_ONCE, MOST

pytestmark = pytest.mark.anyio


async def pages(door: Door, path: str, what: str, limit: int):
    found, after = [], ""
    while True:
        page = await door.get(f"{path}?limit={limit}&after={after}")
        assert len(page[what]) <= limit
        found.append(page[what])
        after = page["next"]
        if after is None:
            return found


async def test_apps_come_in_pages_by_name(door: Door):
    for name in ("c", "a", "e", "b", "d"):
        await door.call("POST", "/v1/apps", {"name": name})
    found = await pages(door, "/v1/apps", "apps", 2)

    assert [[app["name"] for app in page] for page in found] == [["a", "b"], ["c", "d"], ["e"]]


async def test_releases_come_in_pages_newest_first(door: Door):
    await door.deploy()
    for _ in range(3):
        await door.done("POST", f"{DEPLOY}/restart", {})
    found = await pages(door, f"{DEPLOY}/releases", "releases", 3)

    assert [[row["release"] for row in page] for page in found] == [["v4", "v3", "v2"], ["v1"]]


async def test_what_comes_meanwhile_moves_no_row(door: Door):
    await door.deploy()
    for _ in range(3):
        await door.done("POST", f"{DEPLOY}/restart", {})
    first = await door.get(f"{DEPLOY}/releases?limit=2")
    await door.done("POST", f"{DEPLOY}/restart", {})
    second = await door.get(f"{DEPLOY}/releases?limit=2&after={first['next']}")

    assert [row["release"] for row in first["releases"] + second["releases"]] == [
        "v4",
        "v3",
        "v2",
        "v1",
    ]
    assert second["next"] is None


async def test_runs_and_versions_come_in_pages(door: Door):
    await door.deploy()
    for number in range(3):
        await door.done("PATCH", f"{DEPLOY}/config", {"put": {"A": str(number)}})
        await door.call("POST", f"{DEPLOY}/runs", {"command": ["true", str(number)]})
    runs = await pages(door, f"{DEPLOY}/runs", "runs", 2)
    versions = await pages(door, f"{DEPLOY}/config/history", "versions", 1)

    assert [run["command"][1] for page in runs for run in page] == ["2", "1", "0"]
    assert [row["version"] for page in versions for row in page] == [3, 2, 1]


@pytest.mark.parametrize(
    ("asked", "given"), [("", AT_ONCE), ("limit=9999", MOST), ("limit=0", AT_ONCE)]
)
async def test_a_page_has_its_bounds(door: Door, asked: str, given: int):
    store = door.world.store
    with store.writing():
        for number in range(MOST + 1):
            store.insert("apps", {"name": f"a{number:04}", "created_ns": 1})
    page = await door.get(f"/v1/apps?{asked}")

    assert len(page["apps"]) == given
    assert page["next"] == page["apps"][-1]["name"]


async def test_a_word_that_no_page_gave_is_refused(door: Door):
    await door.deploy()
    answer = await door.call("GET", f"{DEPLOY}/releases?after=x")

    assert answer.status_code == 422
    assert "not the `next` of a page" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limt=1", "?limt: there is no such parameter"),
        ("limit=1&limit=2", "?limit is given 2 times"),
        ("limit=٣", "?limit=٣: not a whole number"),
    ],
)
async def test_a_parameter_that_is_none_is_refused(door: Door, query: str, words: str):
    await door.deploy()
    answer = await door.call("GET", f"{DEPLOY}/releases?{query}")

    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == words
    assert answer.json()["error"]["hint"]
