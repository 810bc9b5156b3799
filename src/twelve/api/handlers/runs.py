"""One-offs: detached runs and the record of all."""

from typing import Any

from twelve.api import shapes, views
from twelve.api.bodies import NewRun
from twelve.api.call import Call, Row
from twelve.api.paging import PAGE, cut
from twelve.api.query import Parameter
from twelve.operations.run_once import run_once, stop_run
from twelve.store import runs, ticks

DEPLOY = "/v1/apps/{app}/deploys/{deploy}"
ALL = -1
"""Of a ledger's rows."""


async def start_run(call: Call) -> Any:
    """Run a command in the current release and let it go on."""
    body: NewRun = call.body
    started = await run_once(call.house, call.deploy(), body.command, who=call.who, detached=True)
    return views.run(started.run)


async def list_runs(call: Call) -> Any:
    """The runs, newest first."""
    every = runs.ls(call.house.store, call.deploy(), ALL)
    rows, following = cut(call, every, runs.place, newest_first=True)
    return {"runs": [views.run(row) for row in rows], "next": following}


async def list_ticks(call: Call) -> Any:
    """What became of each tick of the schedules, the last decided first."""
    name = call.word("schedule")
    every = ticks.ls(call.house.store, call.deploy())
    wanted = [row for row in every if name in {"", row.schedule}]
    rows, following = cut(call, wanted, lambda row: row.id, newest_first=True)
    return {"ticks": [views.tick(row) for row in rows], "next": following}


async def show_run(call: Call) -> Any:
    """One run."""
    return views.run(runs.get(call.house.store, call.deploy(), call.path["id"]))


async def end_run(call: Call) -> Any:
    """End a run."""
    noun = call.deploy()
    await stop_run(call.house, noun, call.path["id"])
    return views.run(runs.get(call.house.store, noun, call.path["id"]))


RUNS = (
    Row(
        "POST",
        f"{DEPLOY}/runs",
        start_run,
        "Run a command detached",
        NewRun,
        status=201,
        answer=shapes.Run,
    ),
    Row("GET", f"{DEPLOY}/runs", list_runs, "List runs", query=PAGE, answer=shapes.Runs),
    Row(
        "GET",
        f"{DEPLOY}/ticks",
        list_ticks,
        "List what became of schedules",
        query=(*PAGE, Parameter("schedule", "of this one alone")),
        answer=shapes.Ticks,
    ),
    Row("GET", f"{DEPLOY}/runs/{{id}}", show_run, "Show a run", answer=shapes.Run),
    Row("POST", f"{DEPLOY}/runs/{{id}}/stop", end_run, "End a run", answer=shapes.Run),
)
