"""The options that name the target of a command, and others that many commands have."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from twelve.cli.aim import Target, app_here, own_name, target

__all__ = ["Target", "app_here", "own_name", "target"]

F = TypeVar("F", bound=Callable[..., Any])


def inherited(ctx: click.Context, option: click.Parameter, value: Any) -> Any:
    """The value given here, else the one given before the sub-command, however far before."""
    above = ctx.parent
    while above and not value:
        value = above.params.get(option.name or "", value)
        above = above.parent
    return value


def complete_target(ctx: click.Context, param: click.Parameter, word: str) -> list[str]:
    """Apps and deploys that are there, for the shell."""
    from twelve.cli.names import targets

    return targets(ctx, param, word)


def app_option(function: F) -> F:
    """The option that names the target."""
    return click.option(
        "-a",
        "--app",
        default="",
        metavar="APP[/DEPLOY]",
        callback=inherited,
        help="The target.",
        shell_complete=complete_target,
    )(function)


def json_option(function: F) -> F:
    """The option for programs."""
    return click.option("--json", "as_json", is_flag=True, callback=inherited, help="Print JSON.")(
        function
    )


def no_start_option(function: F) -> F:
    """The option of the commands that start a control plane when there is none."""
    return click.option("--no-start", is_flag=True, help="Do not start a control plane.")(function)
