"""A finished build as the engine knows it, and what a process of it needs to run."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from twelve.engines.local.build.app_layer import app_environment, app_path
from twelve.engines.local.build.interpreters import Interpreter, Node, twelves_own
from twelve.engines.local.build.job import SYSTEM_PATH, node_path
from twelve.engines.local.build.layers import layer_path
from twelve.errors import Missing


class Built(NamedTuple):
    """A build: its layers, its interpreters, and what is to be said about it."""

    digest: str
    tree: str
    """Digest of the tree it was made from."""
    deps_digest: str | None
    app_digest: str
    """Empty when only dependencies were asked for: the app is then a folder."""
    python: Interpreter | None
    node: Node | None
    modules: bool
    """Node's packages are there at run time."""
    static: bool
    """Its processes may run Twelve's static file server."""
    hooks: tuple[str, ...]
    warnings: tuple[str, ...]
    reproducible: bool
    reused: bool
    """All of it was there before."""

    def to_plain(self) -> dict[str, Any]:
        """Give JSON-ready data."""
        return {
            **self._asdict(),
            "python": self.python and self.python._asdict(),
            "node": self.node and self.node._asdict(),
            "hooks": list(self.hooks),
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Built":
        """Read what ``to_plain`` gave."""
        python, node = plain["python"], plain["node"]
        return cls(
            **{
                **plain,
                "python": python and Interpreter(**{**python, "read": tuple(python["read"])}),
                "node": node and Node(**{**node, "read": tuple(node["read"])}),
                "hooks": tuple(plain["hooks"]),
                "warnings": tuple(plain["warnings"]),
            }
        )


class Runtime(NamedTuple):
    """What a process needs: folders for PATH, more variables, paths to read, its folder."""

    path: tuple[str, ...]
    env: Mapping[str, str]
    read: tuple[str, ...]
    cwd: str


def runtime(built: Built, home: Path, *, folder: Path | None = None) -> Runtime:
    """Tell how to run a process of the build; ``folder`` stands for an app's layer not made.

    Raises Missing when a layer or the interpreter it was made for has gone.
    """
    app = folder or layer_path(home, built.app_digest)
    deps = layer_path(home, built.deps_digest) if built.deps_digest else None
    for path in filter(None, (app, deps, built.python and Path(built.python.path))):
        if not path.exists():
            raise Missing(
                f"{path}, which this build needs, is not there", "deploy again to build anew"
            )
    own, readable = twelves_own() if built.static else ("", ())
    tools = [tool for tool in (built.python, built.node) if tool]
    folders = (
        *app_path(app, built.modules, deps),
        *node_path(built.node if built.modules else None),
        *([own] if own else []),
        *SYSTEM_PATH,
    )
    read = (
        str(app),
        *([str(deps)] if deps else []),
        *(one for tool in tools for one in tool.read),
        *readable,
    )
    return Runtime(
        tuple(dict.fromkeys(folders)),
        _environment(built, app, folder, deps),
        tuple(dict.fromkeys(read)),
        str(app),
    )


def _environment(built: Built, app: Path, folder: Path | None, deps: Path | None) -> dict[str, str]:
    env = app_environment(app)
    if built.python:
        env |= {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    if built.modules:
        env["NODE_ENV"] = "development" if folder else "production"
    if folder and built.python and (folder / "src").is_dir():
        env["PYTHONPATH"] = str(folder / "src")
    if folder and built.modules and deps and not os.path.lexists(folder / "node_modules"):
        env["NODE_PATH"] = str(deps / "node_modules")
    return env
