"""The board: what is known of processes, and who was told."""

import asyncio

import pytest

from twelve.engines.local.board import ENDS, Board

pytestmark = pytest.mark.anyio

EXITED = {"event": "exited", "code": 0, "signal": None, "at_ns": 1}


async def test_all_that_has_happened_is_noted_when_the_slowest_has_done_with_it():
    board, done = Board(), []
    go_on = asyncio.Event()

    async def follow() -> None:
        async for what in board.happenings():
            await go_on.wait()
            done.append(what.name)

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    for name in ("a", "b"):
        board.take({**EXITED, "name": name})
    noted = asyncio.create_task(board.noted(60))
    await asyncio.sleep(0)
    assert not noted.done()
    go_on.set()
    await noted

    assert done == ["a", "b"]
    following.cancel()


async def test_who_never_takes_note_is_not_waited_for_without_end():
    board = Board()
    happenings = board.happenings()
    first = asyncio.create_task(anext(happenings))
    await asyncio.sleep(0)
    board.take({**EXITED, "name": "a"})
    await first

    await board.noted(0.01)

    assert len(board.listeners) == 1
    await happenings.aclose()
    assert not board.listeners


def test_ends_that_nobody_asks_about_are_not_kept_for_ever():
    board = Board()
    for number in range(3 * ENDS):
        name = f"shop/production/web.1@v{number}"
        for kind, more in (
            ("started", {"at_ns": 1, "restarts": 0}),
            ("exited", {"code": 0}),
            ("gone", {}),
        ):
            board.take({"event": kind, "name": name, **more})

    assert len(board.ends) == ENDS
    assert f"shop/production/web.1@v{3 * ENDS - 1}" in board.ends
