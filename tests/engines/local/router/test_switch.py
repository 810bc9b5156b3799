"""The switch from one release to the next, and what lives through it."""

import asyncio
import json
import signal
import time
from types import SimpleNamespace

import pytest
from tests.engines.local.router.conftest import free_port
from websockets.asyncio.client import connect

from twelve.engines.local.router.envoy import Router
from twelve.factors.ports.routes import Table

pytestmark = [pytest.mark.live, pytest.mark.anyio]

RATE = 200


def both(new: Table, old: Table) -> Table:
    return Table(new.routes, new.backends + old.backends)


def sent(tally):
    return sum(tally.sent.values())


async def until(true):
    async with asyncio.timeout(10):
        while not await true():  # noqa: ASYNC110 -- Envoy has no event for it
            await asyncio.sleep(0.01)


async def more(tally, answers):
    """So many answers after those so far."""
    wanted = tally.done + answers
    await until(lambda: asyncio.sleep(0, tally.done >= wanted))


async def executed(app, client_of) -> int:
    client = client_of(app.port)
    try:
        return int((await client.ask("/count")).body)
    finally:
        client.close()


async def test_five_switches_under_load_fail_nothing(router, client, table, apps, tally):
    from_client = type(client)
    stop = asyncio.Event()
    old = apps("r0")
    await router.apply(table(old, release="v100"))
    load = asyncio.create_task(client.load(tally, RATE, stop))
    counted = 0
    for number in range(1, 6):
        new = await asyncio.to_thread(apps, f"r{number}")
        await until(lambda wanted=RATE * number: asyncio.sleep(0, sent(tally) >= wanted))
        former = table(old, release=f"v{99 + number}")
        current = table(new, release=f"v{100 + number}")
        await router.apply(both(current, former))
        assert await router.drained(former.backends[0].cluster, 10)
        counted += await executed(old, from_client)
        await asyncio.to_thread(old.stop)
        await router.apply(current)
        old = new
    stop.set()
    await load
    counted += await executed(old, from_client)
    assert tally.failed == []
    assert tally.names == {f"r{number}" for number in range(6)}
    assert sent(tally) >= 5 * RATE
    assert counted == tally.sent["POST"], "each POST is executed once"


async def test_scaling_is_a_switch_to_another_cluster(router, client, table, first, second, tally):
    stop = asyncio.Event()
    one, two = table(first, release="v1"), table(first, second, release="v1")
    assert one.backends[0].cluster != two.backends[0].cluster
    await router.apply(one)
    load = asyncio.create_task(client.load(tally, RATE, stop))
    for wanted, former in ((two, one), (one, two)):
        await more(tally, 60)
        await router.apply(both(wanted, former))
        assert await router.drained(former.backends[0].cluster, 10)
        await router.apply(wanted)
    stop.set()
    await load
    assert tally.failed == []
    assert tally.names == {"first", "second"}


async def test_a_request_in_flight_ends_where_it_began(router, client, table, first, second):
    old, new = table(first, release="v1"), table(second, release="v2")
    await router.apply(old)
    slow = asyncio.create_task(client.ask("/slow?s=2"))
    await until(lambda: router.active(old.backends[0].cluster))
    await router.apply(both(new, old))
    assert (await client.ask()).facts["name"] == "second"
    assert not await router.drained(old.backends[0].cluster, 0.2)
    assert await router.active(old.backends[0].cluster) == 1
    # Even when its cluster is already gone.
    await router.apply(new)
    answer = await slow
    assert (answer.status, answer.body) == (200, b"first")


