import asyncio

import pytest

from twelve.engines.local.turns import Turns

pytestmark = pytest.mark.anyio


async def test_no_more_than_there_are_places_at_once():
    turns, now, most = Turns(2, 60), 0, 0

    async def work() -> None:
        nonlocal now, most
        async with turns.turn():
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*(work() for _ in range(9)))

    assert most == 2


async def test_one_that_waits_for_the_next_does_not_wait_in_vain():
    turns, second = Turns(1, 0.01), asyncio.Event()

    async def first() -> None:
        async with turns.turn():
            await second.wait()

    async def next_one() -> None:
        async with turns.turn():
            second.set()

    async with asyncio.timeout(5):
        await asyncio.gather(first(), next_one())


async def test_a_place_is_given_back_once_only():
    turns = Turns(1, 0)
    async with turns.turn():
        await asyncio.sleep(0.01)
    async with turns.turn():
        pass

    assert not turns.free.locked()
    assert turns.free._value == 1


async def test_a_failure_gives_it_back_too():
    turns = Turns(1, 60)
    with pytest.raises(ValueError, match="no"):
        async with turns.turn():
            raise ValueError("no")

    async with asyncio.timeout(5), turns.turn():
        pass
