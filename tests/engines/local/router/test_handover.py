"""One life of Envoy takes over from another, and no connection is lost."""

import asyncio
import signal

import pytest

from twelve.engines.local.router.launch import epoch_of

pytestmark = [pytest.mark.live, pytest.mark.anyio]


async def reconnecting(client, tally, stop):
    """A new connection for each request, one after the other."""
    while not stop.is_set():
        tally.sent["GET"] += 1
        try:
            raw = await client.raw(
                b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nConnection: close\r\n\r\n"
            )
            if not raw.startswith(b"HTTP/1.1 200"):
                tally.failed.append(repr(raw[:60]))
        except (OSError, TimeoutError) as error:
            tally.failed.append(repr(error))


async def test_nothing_is_lost_when_the_next_life_takes_over(
    start_router, tmp_path, table, first, second, tally
):
    running = await asyncio.to_thread(start_router, tmp_path, handover=2)
    router = running.router
    await router.ready()
    await router.apply(table(first))
    stop = asyncio.Event()
    jobs = [
        asyncio.create_task(running.client.load(tally, 100, stop)),
        asyncio.create_task(reconnecting(running.client, tally, stop)),
    ]
    counting = asyncio.create_task(router.keep_counting())
    for number in (1, 2):
        await until(lambda n=number: sum(tally.sent.values()) > 100 * n)
        old = running.process
        assert await router.hand_over(running.start_launch) != router.name
        # As the supervisor does: a stop with a signal that Envoy ignores, and a long grace.
        old.send_signal(signal.SIGUSR1)
        await router.apply(table(second, release=f"v{number}"))
        assert await asyncio.to_thread(old.wait, 20) == 0
    stop.set()
    await asyncio.gather(*jobs)
    counting.cancel()
    assert tally.failed == []
    assert tally.names == {"first", "second"}
    assert (router.epoch, router.name) == (2, "twelve/router.2@-")
    sent = sum(tally.sent.values())
    assert sent > 300
    # What all lives have answered adds up; only a life's last words may be missing.
    answers = (await router.totals("shop/production/")).answers
    assert sent * 0.8 < answers <= sent
    running.client.close()

    # A later life that crashes has no parent, and starts all the same.
    running.process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(running.process.wait, 20)
    await asyncio.to_thread(running.start)
    await router.ready()
    assert (await running.client.ask()).facts["name"] == "second"
    assert (await router.totals("shop/production/")).answers == answers + 1
    running.client.close()
    running.end()
    router.clean_up()
    assert not router.place.shared_memory.exists()


async def until(true):
    """Wait for what the load brings about."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - another task counts
            await asyncio.sleep(0.01)


def test_the_life_is_told_by_the_name():
    assert epoch_of("twelve/router@-") == 0
    assert epoch_of("twelve/router.12@-") == 12
