"""The target of a command: ``-a APP[/DEPLOY]``, TWELVE_APP, twelve.toml, or the folder's name."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from twelve.client.connection import Client, deploy_path, settings_here
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


def target(app: str, *, starts: bool = False) -> Target:
    """The target that the call names. Raises Usage or Invalid."""
    settings = settings_here()
    named = app or settings.app or app_here(Path.cwd())
    name, deploy = parse_target(named)
    return Target(Client(settings, starts=starts), name, deploy)


def app_here(folder: Path) -> str:
    """The app of a folder: as its twelve.toml says, or the repository's, else by its own name.

    Raises Usage.
    """
    if named := own_name(folder) or listed_name(folder):
        return named
    name = re.sub(r"[^a-z0-9-]+", "-", folder.resolve().name.lower()).strip("-")
    if fault := app_problem(name):
        raise Usage(f"this folder's name {fault}", hint="name the app: -a APP")
    return name


def own_name(folder: Path) -> str:
    """What a folder's twelve.toml calls the app; empty when it does not. Raises Invalid, Usage."""
    manifest = folder / "twelve.toml"
    said = plain_toml(manifest)
    named = said.get("app")
    if isinstance(named, str):
        if fault := app_problem(named):
            raise Invalid(f"{manifest}: app: {named!r} {fault}", hint="name the app: -a APP")
        return named
    apps = said.get("apps")
    if not isinstance(apps, dict):
        return ""
    top = next((name for name, folder in apps.items() if folder == "."), "")
    if not top:
        names = ", ".join(map(str, apps))
        raise Usage(f"{manifest} lists several apps", hint=f"name one of them with -a: {names}")
    return str(top)


def listed_name(folder: Path) -> str:
    """What the twelve.toml at the repository's top calls the app of a folder; empty if nothing."""
    here = folder.resolve()
    if (here / ".git").exists():
        return ""
    for above in here.parents:
        apps = plain_toml(above / "twelve.toml").get("apps")
        if isinstance(apps, dict):
            places = {str(place): str(name) for name, place in apps.items()}
            name = places.get(str(here.relative_to(above)), "")
            return "" if app_problem(name) else name
        if (above / ".git").exists():
            break
    return ""


def plain_toml(path: Path) -> dict[str, Any]:
    """A twelve.toml as it stands; empty without one. What is wrong with it, the deploy says."""
    if not path.is_file():
        return {}
    import tomllib

    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}
