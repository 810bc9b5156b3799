"""Why processes died: each life's last words are its own."""

import pytest
from tests.api.worlds import DEPLOY, Door

from twelve.factors.logs.line import Line
from twelve.store import exits
from twelve.store.exits import Ended

pytestmark = pytest.mark.anyio

MS = 1_000_000


def ended(at_ns: int, uptime: float) -> Ended:
    return Ended(
        "web.1", "v1", at_ns, uptime, code=7, signal=None, oom=False, memory=None, error="",
        asked=False, again=0.0,
    )  # fmt: skip


async def test_what_the_next_life_says_at_once_is_not_told_of_the_one_before(door: Door):
    await door.deploy()
    [seen] = [p for n, p in (await door.world.engine.observe()).items() if "/web.1@" in n]
    died_last = seen.started_ns - 10 * MS
    died_first = died_last - 30 * MS
    exits.add(door.world.store, door.world.shop, ended(died_first, 5.0))
    exits.add(door.world.store, door.world.shop, ended(died_last, 0.02))
    spoken = [
        (died_first - MS, b"first life"),
        (died_first + 5 * MS, b"its last words, read late"),
        (died_first + 15 * MS, b"second life"),
        (died_last + MS, b"its last words"),
        (seen.started_ns + MS, b"third life"),
    ]
    for number, (ns, data) in enumerate(spoken):
        line = Line(ns, number, "web.1", "v1", "stdout", data, 0)
        door.world.engine.stream.append(("shop", "production", line))

    rows = (await door.get(f"{DEPLOY}/exits?process=web.1"))["exits"]

    assert [row["lines"] for row in rows] == [
        ["second life", "its last words"],
        ["first life", "its last words, read late"],
    ]
