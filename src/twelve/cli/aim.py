"""What a command is about: an app's deploy, as it is named or as the folder says."""

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from twelve.client.connection import Client, deploy_path, settings_here
from twelve.errors import Invalid, Usage
from twelve.factors.processes.instance import app_problem, parse_target

if TYPE_CHECKING:
    from pathlib import Path


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


def target(app: str, *, starts: bool = False) -> Target:
    """The target that the call names. Raises Usage or Invalid."""
    settings = settings_here()
    named = app or settings.app or app_of_this_folder()
    name, deploy = parse_target(named)
    return Target(Client(settings, starts=starts), name, deploy)


def app_of_this_folder() -> str:
    """The app of the folder where the call was made. Raises Usage."""
    from pathlib import Path

    return app_here(Path.cwd())


def app_here(folder: "Path") -> str:
    """The app of a folder: as its twelve.toml says, or the repository's, else by its own name.

    Raises Usage.
    """
    if named := own_name(folder) or listed_name(folder):
        return named
    name = re.sub(r"[^a-z0-9-]+", "-", folder.resolve().name.lower()).strip("-")
    if fault := app_problem(name):
        raise Usage(f"this folder's name {fault}", hint="name the app: -a APP")
    return name


def own_name(folder: "Path") -> str:
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


def listed_name(folder: "Path") -> str:
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


def plain_toml(path: "Path") -> dict[str, Any]:
    """A twelve.toml as it stands; empty without one. What is wrong with it, the deploy says."""
    if not path.is_file():
        return {}
    import tomllib

    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}
