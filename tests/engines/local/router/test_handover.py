"""One life of Envoy takes over from another, and no connection is lost."""

import asyncio
import signal

import pytest

from twelve.engines.local.router.envoy import epoch_of

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
    old = await asyncio.to_thread(start_router, tmp_path, handover=2)
    await old.router.ready()
    await old.router.apply(table(first))
    stop = asyncio.Event()
    jobs = [
        asyncio.create_task(old.client.load(tally, 100, stop)),
        asyncio.create_task(reconnecting(old.client, tally, stop)),
    ]
    for _ in range(2):
        await asyncio.sleep(0.3)
        new = await asyncio.to_thread(old.next_life().start)
        await new.router.ready()
        # As the supervisor does: a stop with a signal that Envoy ignores, and a long grace.
        old.process.send_signal(signal.SIGUSR1)
        await new.router.apply(table(second, release=f"v{new.router.epoch}"))
        assert await asyncio.to_thread(old.process.wait, 20) == 0
        old = new
    stop.set()
    await asyncio.gather(*jobs)
    assert tally.failed == []
    assert tally.names == {"first", "second"}
    assert (old.router.epoch, old.router.name) == (2, "twelve/router.2@-")
    assert sum(tally.sent.values()) > 300
    old.client.close()

    # A later life that crashes has no parent, and starts all the same.
    old.process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(old.process.wait, 20)
    await asyncio.to_thread(old.start)
    await old.router.ready()
    assert (await old.client.ask()).facts["name"] == "second"
    old.client.close()
    old.end()
    old.router.clean_up()
    assert not old.router.place.shared_memory.exists()


def test_the_life_is_told_by_the_name():
    assert epoch_of("twelve/router@-") == 0
    assert epoch_of("twelve/router.12@-") == 12
