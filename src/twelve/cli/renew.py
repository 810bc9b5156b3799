"""``twelve renew``."""

from typing import Any

import click

from twelve.client.calls import platform as calls
from twelve.client.connection import Client, settings_here


@click.command()
def command() -> None:
    """Run what is installed now, after pip install -U: the apps go on, and no request fails.

    Control starts anew, and with it every part of Twelve that was of another version. A change
    that is under way is undone or completed.
    """
    from twelve.starting import renew_home

    client = Client(settings_here())
    before = pids(client)
    renew_home(client.settings, lambda: calls.leave(client))
    after = pids(client)
    # One that somebody started by hand is not among the parts, but it is another one now.
    new = sorted({"control", *(name for name, pid in after.items() if before.get(name) != pid)})
    same = sorted(after.keys() - set(new))
    click.echo(f"renewed: {', '.join(new)}")
    if same:
        click.echo(f"goes on as it is: {', '.join(same)}")


def pids(client: Client) -> dict[str, int | None]:
    """The parts' processes; a later life of the router is the router."""
    found: dict[str, Any] = {**calls.show_doctor(client)}
    lives = [(name.partition(".")[0], part["pid"]) for name, part in found["parts"].items()]
    lives.sort(key=lambda life: life[0])
    return dict(lives)
