"""``twelve doctor``."""

from typing import Any

import click

from twelve.cli.output import BOLD, GREEN, RED, YELLOW, paint
from twelve.cli.output import as_json as print_json
from twelve.cli.target import json_option
from twelve.client.calls import platform as calls
from twelve.client.connection import Client, settings_here
from twelve.errors import Unreachable

INOTIFY_NEEDED = 16
GIB = 1024**3
WIDTH = 18
MIB = 1024**2


@click.command()
@json_option
def command(*, as_json: bool) -> None:
    """Say what runs here, in which versions, how strong the sandbox is, and what is missing."""
    settings = settings_here()
    try:
        found: dict[str, Any] = {**calls.show_doctor(Client(settings))}
    except Unreachable as error:
        found = without_control(settings.tier)
        found["control"] = error.message
    if as_json:
        print_json(found)
    else:
        show(found)


def without_control(tier: str) -> dict[str, Any]:
    """What can be said when no control answers."""
    import os
    import platform

    from twelve.engines.local.sandbox.hierarchies import find
    from twelve.engines.local.sandbox.limits import kept
    from twelve.engines.local.sandbox.tiers import detect

    found = detect({**os.environ, "TWELVE_TIER": tier})
    return {
        "tier": found._asdict(),
        "limits": kept(find(""), found.name, found.via)._asdict(),
        "kernel": platform.release(),
        "python": {"version": platform.python_version()},
    }


def show(found: dict[str, Any]) -> None:
    """A line each, what is missing marked."""
    if "control" in found:
        line("control", found["control"], YELLOW)
    tier = found["tier"]
    how = f" by {tier['via']}" if tier["via"] else ""
    line("sandbox", f"{tier['name']}{how}", GREEN if tier["name"] != "none" else RED)
    for missing in tier["missing"]:
        print(f"{'':{WIDTH}} {missing}")
    limits = found["limits"]
    line("limits", limits["by"], YELLOW if limits["missing"] else GREEN)
    for missing in limits["missing"]:
        print(f"{'':{WIDTH}} {missing}")
    line("kernel", found["kernel"])
    line("python", found["python"]["version"])
    if "parts" not in found:
        return
    line("home", found["home"])
    for name, part in sorted(found["parts"].items()):
        if name in found["services"]:
            continue
        again = f", {part['restarts']} restarts" if part["restarts"] else ""
        good = part["state"] in {"up", "adopted"}
        line(name, f"{part['state']}, pid {part['pid']}{again}", GREEN if good else RED)
    line("its log", f"{found['home']}/logs/twelve/platform/control@-")
    for kind, server in found["services"].items():
        line(kind, f"{server['version']}, {server['state']}")
    for name, version in found["packages"].items():
        line(name, version, RED if version == "missing" else "")
    line("sqlite", found["sqlite"])
    show_disk(found["disk"])
    instances = found["inotify_instances"]
    enough = instances >= INOTIFY_NEEDED
    line("inotify", f"{instances} instances a user", "" if enough else RED)


def show_disk(disk: dict[str, Any]) -> None:
    """What is free, and what each part takes of what it may."""
    free, reserve = disk["free_bytes"], disk["reserve_bytes"]
    text = f"{free / GIB:.1f} GiB free, of which {reserve / MIB:.0f} MiB stay free"
    refused = ": deploys are refused" if free < reserve else ""
    line("disk", text + refused, colour_of(free, reserve))
    for name, part in disk["home"].items():
        budget = part["budget_bytes"]
        may = f" of {budget / MIB:.0f} MiB" if budget else ""
        if name == "logs":
            may = f" ({disk['log_budget_bytes'] / MIB:.0f} MiB a deploy)"
        over = bool(budget) and part["bytes"] > budget
        print(paint(f"{'':{WIDTH}} {name} {part['bytes'] / MIB:.0f} MiB{may}", RED if over else ""))


def colour_of(free: int, reserve: int) -> str:
    """Red when nothing can be deployed any more, yellow when that is near."""
    return RED if free < reserve else YELLOW if free < max(GIB, 4 * reserve) else ""


def line(name: str, text: str, colour: str = "") -> None:
    """A name and what is said of it."""
    print(f"{paint(name.ljust(WIDTH), BOLD)} {paint(text, colour) if colour else text}")
