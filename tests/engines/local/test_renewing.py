"""Parts of another version are replaced as they serve, also by a control that finds half done."""

import asyncio
import socket

import pytest
from tests.engines.local.test_engine import folder, kit  # noqa: F401 -- fixtures

from twelve.engines.local import renewing
from twelve.engines.local.renewing import differs, lives_of, rows_of
from twelve.engines.local.router.launch import is_life

pytestmark = [pytest.mark.live, pytest.mark.anyio]


@pytest.fixture
def parts(kit):  # noqa: F811
    return kit.engine.parts


async def alone(parts):
    """Wait until one life of the router is left; its name."""
    assert await parts.board.until(lambda: len(list(filter(is_life, parts.board.seen))) == 1, 30)
    [name] = filter(is_life, parts.board.seen)
    return name


async def test_what_is_of_this_version_runs_on(parts):
    before = await rows_of(parts.supervisor)
    await parts.start_all()
    await parts.renew()
    after = await rows_of(parts.supervisor)
    assert {name: row["pid"] for name, row in after.items()} == {
        name: row["pid"] for name, row in before.items()
    }


async def test_a_router_of_another_version_is_taken_over_from(parts):
    first = parts.router.name
    parts.router.options = parts.router.options._replace(connections=19_999)
    # Until then it goes on as it is, and so does its listener.
    await parts.start_all()
    assert differs(await rows_of(parts.supervisor), parts.router.words())
    await parts.renew()
    assert parts.router.name != first
    assert parts.is_former(first)
    assert await alone(parts) == parts.router.name
    assert not differs(await rows_of(parts.supervisor), parts.router.words())


async def test_a_hand_over_that_a_death_of_control_has_cut_off_is_completed(parts):
    former = parts.router.name
    await parts.router.hand_over(parts.launch)
    assert len(lives_of(await rows_of(parts.supervisor))) == 2
    # What the next control does: it knows nothing, and finds the newest.
    parts.router.epoch = 0
    await parts.start_all()
    await parts.renew()
    assert parts.router.name != former
    assert await alone(parts) == parts.router.name
    await parts.router.ready()


async def test_a_next_router_that_cannot_start_leaves_the_present_one(parts, monkeypatch, caplog):
    monkeypatch.setattr(renewing, "TAKE_OVER", 1.0)
    present, options = parts.router.name, parts.router.options
    parts.router.options = options._replace(program="/bin/false")
    await parts.renew()
    assert f"{present} goes on" in caplog.text
    assert await alone(parts) == parts.router.name == present
    parts.router.options = options
    assert (await parts.router.admin.ask("/ready")).status == 200


async def test_a_next_router_that_cannot_listen_costs_a_restart_and_no_more(parts, caplog):
    present, options = parts.router.name, parts.router.options
    with socket.create_server(("127.0.0.1", 0)) as taken:
        parts.router.options = options._replace(port=taken.getsockname()[1])
        await parts.renew()
    assert "it is taken or forbidden" in caplog.text
    parts.router.options = options
    assert await alone(parts) == parts.router.name == present
    await parts.router.ready()
    _, writer = await asyncio.open_connection("127.0.0.1", options.port)
    writer.close()


async def test_a_part_is_replaced_under_its_name_and_a_deaf_one_by_force(parts):
    launch = {
        "name": "twelve/other@-",
        "argv": ["sh", "-c", "trap '' TERM; echo one; while :; do sleep 0.1; done"],
        "env": {"PATH": "/usr/bin:/bin"},
        "cwd": "/",
        "logs": {"dir": "logs/twelve/platform/other@-", "budget": 1 << 20, "age": 60.0},
        "restart": {"mode": "always"},
        "grace": 0.2,
    }
    log = parts.machine.home / "logs/twelve/platform/other@-/stdout"

    async def said(text):
        async with asyncio.timeout(20):
            # Another process prints, a third one writes it down.
            while "".join(path.read_text() for path in log.glob("*.log")) != text:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    await parts.renew_part(launch)
    await said("one\n")
    first = (await rows_of(parts.supervisor))[launch["name"]]
    await parts.renew_part(launch)
    assert (await rows_of(parts.supervisor))[launch["name"]]["pid"] == first["pid"]

    launch["argv"] = ["sh", "-c", "echo two; exec sleep 1000"]
    await parts.renew_part(launch)

    def again():
        seen = parts.board.seen[launch["name"]]
        return seen.restarts == 1 and seen.pid is not None

    assert await parts.board.until(again, 20)
    assert parts.board.seen[launch["name"]].last_exit.signal == "SIGKILL"
    await said("one\ntwo\n")
    await parts.stop_part(launch["name"])
