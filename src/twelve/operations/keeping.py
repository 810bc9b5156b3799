"""Keeping: what befalls processes becomes events of the stream, and losses are made good."""

import contextlib
import logging

from twelve.engines.contract import Happened
from twelve.errors import TwelveError
from twelve.factors.processes.instance import parse_instance
from twelve.operations.house import House
from twelve.operations.settle import ONCE, settle
from twelve.store import apps

log = logging.getLogger("twelve.keeping")


async def keep_settled(house: House) -> None:
    """For as long as control lives."""
    async for what in house.engine.happenings():
        instance = parse_instance(what.name)
        if instance.type in ONCE or instance.app == "twelve":
            continue
        with contextlib.suppress(TwelveError):
            await tell(house, what)
        if what.kind == "gone":
            house.under_way.go_on(make_good(house, instance.app, instance.deploy))


async def tell(house: House, what: Happened) -> None:
    """A line in the deploy's stream."""
    instance = parse_instance(what.name)
    words = sentence(what)
    if words:
        label = f"{instance.process}@{instance.tag}"
        await house.engine.note(instance.app, instance.deploy, f"{label} {words}")


def sentence(what: Happened) -> str:
    """What happened, in words."""
    detail = what.detail
    if what.kind == "started":
        again = f", restart {detail['restarts']}" if detail.get("restarts") else ""
        return f"started{again} (pid {detail.get('app_pid')})"
    if what.kind == "exited":
        how = detail.get("signal") or f"code {detail.get('code')}"
        memory = ", out of memory" if detail.get("oom") else ""
        return f"exited: {how}{memory} after {detail.get('uptime', 0):.1f} s"
    if what.kind == "backoff":
        return f"backs off: next start in {detail.get('delay', 0):.1f} s"
    return ""


async def make_good(house: House, app: str, name: str) -> None:
    """Start again what is wanted and gone, unless an attempt is at work on the deploy."""
    deploy = apps.find_deploy(house.store, app, name)
    if deploy is None or house.under_way.held(deploy):
        return
    try:
        await settle(house, deploy)
    except (TimeoutError, TwelveError):
        log.exception("%s could not be settled", deploy.label)
