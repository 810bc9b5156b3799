"""The target of a command: ``-a APP[/DEPLOY]``, TWELVE_APP, twelve.toml, or the folder's name."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from twelve.cli.client import Client, deploy_path, settings_here
from twelve.errors import Invalid, Usage
from twelve.factors.processes.instance import app_problem, parse_target

F = TypeVar("F", bound=Callable[..., Any])


class Target(NamedTuple):
    """An app's deploy, and the client to speak of it."""

    client: Client
    app: str
    deploy: str

    @property
    def label(self) -> str:
        """``shop/production``."""
        return f"{self.app}/{self.deploy}"

    @property
    def path(self) -> str:
        """The path of its calls."""
        return deploy_path(self.app, self.deploy)


def inherited(ctx: click.Context, option: click.Parameter, value: Any) -> Any:
    """The value given here, else the one given before the sub-command, however far before."""
    above = ctx.parent
    while above and not value:
        value = above.params.get(option.name or "", value)
        above = above.parent
    return value


def app_option(function: F) -> F:
    """The option that names the target."""
    return click.option(
        "-a", "--app", default="", metavar="APP[/DEPLOY]", callback=inherited, help="The target."
    )(function)


def json_option(function: F) -> F:
    """The option for programs."""
    return click.option("--json", "as_json", is_flag=True, callback=inherited, help="Print JSON.")(
        function
    )


def no_start_option(function: F) -> F:
    """The option of the commands that start a control plane when there is none."""
    return click.option("--no-start", is_flag=True, help="Do not start a control plane.")(function)


def target(app: str, *, starts: bool = False) -> Target:
    """The target that the call names. Raises Usage or Invalid."""
    settings = settings_here()
    named = app or settings.app or app_here(Path.cwd())
    name, deploy = parse_target(named)
    return Target(Client(settings, starts=starts), name, deploy)


def app_here(folder: Path) -> str:
    """The app of a folder: as its twelve.toml says, else by the folder's own name. Raises Usage."""
    manifest = folder / "twelve.toml"
    if manifest.is_file():
        import tomllib

        try:
            named = tomllib.loads(manifest.read_text()).get("app")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            # The deploy itself says what is wrong with the file, and where.
            named = None
        if isinstance(named, str):
            if fault := app_problem(named):
                raise Invalid(f"{manifest}: app: {named!r} {fault}", hint="name the app: -a APP")
            return named
    name = re.sub(r"[^a-z0-9-]+", "-", folder.resolve().name.lower()).strip("-")
    if fault := app_problem(name):
        raise Usage(f"this folder's name {fault}", hint="name the app: -a APP")
    return name
