"""What all steps of one build share: where, with what, and how a step is run."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypedDict, Unpack

from twelve.engines.local.build.interpreters import Interpreter, Node, outside_system
from twelve.engines.local.build.steps import Execute, Step, StepResult, failed, fetching, reaching

SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")

CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS")

STEADY = {
    "LANG": "C.UTF-8",
    "SOURCE_DATE_EPOCH": "315532800",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}
"""Makes programs do the same each time; the epoch is the first that a zip file can hold."""


Room = Callable[[bool], None]
"""Asks for the disk that a build needs, with or without new dependencies. Raises Refused."""


def always(_dependencies: bool) -> None:
    """There is room."""


class Job(NamedTuple):
    """One build: its inputs, its tools, its voice."""

    home: Path
    tree: Path
    python: Interpreter | None
    node: Node | None
    environ: Mapping[str, str]
    execute: Execute
    tell: Callable[[str], None]
    fresh: bool
    room: Room = always


class Options(TypedDict, total=False):
    """What a step may have besides its words; all of it is optional.

    ``registries`` is false for a step with a network that is not to be let into any.
    """

    cwd: Path
    env: Mapping[str, str]
    path: tuple[str, ...]
    write: tuple[Path, ...]
    read: tuple[str, ...]
    network: bool
    registries: bool
    foreign: bool


class Workbench(NamedTuple):
    """The staging folder of one layer: ``layer`` is what is made, the rest is thrown away."""

    job: Job
    staging: Path
    isolated: list[bool]

    @property
    def layer(self) -> Path:
        """The folder that becomes the layer."""
        return self.staging / "layer"

    async def run(self, name: str, *argv: str, **options: Unpack[Options]) -> None:
        """Run a step to its end. Raises BuildFailed."""
        step = self.step(name, argv, **options)
        result = await self.attempt(step)
        if result.code:
            raise failed(step, result)

    async def attempt(self, step: Step) -> StepResult:
        """Run a step and give its result, whatever it is."""
        result = await self.job.execute(step)
        self.isolated.append(result.isolated or step.network)
        return result

    def step(self, name: str, argv: tuple[str, ...], **options: Unpack[Options]) -> Step:
        """Describe a step: HOME and TMPDIR are in the staging folder, the layer is writable."""
        job = self.job
        tools = [tool for tool in (job.python, job.node) if tool]
        network = options.get("network", False)
        asked = fetching if options.get("registries", True) else reaching
        world = asked(job.environ) if network else {}
        certificates = [world[name] for name in CERTIFICATES if name in world]
        own = (self.layer, self.staging / "home", self.staging / "tmp")
        path = (*options.get("path", ()), *node_path(job.node), *SYSTEM_PATH)
        return Step(
            name=name,
            argv=argv,
            env={
                **world,
                **STEADY,
                "PATH": ":".join(path),
                "HOME": str(self.staging / "home"),
                "TMPDIR": str(self.staging / "tmp"),
                **options.get("env", {}),
            },
            cwd=str(options.get("cwd", self.layer)),
            network=network,
            write=tuple(map(str, (*own, *options.get("write", ())))),
            read=(
                str(self.staging),
                str(job.tree),
                *(place for tool in tools for place in tool.read),
                *outside_system(certificates),
                *options.get("read", ()),
            ),
            foreign=options.get("foreign", False),
        )

    def cache(self, kind: str, *, foreign: bool) -> Path:
        """Give the folder for downloads: one of its own for a step that runs foreign code."""
        path = self.staging / "tmp" / kind if foreign else self.job.home / "cache" / kind
        path.mkdir(parents=True, exist_ok=True)
        # The one that was used longest ago goes first when the disk is short.
        os.utime(path)
        return path


def node_path(node: Node | None) -> tuple[str, ...]:
    """Give the folders that hold ``node`` and ``npm``."""
    if node is None:
        return ()
    return tuple(dict.fromkeys((os.path.dirname(node.path), os.path.dirname(node.npm))))