async def test_streams_outlive_the_switch(router, client, table, first, second):
    old, new = table(first, release="v1"), table(second, release="v2")
    await router.apply(old)
    cluster = old.backends[0].cluster
    port = client.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /events HTTP/1.1\r\nHost: shop.localhost\r\n\r\n")
    await reader.readuntil(b"data: ")

    async with connect(
        f"ws://shop.localhost:{port}/echo", host="127.0.0.1", port=port, proxy=None
    ) as chat:
        await chat.send("one")
        assert await chat.recv() == "first: one"
        assert await router.active(cluster) == 2
        await router.apply(both(new, old))
        assert not await router.drained(cluster, 1)
        assert await router.active(cluster) == 2
        await router.apply(new)
        await chat.send("two")
        assert await chat.recv() == "first: two"
        for _ in range(10):
            await reader.readuntil(b'data: "first"')
    writer.close()


async def test_applies_at_the_same_time_come_one_after_the_other(
    router, client, table, first, second
):
    wanted = [table(app, release=f"v{n}") for n in range(10) for app in (first, second)]
    await asyncio.gather(*(router.apply(one) for one in wanted))
    assert (await client.ask()).facts["name"] == "second"


async def test_the_same_table_again_is_no_work(router, table, first):
    one = table(first)
    await router.apply(one)
    before = (await router.admin.stats("http.public.rds.main.update_attempt")).popitem()
    await router.apply(one)
    assert (await router.admin.stats("http.public.rds.main.update_attempt")).popitem() == before


