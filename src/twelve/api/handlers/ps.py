"""Processes: listing, scale, restart, stop."""

from collections.abc import Iterator
from typing import Any

from twelve.api import shapes, views
from twelve.api.bodies import Formation, Which
from twelve.api.call import Accepted, Call, Row
from twelve.api.paging import PAGE, cut
from twelve.api.query import Parameter, flag
from twelve.api.results import told
from twelve.engines.contract import Seen
from twelve.operations.house import House
from twelve.operations.restart import restart, stop
from twelve.operations.scale import scale
from twelve.store import apps, exits, leases
from twelve.store.apps import Deploy
from twelve.store.exits import Ended

DEPLOY = "/v1/apps/{app}/deploys/{deploy}"


async def list_all(call: Call) -> Any:
    """The processes of every deploy."""
    return {"deploys": await shown(call, apps.deploys(call.house.store))}


async def list_processes(call: Call) -> Any:
    """The processes of one deploy."""
    return (await shown(call, [call.deploy()]))[0]


async def shown(call: Call, nouns: list[Deploy]) -> list[dict[str, Any]]:
    """Deploys with their processes."""
    seen: dict[str, dict[str, Seen]] = {}
    for name, one in (await call.house.engine.observe()).items():
        seen.setdefault(name.rpartition("/")[0], {})[name] = one
    ports = leases.ports(call.house.store)
    return [
        views.deploy(call.house, noun)
        | {
            "tier": call.house.tier,
            "types": views.types(call.house, noun),
            "processes": views.processes(call.house, noun, seen.get(noun.label, {}), ports),
            "schedules": views.schedules(call.house, noun),
        }
        for noun in nouns
    ]


async def list_exits(call: Call) -> Any:
    """How processes ended, newest first, each with what it said last."""
    noun, house = call.deploy(), call.house
    which, asked = call.word("process"), call.flag("asked")
    every = exits.ls(house.store, noun)
    rows = [
        row
        for row in every
        if (asked or not row.asked) and which in ("", row.process, row.process.split(".")[0])
    ]
    page, following = cut(call, rows, exits.place, newest_first=True)
    starts = await _starts(house, noun, every)
    told = [
        await views.ended(house, noun, row, min(_after(row, starts), default=None)) for row in page
    ]
    return {"exits": told, "next": following}


async def _starts(house: House, noun: Deploy, rows: list[Ended]) -> list[tuple[str, int]]:
    """When each known life of these processes began, those that live included."""
    known = [(f"{row.process}@{row.release}", views.began(row)) for row in rows]
    seen = await house.engine.observe()
    whose = {f"{noun.label}/{name}": name for name, _ in known}
    return known + [(name, seen[full].started_ns) for full, name in whose.items() if full in seen]


def _after(row: Ended, starts: list[tuple[str, int]]) -> Iterator[int]:
    name = f"{row.process}@{row.release}"
    return (began for whose, began in starts if whose == name and began > row.at_ns)


async def make_scale(call: Call) -> Accepted:
    """Set quantities."""
    noun, body = call.deploy(), call.body
    return call.begin(
        "scale",
        noun.label,
        lambda tell: told(
            call.house,
            noun,
            scale(call.house, noun, body.formation, who=call.who, tell=tell, wait=body.wait),
        ),
    )


async def make_restart(call: Call) -> Accepted:
    """New processes of the same release."""
    noun, body = call.deploy(), call.body
    return call.begin(
        "restart",
        noun.label,
        lambda tell: told(
            call.house,
            noun,
            restart(call.house, noun, body.what, who=call.who, tell=tell, wait=body.wait),
        ),
    )


async def make_stop(call: Call) -> Accepted:
    """Hold processes back."""
    noun, body = call.deploy(), call.body
    return call.begin(
        "stop",
        noun.label,
        lambda tell: stop(call.house, noun, body.what, who=call.who, tell=tell),
    )


PS = (
    Row("GET", "/v1/ps", list_all, "List the processes of every deploy", answer=shapes.PsAll),
    Row("GET", f"{DEPLOY}/ps", list_processes, "List processes", answer=shapes.Ps),
    Row(
        "GET",
        f"{DEPLOY}/exits",
        list_exits,
        "List how processes ended",
        query=(
            *PAGE,
            Parameter("process", "of a type, e.g. web, or of one process, e.g. web.1"),
            flag("asked", "also those that were told to end"),
        ),
        answer=shapes.Exits,
    ),
    Row("POST", f"{DEPLOY}/scale", make_scale, "Set quantities", Formation, status=202),
    Row("POST", f"{DEPLOY}/restart", make_restart, "Start anew", Which, status=202),
    Row("POST", f"{DEPLOY}/stop", make_stop, "Hold back", Which, status=202),
)
