"""Renewing: parts of another version are replaced, and nobody who is served by them notices."""

import logging
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from twelve.engines.local.router.envoy import LEAVE, Router
from twelve.engines.local.router.launch import epoch_of, is_life
from twelve.engines.local.supervisor import launches, making
from twelve.engines.local.supervisor_client import Supervisor, ensure_supervisor
from twelve.errors import TwelveError

Rows = Mapping[str, Mapping[str, Any]]
"""The supervisor's list, by name."""

RUNS = frozenset({"starting", "up", "adopted", "backoff", "early"})
TAKE_OVER = 30.0
"""Seconds for the next router to be ready: the present one serves meanwhile."""

log = logging.getLogger("twelve.parts")


class Parts(Protocol):
    """What renewing needs of the parts."""

    router: Router
    supervisor: Supervisor

    async def launch(self, launch: dict[str, Any]) -> int:
        """Start a process."""

    async def stop_part(self, name: str, seconds: float = 10.0) -> None:
        """End a part and wait until it is gone."""


async def current_supervisor(run: Any, home: Any) -> Supervisor:
    """The supervisor of a home, started when none answers.

    One that runs another version runs its program anew: its children stay. Raises Unreachable.
    """
    supervisor = await ensure_supervisor(run, home)
    made = (await supervisor.hello()).get("made")
    # One that was started in haste says nothing: it runs its program anew without being told.
    if made in {"", making.of_supervisor()}:
        return supervisor
    log.info("the supervisor runs its program anew: it was of another version")
    await supervisor.reexec(sys.executable)
    return await ensure_supervisor(run, home)


async def rows_of(supervisor: Supervisor) -> Rows:
    """What runs, or is to run again."""
    return {row["name"]: row for row in await supervisor.list() if row["state"] in RUNS}


def differs(rows: Rows, launch: dict[str, Any]) -> bool:
    """Whether what runs under this name was started from other words."""
    row = rows.get(launch["name"])
    return row is not None and row["digest"] != launches.digest(launches.checked(launch))


def lives_of(rows: Rows) -> list[str]:
    """The lives of the router, the newest last."""
    return sorted(filter(is_life, rows), key=epoch_of)


async def renew_router(parts: Parts, *, always: bool = False) -> bool:
    """Have the next life take over when what runs is of another version; whether it did.

    A life that was taken over from, and not told to leave by a control that died, is told now.
    """
    router = parts.router
    rows = await rows_of(parts.supervisor)
    await let_go(parts, lives_of(rows)[:-1])
    if router.name not in rows or not (always or differs(rows, router.words())):
        return False
    following = router.next_life()
    log.info("%s takes over from %s", following.name, router.name)
    try:
        old = await router.hand_over(parts.launch, TAKE_OVER)
    except TwelveError:
        await parts.stop_part(following.name)
        await revive(parts)
        raise
    await let_go(parts, [old])
    router.place.forget_former_programs(router.words()["argv"][0])
    return True


async def revive(parts: Parts) -> None:
    """Start the present life anew if the next one has got so far as to silence it."""
    try:
        await parts.router.ready(1.0)
    except TwelveError:
        log.warning("%s does not answer any more; starting it again", parts.router.name)
        await parts.supervisor.signal(parts.router.name, "SIGTERM")


async def let_go(parts: Parts, lives: list[str]) -> None:
    """They end by themselves, when the connections that they have are over."""
    for name in lives:
        await parts.supervisor.stop(name, grace=parts.router.leaving, signal=LEAVE)