async def test_a_process_that_came_back_gets_requests_as_soon_as_the_router_holds_it_for_well(
    router, client, table, apps, tally
):
    stays, dies = apps("stays"), apps("dies")
    await router.apply(table(stays, dies))
    stop = asyncio.Event()
    load = asyncio.create_task(client.load(tally, RATE, stop))
    await more(tally, 60)
    await asyncio.to_thread(dies.stop, signal.SIGKILL)
    await until(lambda: ejected(router, dies.port))
    await asyncio.to_thread(lambda: apps("again", port=dies.port))
    await until(lambda: is_well(router, dies.port))
    await more(tally, RATE // 3)
    stop.set()
    await load
    # Envoy's own default gives what it has learned to its threads at the end of a second.
    assert "again" in tally.names


async def ejected(router, port):
    answer = await router.admin.ask("/clusters?format=json")
    return any(
        host["health_status"].get("failed_outlier_check")
        for cluster in json.loads(answer.body)["cluster_statuses"]
        for host in cluster.get("host_statuses", ())
        if host["address"]["socket_address"]["port_value"] == port
    )


async def is_well(router, port):
    return not await ejected(router, port)


async def test_a_killed_process_costs_no_get_and_doubles_no_post(
    router, client, table, apps, tally
):
    from_client = type(client)
    stays, dies = apps("stays"), apps("dies")
    await router.apply(table(stays, dies))
    stop = asyncio.Event()
    load = asyncio.create_task(client.load(tally, RATE, stop))
    await more(tally, 100)
    done = tally.done
    await asyncio.to_thread(dies.stop, signal.SIGKILL)
    under_way = sent(tally) - done
    await more(tally, 200)
    again = await asyncio.to_thread(lambda: apps("again", port=dies.port))
    await until(lambda: asyncio.sleep(0, "again" in tally.names))
    stop.set()
    await load
    assert [failure for failure in tally.failed if failure.startswith("GET")] == []
    assert len(tally.failed) <= under_way, tally.failed
    assert "again" in tally.names
    done = await executed(stays, from_client) + await executed(again, from_client)
    assert done <= tally.sent["POST"]


async def test_the_one_that_lives_is_found_though_the_dead_have_less_to_do(
    router, client, table, first
):
    # The fewest requests are under way where nobody is: the balancer likes to go there again.
    dead = [SimpleNamespace(port=free_port()) for _ in range(3)]
    await router.apply(table(first, *dead))
    async with asyncio.TaskGroup() as group:
        held = [group.create_task(client.ask("/slow?s=3")) for _ in range(10)]
        asked = [
            group.create_task(client.ask("/load", method))
            for _ in range(100)
            for method in ("GET", "POST")
        ]
    assert {task.result().status for task in (*held, *asked)} == {200}


async def test_a_killed_router_is_back_with_the_same_files(fresh, table, first):
    await asyncio.to_thread(fresh.start)
    await fresh.router.ready()
    await fresh.router.apply(table(first))
    assert (await fresh.client.ask()).status == 200
    fresh.client.close()
    fresh.client.pool.clear()
    killed = time.monotonic()
    await asyncio.to_thread(fresh.end, signal.SIGKILL)
    await asyncio.to_thread(fresh.start)
    while True:
        try:
            answer = await fresh.client.ask()
            break
        except OSError:
            await asyncio.sleep(0.005)
    took = time.monotonic() - killed
    assert answer.facts["name"] == "first"
    assert took < 2, "the bar is 0.5 s on a quiet machine"
    await fresh.router.apply(table())
    assert (await fresh.client.ask()).status == 503


async def test_counters_go_on_when_the_router_is_killed_and_control_too(fresh, table, first, tally):
    await asyncio.to_thread(fresh.start)
    router = fresh.router
    await router.ready()
    await router.apply(table(first))
    answered, failed, seen = 0, 0, [0]
    for _ in range(3):
        for _ in range(20):
            assert (await fresh.client.ask("/load")).status == 200
        assert (await fresh.client.ask("/slow?s=x")).status == 500
        answered, failed = answered + 21, failed + 1
        totals = await router.totals("shop/production/")
        assert (totals.answers, totals.failures_5xx) == (answered, failed)
        work = await router.at_work()
        assert (work[first.port].answered, work[first.port].failed) == (answered, failed)
        fresh.client.close()
        fresh.client.pool.clear()
        await asyncio.to_thread(fresh.end, signal.SIGKILL)
        # While it is dead they are told as well, also by the next control.
        router.counters.save(now=True)
        router = fresh.router = Router(router.place, router.options)
        assert (await router.totals("shop/production/")).answers == answered
        await asyncio.to_thread(fresh.start)
        await router.ready()
    # Killed under load, what is told never goes back, and never is more than was asked.
    stop = asyncio.Event()
    load = asyncio.create_task(fresh.client.load(tally, 100, stop))
    counting = asyncio.create_task(router.keep_counting())
    for _ in range(2):
        goal = tally.done + 60
        while tally.done < goal:
            seen.append((await router.totals("shop/production/")).answers)
        await asyncio.to_thread(fresh.end, signal.SIGKILL)
        await asyncio.to_thread(fresh.start)
        await router.ready()
    stop.set()
    await load
    counting.cancel()
    seen.append((await router.totals("shop/production/")).answers)
    good = sum(tally.sent.values()) - len(tally.failed)
    assert seen == sorted(seen)
    assert answered + good * 0.9 <= seen[-1] <= answered + sum(tally.sent.values())


async def test_a_router_killed_in_the_middle_of_an_apply_takes_the_new_table(
    fresh, table, first, second
):
    await asyncio.to_thread(fresh.start)
    await fresh.router.ready()
    await fresh.router.apply(table(first))
    fresh.process.send_signal(signal.SIGSTOP)
    applying = asyncio.create_task(fresh.router.apply(table(second, release="v2")))
    await asyncio.sleep(0.2)
    await asyncio.to_thread(fresh.end, signal.SIGKILL)
    await asyncio.to_thread(fresh.start)
    await applying
    assert (await fresh.client.ask()).facts["name"] == "second"


async def test_nothing_is_left_of_a_router_that_has_ended(fresh):
    await asyncio.to_thread(fresh.start)
    await fresh.router.ready()
    place = fresh.router.place
    assert place.shared_memory.exists()
    await asyncio.to_thread(fresh.end)
    fresh.router.clean_up()
    assert not place.shared_memory.exists()
    assert list(place.sockets.iterdir()) == []


async def test_a_start_with_a_table_begins_with_it(fresh, table, first):
    await asyncio.to_thread(fresh.start, table(first))
    await fresh.router.ready()
    assert (await fresh.client.ask()).facts["name"] == "first"
    assert json.loads(fresh.router.place.bootstrap(0).read_text())["admin"]
