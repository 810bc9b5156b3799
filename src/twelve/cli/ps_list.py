"""The listing of ``twelve ps``. Its plain calls start without the library that reads the others."""

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from twelve.cli.aim import target
from twelve.cli.output import BOLD, GREEN, RED, YELLOW, Painted, ago, paint, table
from twelve.cli.output import as_json as print_json
from twelve.cli.output import as_json_line as print_json_line
from twelve.client.calls import ps as calls
from twelve.client.connection import Client, settings_here

if TYPE_CHECKING:
    from twelve.api.shapes import Process, Ps, PsAll
    from twelve.api.shapes_admin import Schedule

COLOURS = {"up": GREEN, "adopted": GREEN, "backoff": YELLOW, "missing": RED, "exited": RED}
SCHEDULES = ("SCHEDULE", "CRON", "TIMEZONE", "NEXT", "LAST")
HEAD = ("PROCESS", "RELEASE", "STATE", "SINCE", "RESTARTS", "PORT", "PID", "LAST EXIT")
FLAGS = {"--json": "as_plain", "--all": "everything"}


class Asked:
    """What a plain call asks for."""

    def __init__(self) -> None:
        self.app = ""
        self.flags: dict[str, bool] = dict.fromkeys(FLAGS.values(), False)


def plain_call(words: list[str]) -> Asked | None:
    """What the words say: an app, these flags; None for whatever else, and for a slip."""
    made, pending = Asked(), iter(words)
    for word in pending:
        if word in FLAGS:
            made.flags[FLAGS[word]] = True
        elif word in ("-a", "--app"):
            made.app = next(pending, "")
            if not made.app or made.app.startswith("-"):
                return None
        else:
            return None
    # Where a shell asks for completions, the words are not all there.
    return None if "_TWELVE_COMPLETE" in os.environ else made


def show_list(app: str, *, as_plain: bool, everything: bool, again: bool) -> None:
    """The processes of one deploy, or of all."""
    if everything:
        client = Client(settings_here())
        look: Callable[[], Ps | PsAll] = partial(calls.list_all, client)
    else:
        look = partial(calls.list_processes, *target(app))
    if not again:
        (print_json if as_plain else show_deploys)(look())
        return
    from twelve.cli.watching import watch

    watch(look, print_json_line if as_plain else show_deploys)


def show_deploys(found: Any) -> None:
    """Deploys, one below the other."""
    for number, deploy in enumerate(found.get("deploys", [found])):
        if number:
            print()
        show_deploy(deploy)


def show_deploy(deploy: "Ps") -> None:
    """A heading, a table, and what is to be warned of."""
    release = deploy["release"] or "no release yet"
    head = f"{deploy['app']}/{deploy['name']} {release}"
    print(f"{paint(head, BOLD)}  {deploy['urls'][0]}  (sandbox: {deploy['tier']})")
    if deploy["stopped"]:
        print(f"held back: {', '.join(deploy['stopped'])}; twelve ps restart brings them back")
    if deploy["processes"]:
        table(HEAD, [row(process) for process in deploy["processes"]])
    if deploy["schedules"]:
        print()
        table(SCHEDULES, [schedule_row(each) for each in deploy["schedules"]])
    for process in deploy["processes"]:
        if process.get("unwell"):
            print(f"{paint('unwell', RED)}   {process['process']}: {process['unwell']}")
        for warning in process.get("warnings", ()):
            print(f"{paint('warning', YELLOW)}  {warning}")


def schedule_row(schedule: "Schedule") -> tuple[Any, ...]:
    """A schedule as a line of the table."""
    from twelve.cli.runs import became, moment

    last = schedule["last"]
    told = f"{became(last)} at {moment(last['until_ns'])}" if last else None
    coming = schedule["next"] and schedule["next"].replace("T", " ")
    return schedule["name"], schedule["cron"], schedule["timezone"], coming, told


def row(process: "Process") -> tuple[Any, ...]:
    """A process as a line of the table."""
    state = process["state"]
    return (
        process["process"],
        process["release"],
        Painted(state, COLOURS.get(state, "")),
        ago(process["started_ns"]),
        process["restarts"],
        process["port"],
        process["pid"],
        process["last_exit"] and process["last_exit"]["said"],
    )
