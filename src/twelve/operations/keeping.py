"""Keeping: what befalls processes becomes events of the stream, and losses are made good."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from twelve.engines.contract import UNSEEN, Happened, limit_of
from twelve.errors import TwelveError
from twelve.factors.processes.instance import PLATFORM, RUN_ONCE, Instance, parse_instance
from twelve.operations.house import KEEPER, House
from twelve.operations.settle import settle
from twelve.operations.wanted import instances_of
from twelve.store import apps, exits, releases
from twelve.store.apps import Deploy
from twelve.store.exits import Ended

FIRST_PAUSE, LAST_PAUSE = 0.5, 60.0
"""Seconds between two tries to settle a deploy that cannot be settled yet."""

UNREAD = "what it printed last may be lost, for all who held its pipe died with it"
"""The mark in a stream where bytes may be missing that nobody could count."""

log = logging.getLogger("twelve.keeping")


async def keep_settled(house: House) -> None:
    """For as long as control lives."""
    async for what in house.engine.happenings():
        try:
            await take_note(house, what)
        except Exception:
            log.exception("%s of %s", what.kind, what.name)


async def take_note(house: House, what: Happened) -> None:
    """Tell it, and make it good when it is a loss."""
    instance = parse_instance(what.name)
    if instance.type in RUN_ONCE or instance.app == PLATFORM:
        return
    if what.kind == "exited" and not recorded(house, instance, what):
        return
    known = apps.find_deploy(house.store, instance.app, instance.deploy)
    if known and (words := sentence(what)):
        label = f"{instance.process}@{instance.tag}"
        await house.engine.note(instance.app, instance.deploy, f"{label} {words}")
    if what.kind == "gone" and (deploy := missed(house, instance)):
        house.under_way.go_on(make_good(house, deploy))


def sentence(what: Happened) -> str:
    """What happened, in words."""
    detail = what.detail
    if what.kind == "started":
        again = f", restart {detail['restarts']}" if detail.get("restarts") else ""
        return f"started{again} (pid {detail.get('app_pid')})"
    if what.kind == "exited":
        limit = limit_of(detail.get("memory"))
        memory = f", out of memory{limit}" if detail.get("oom") else ""
        again = next_start(detail.get("again"))
        lost = f"; {UNREAD}" if detail.get("unread") else ""
        uptime = f"{detail.get('uptime', 0):.1f} s"
        return f"exited: {how_of(detail)}{memory} after {uptime}{again}{lost}"
    return ""


def how_of(detail: Mapping[str, Any]) -> str:
    """By which code or signal, and what kept it from starting; or that nobody was there to see."""
    code, signal, error = (detail.get(key) for key in ("code", "signal", "error"))
    if code is None and not signal:
        return f"{error or UNSEEN}, at most"
    return (signal or f"code {code}") + (f", {error}" if error else "")


def next_start(again: float | None) -> str:
    """When it is started again, for the end of a sentence; nothing when it is to rest."""
    if again is None:
        return ""
    return f"; next start in {again:.1f} s" if again else "; next start at once"


def recorded(house: House, instance: Instance, what: Happened) -> bool:
    """Record an exit; False when that was done before."""
    deploy = apps.find_deploy(house.store, instance.app, instance.deploy)
    detail = what.detail
    if deploy is None:
        return True
    return exits.add(
        house.store,
        deploy,
        Ended(
            process=instance.process,
            release=instance.tag,
            at_ns=int(detail.get("at_ns") or house.now()),
            uptime=float(detail.get("uptime", 0.0)),
            code=detail.get("code"),
            signal=detail.get("signal"),
            oom=bool(detail.get("oom")),
            memory=detail.get("memory"),
            error=str(detail.get("error", "")),
            asked=bool(detail.get("asked")),
            again=detail.get("again"),
        ),
    )


async def catch_up(house: House) -> None:
    """Exits while control was away, or while a supervisor died, are events like all others."""
    try:
        for what in await house.engine.past():
            if what.kind == "exited":
                await take_note(house, what)
    except TwelveError as error:
        log.warning("what happened meanwhile is not known: %s", error)


def missed(house: House, instance: Instance) -> Deploy | None:
    """The deploy whose current release names this process."""
    deploy = apps.find_deploy(house.store, instance.app, instance.deploy)
    release = releases.current(house.store, deploy) if deploy else None
    if deploy is None or release is None:
        return None
    return deploy if instance.name in {i.name for i in instances_of(deploy, release)} else None


async def make_good(house: House, deploy: Deploy) -> None:
    """Settle a deploy once nobody else holds it, and again until that succeeds.

    One that rests, or that an attempt has changed meanwhile, is settled as it is then.
    """
    due = house.under_way.due
    if deploy.id in due:
        return
    pause = FIRST_PAUSE
    due.add(deploy.id)
    try:
        while True:
            async with house.under_way.alone(deploy, KEEPER):
                # What happens from here on needs a look of its own.
                due.discard(deploy.id)
                if await settled(house, deploy):
                    return
                due.add(deploy.id)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LAST_PAUSE)
    finally:
        due.discard(deploy.id)


async def settled(house: House, deploy: Deploy) -> bool:
    """Whether settling it was possible, or there is nothing to settle any more."""
    if apps.find_deploy(house.store, deploy.app, deploy.name) is None:
        return True
    try:
        await settle(house, deploy)
    except (OSError, TwelveError) as error:
        log.warning("%s could not be settled: %s", deploy.label, error)
        await house.engine.note(deploy.app, deploy.name, f"could not be settled: {error}")
        return False
    return True
