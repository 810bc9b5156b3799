"""The typed client: written from the table of the API, and it reaches every call of it."""

import asyncio
import inspect
import re
from pathlib import Path

import pytest
from tests.api.worlds import Door, open_door
from tools.api_client import FOLDER, modules

import twelve.client.calls
from twelve.api.handlers import ROWS
from twelve.client.calls import apps, config, platform, ps, releases
from twelve.client.connection import Client
from twelve.client.wire import Address
from twelve.errors import NotFound
from twelve.settings import load_settings

pytestmark = pytest.mark.anyio


@pytest.fixture
async def door(tmp_path: Path, anyio_backend: str):
    async with open_door(tmp_path / "home") as opened:
        yield opened


def client_of(door: Door) -> Client:
    client = Client(load_settings({"TWELVE_HOME": "/nowhere"}, uid=1000))
    client.address = Address(path=door.socket)
    return client


def test_the_client_is_written_from_the_table():
    made = dict(modules())
    there = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}

    assert there == set(made)
    for noun, text in made.items():
        assert (FOLDER / f"{noun}.py").read_text() == text, "run: python -m tools.api_client"


def test_every_call_has_a_function_that_says_its_types():
    named = {row.handler.__name__ for row in ROWS}
    assert Path(twelve.client.calls.__file__).parent == FOLDER
    found = set()
    for path in FOLDER.glob("*.py"):
        found |= set(re.findall(r"^def (\w+)\(", path.read_text(), re.MULTILINE))

    assert found == named
    signature = inspect.signature(ps.make_scale)
    assert signature.parameters["formation"].annotation == "list[str]"


async def test_a_call_takes_and_gives_what_its_types_say(door: Door):
    await door.deploy()
    client = client_of(door)

    def work():
        accepted = config.change_config(client, "shop", "production", put={"A": "1"}, key="k1")
        again = config.change_config(client, "shop", "production", put={"A": "1"}, key="k1")
        [*_, end] = client.events(accepted["operation"])
        shown = ps.list_processes(client, "shop", "production")
        page = releases.list_releases(client, "shop", "production", limit=1)
        rest = releases.list_releases(client, "shop", "production", after=page["next"] or "")
        return accepted, again, end, shown, page, rest

    accepted, again, end, shown, page, rest = await asyncio.to_thread(work)
    assert accepted == again
    assert end["result"]["release"] == "v2"
    assert {process["type"] for process in shown["processes"]} == {"web", "worker"}
    assert [row["release"] for row in page["releases"] + rest["releases"]] == ["v2", "v1"]


async def test_a_word_of_a_path_is_one_word_whatever_it_holds(door: Door):
    client = client_of(door)
    with pytest.raises(NotFound, match=r"there is no app 'a b\?c#d'"):
        await asyncio.to_thread(apps.show_app, client, "a b?c#d")


async def test_a_listening_may_begin_later(door: Door):
    answer = await door.upload()
    await door.end_of(answer)
    client = client_of(door)

    def work():
        whole = platform.follow_operation(client, answer.json()["operation"])
        count = len(list(whole.lines()))
        late = platform.follow_operation(client, answer.json()["operation"], from_=count - 1)
        return list(late.lines())

    assert len(await asyncio.to_thread(work)) == 1
