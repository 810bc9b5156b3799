"""Drains of the log stream."""

import time
from typing import Any

from twelve.api import shapes
from twelve.api.bodies import NewDrain
from twelve.api.call import Call, Row
from twelve.api.paging import PAGE, cut
from twelve.factors.logs.drains.address import shown
from twelve.factors.logs.drains.drain import Drain
from twelve.operations.forward import add_drain, remove_drain
from twelve.store import drains

DEPLOY = "/v1/apps/{app}/deploys/{deploy}"


async def list_drains(call: Call) -> Any:
    """The drains of a deploy, how far each has come, and what is wrong with it."""
    every = drains.ls(call.house.store, call.deploy())
    rows, following = cut(call, every, lambda drain: drain.name)
    return {"drains": [await seen(call, row) for row in rows], "next": following}


async def make_drain(call: Call) -> Any:
    """Send the stream on from now."""
    body: NewDrain = call.body
    made = await add_drain(call.house, call.deploy(), body.url, name=body.name)
    return await seen(call, made)


async def drop_drain(call: Call) -> Any:
    """Send no more to a receiver."""
    await remove_drain(call.house, call.deploy(), call.path["name"])
    return {}


async def seen(call: Call, drain: Drain) -> shapes.Drain:
    """A drain for everybody's eyes."""
    far = await call.house.engine.forwarded(drain)
    lag = max(0.0, time.time() - far.oldest_ns / 1e9) if far.oldest_ns else 0.0
    return {
        "name": drain.name,
        "url": shown(drain.url),
        "created_ns": drain.since_ns,
        "lines": far.lines,
        "lag_bytes": far.waiting,
        "lag_seconds": round(lag, 1),
        "missing_bytes": far.missing,
        "delivered_ns": far.delivered_ns or None,
        "error": far.error,
        "error_ns": far.error_ns or None,
    }


DRAINS = (
    Row(
        "GET",
        f"{DEPLOY}/drains",
        list_drains,
        "List the drains of the log stream",
        query=PAGE,
        answer=shapes.Drains,
    ),
    Row(
        "POST",
        f"{DEPLOY}/drains",
        make_drain,
        "Send the log stream on",
        NewDrain,
        status=201,
        answer=shapes.Drain,
    ),
    Row("DELETE", f"{DEPLOY}/drains/{{name}}", drop_drain, "Send no more", answer=shapes.Nothing),
)
