"""Names that are there now, for the shell's completion; without a control plane there are none."""

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import click

from twelve.cli.target import Target, inherited, target
from twelve.client.connection import Client, settings_here
from twelve.errors import TwelveError

Names = Callable[[click.Context, click.Parameter, str], list[str]]

PARTS = ("twelve", "router", "run", "build", "release")
"""What prints beside the process types."""

PATIENCE = 0.5
"""Seconds that a shell may stand still because its control plane does."""


def living(find: Callable[[Target], Iterable[str]]) -> Names:
    """Names of the deploy that the line names, those that begin as the word does."""

    def complete(ctx: click.Context, param: click.Parameter, word: str) -> list[str]:
        del param
        found: list[str] = []
        with contextlib.suppress(TwelveError, OSError, ValueError, KeyError):
            app = str(inherited(ctx, named_app(), ctx.params.get("app")) or "")
            aim = target(app)
            hurry(aim.client)
            found = [name for name in find(aim) if name.startswith(word)]
        return found

    return complete


def named_app() -> click.Parameter:
    """The option that names the target, wherever on the line it stands."""
    return click.Option(["--app"])


def targets(ctx: click.Context, param: click.Parameter, word: str) -> list[str]:
    """Apps; behind a slash their deploys."""
    del ctx, param
    from twelve.client.calls.ps import list_all

    with contextlib.suppress(TwelveError, OSError, ValueError, KeyError):
        every = list_all(hurry(Client(settings_here())))["deploys"]
        labels = [f"{each['app']}/{each['name']}" for each in every]
        apps = list(dict.fromkeys(each["app"] for each in every))
        return [name for name in (*apps, *labels) if name.startswith(word)]
    return []


def hurry(client: Client) -> Client:
    """The client, which does not wait long any more."""
    client.address = client.address._replace(patience=PATIENCE)
    return client


def _deploys(aim: Target) -> Iterable[str]:
    from twelve.client.calls.apps import show_app

    return [deploy["name"] for deploy in show_app(aim.client, aim.app)["deploys"]]


def _types(aim: Target) -> Iterable[str]:
    from twelve.client.calls.ps import list_processes

    return list_processes(*aim)["types"]


def _processes(aim: Target) -> Iterable[str]:
    from twelve.client.calls.ps import list_processes

    found = list_processes(*aim)
    return [*found["types"], *dict.fromkeys(each["process"] for each in found["processes"])]


def _releases(aim: Target) -> Iterable[str]:
    from twelve.client.calls.releases import list_releases

    return [release["release"] for release in list_releases(*aim)["releases"]]


def _variables(aim: Target) -> Iterable[str]:
    from twelve.client.calls.config import show_config

    return show_config(*aim)["config"]


def _runs(aim: Target) -> Iterable[str]:
    from twelve.client.calls.runs import list_runs

    return [run["id"] for run in list_runs(*aim)["runs"]]


def _hosts(aim: Target) -> Iterable[str]:
    from twelve.client.calls.config import list_domains

    return list_domains(*aim)["domains"]


def _drains(aim: Target) -> Iterable[str]:
    from twelve.client.calls.drains import list_drains

    return [drain["name"] for drain in list_drains(*aim)["drains"]]


def _resources(aim: Target) -> Iterable[str]:
    from twelve.client.calls.resources import list_resources

    return [resource["name"] for resource in list_resources(aim.client)["resources"]]


def _attached(aim: Target) -> Iterable[str]:
    from twelve.client.calls.resources import list_resources

    return [
        held["variable"]
        for held in list_resources(aim.client)["attachments"]
        if (held["app"], held["deploy"]) == (aim.app, aim.deploy)
    ]


deploys = living(_deploys)
types = living(_types)
quantities = living(lambda aim: [f"{name}=" for name in _types(aim)])
processes = living(_processes)
streams = living(lambda aim: [*_types(aim), *PARTS])
releases = living(_releases)
variables = living(_variables)
assignments = living(lambda aim: [f"{name}=" for name in _variables(aim)])
runs = living(_runs)
hosts = living(_hosts)
drains = living(_drains)
resources = living(_resources)
attached = living(_attached)


def kinds(ctx: click.Context, param: click.Parameter, word: str) -> list[Any]:
    """The kinds of resources that can be made."""
    del ctx, param
    from twelve.factors.resources.kinds import RESOURCE_KINDS

    return [name for name in RESOURCE_KINDS if name.startswith(word)]
