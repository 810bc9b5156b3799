"""The platform itself: what it is, its operations, its end."""

import asyncio
import json
from typing import Any

from twelve import __version__
from twelve.api import shapes
from twelve.api.call import Accepted, Call, Row, Stream
from twelve.api.query import number
from twelve.engines.contract import Tell
from twelve.operations.destroy import down


async def show_info(call: Call) -> Any:
    """What answers here."""
    settings = call.house.settings
    return {
        "version": __version__,
        "home": settings.home,
        "http": f"{settings.http_host}:{settings.http_port}",
        "tier": call.house.tier,
    }


async def show_doctor(call: Call) -> Any:
    """Parts, their versions and states, and what is missing."""
    return await call.rooms.examine()


async def show_operation(call: Call) -> Any:
    """An operation and what it has said so far."""
    operation = call.rooms.operations.get(call.path["id"])
    return {
        "id": operation.id,
        "verb": operation.verb,
        "target": operation.target,
        "who": operation.who,
        "ended": operation.ended,
        "events": [json.loads(line) for line in operation.lines],
    }


async def follow_operation(call: Call) -> Any:
    """What an operation says, as JSON lines, to its end."""
    operation = call.rooms.operations.get(call.path["id"])
    events = call.rooms.ending.until(operation.listen(call.number("from", 0)))
    return Stream(events, "application/x-ndjson")


async def cancel_operation(call: Call) -> Any:
    """Take an operation back, unless its new release serves already."""
    return {"cancelled": call.rooms.operations.get(call.path["id"]).cancel()}


async def go_down(call: Call) -> Accepted:
    """Stop the apps."""

    async def work(tell: Tell) -> dict[str, int]:
        return {"stopped": await down(call.house, tell)}

    return call.begin("down", "this home", work)


async def leave(call: Call) -> Any:
    """End this control plane; apps, router and supervisor run on."""
    # The answer must be out before the socket closes.
    asyncio.get_running_loop().call_later(0.1, call.rooms.leave)
    return {}


FROM = number("from", "the number of the first event that is wanted; the first of all is 0")

PLATFORM = (
    Row("GET", "/v1/info", show_info, "What answers here", answer=shapes.Info),
    Row("GET", "/v1/doctor", show_doctor, "Parts, versions, what is missing", answer=shapes.Doctor),
    Row("GET", "/v1/operations/{id}", show_operation, "Show an operation", answer=shapes.Operation),
    Row(
        "GET",
        "/v1/operations/{id}/events",
        follow_operation,
        "Listen",
        query=(FROM,),
        answer="application/x-ndjson",
    ),
    Row(
        "POST",
        "/v1/operations/{id}/cancel",
        cancel_operation,
        "Take an operation back",
        answer=shapes.Taken,
    ),
    Row("POST", "/v1/down", go_down, "Stop the apps", status=202),
    Row(
        "POST",
        "/v1/leave",
        leave,
        "End this control plane; the apps run on",
        answer=shapes.Nothing,
    ),
)
