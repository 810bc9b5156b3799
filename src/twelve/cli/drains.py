"""``twelve drains``: where a deploy's log stream goes on to."""

import sys
from typing import Any

import click

from twelve.api.shapes import Drain
from twelve.cli import names as live
from twelve.cli.output import RED, Painted, ago, as_json, table
from twelve.cli.target import Target, app_option, json_option, target
from twelve.client.calls import drains as calls
from twelve.errors import Usage


@click.group(invoke_without_command=True)
@app_option
@json_option
@click.pass_context
def command(ctx: click.Context, app: str, *, as_json: bool) -> None:
    """Send the log stream on to receivers of yours."""
    if ctx.invoked_subcommand is None:
        show_list(target(app), as_plain=as_json)


@command.command("ls")
@app_option
@json_option
def ls(app: str, *, as_json: bool) -> None:
    """List the drains: how far behind each is, and its last error."""
    show_list(target(app), as_plain=as_json)


@command.command()
@click.argument("url", metavar="URL|-")
@click.option("--name", default="", help="What to call it; else the receiver's host.")
@app_option
def add(url: str, name: str, app: str) -> None:
    """Send what is printed from now on to URL.

    syslog://HOST:PORT and syslog+tls://HOST:PORT get RFC 5424 messages, http:// and https://
    posts of JSON lines. A URL with a password or a token in it is read from standard input (-).
    """
    aim = target(app)
    made = calls.make_drain(*aim, url=read_url(url), name=name)
    print(f"the log stream of {aim.label} goes to {made['url']} ({made['name']})")


@command.command()
@click.argument("name", shell_complete=live.drains)
@app_option
def rm(name: str, app: str) -> None:
    """Send no more to NAME."""
    aim = target(app)
    calls.drop_drain(*aim, name)
    print(f"{name} gets nothing of {aim.label} any more")


def read_url(word: str) -> str:
    """The address. Raises Usage for one with a password in the open."""
    if word == "-":
        if sys.stdin.isatty():
            return str(click.prompt("URL", hide_input=True, err=True)).strip()
        return sys.stdin.read().strip()
    from twelve.factors.config.secret import looks_secret

    if looks_secret("", word):
        raise Usage(
            "a password on the command line can be read by every user of this machine",
            hint="twelve drains add -   (asks, or reads standard input)",
        )
    return word


def show_list(aim: Target, *, as_plain: bool) -> None:
    """One line a drain."""
    found = calls.list_drains(*aim)
    if as_plain:
        as_json(found)
        return
    head = ("NAME", "URL", "LINES", "LAG", "MISSING", "DELIVERED", "ERROR")
    table(head, [row(each) for each in found["drains"]])


def row(each: Drain) -> tuple[Any, ...]:
    """What there is to say of one."""
    lag = f"{each['lag_bytes']} bytes, {each['lag_seconds']:.0f} s" if each["lag_bytes"] else "0"
    missing = f"{each['missing_bytes']} bytes" if each["missing_bytes"] else None
    error = Painted(each["error"], RED) if each["error"] else None
    delivered = ago(each["delivered_ns"])
    return (each["name"], each["url"], each["lines"], lag, missing, delivered, error)
