"""The disk of a home as a budget: what each part may take, what it takes, and what has to wait."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from twelve.engines.local.build.job import Room
from twelve.errors import Refused

MIB = 1 << 20
CACHES = ("uv", "npm", "yarn", "pnpm")
"""Downloads that package managers keep; they refill by themselves."""
TREE_FACTOR = 3
"""A tree is unpacked, copied to be built, and changed by hooks."""


class Budgets(NamedTuple):
    """Bytes."""

    reserve: int = 256 << 20
    """Free on the disk: what would leave less is refused."""
    layers: int = 20 << 30
    builds: int = 8 << 30
    cache: int = 4 << 30


class Known(NamedTuple):
    """What is remembered: bytes by layer, and the layer of dependencies that each app has."""

    layers: dict[str, int]
    apps: dict[str, str]


class Disk:
    """Of one home. Sizes of layers are remembered: a layer never changes."""

    def __init__(self, home: Path, budgets: Budgets) -> None:
        self.home = home
        self.budgets = budgets

    def room_for(self, app: str, tree: Path | None) -> Room:
        """What a build of this tree asks before anything starts; without one, of dependencies only.

        New dependencies are taken to be as large as those that the app was last built with.
        """
        need = TREE_FACTOR * size_of(tree) if tree else 0

        def ask(dependencies: bool) -> None:
            self.ask("this build", need + (self.expected(app) if dependencies else 0))

        return ask

    def ask(self, who: str, need: int) -> None:
        """Raise Refused when so many bytes would not fit: before anything starts."""
        free = shutil.disk_usage(self.home).free
        if free - need < self.budgets.reserve:
            raise Refused(
                f"{self.home}: {shown(free)} free; {who} needs about {shown(need)}, "
                f"and {shown(self.budgets.reserve)} stay free (TWELVE_DISK_RESERVE)",
                hint="make room: twelve doctor says what takes it",
            )
        layers = sum(self.sizes().values())
        if layers + need > self.budgets.layers:
            raise Refused(
                f"{self.home}/layers: {shown(layers)} of {shown(self.budgets.layers)} are taken "
                f"(TWELVE_LAYERS_BUDGET); {who} needs about {shown(need)}",
                hint="raise it, keep fewer releases (TWELVE_KEEP_RELEASES), or destroy an app",
            )
        builds = size_of(self.home / "builds") + size_of(self.home / "incoming")
        if builds + need > self.budgets.builds:
            raise Refused(
                f"{self.home}/builds: {shown(builds)} of {shown(self.budgets.builds)} are taken by "
                f"builds under way (TWELVE_BUILDS_BUDGET); {who} needs about {shown(need)}",
                hint="try again when they are done, or raise it",
            )

    def expected(self, app: str) -> int:
        """What the dependencies of an app took the last time; 0 when that is not known."""
        return self.sizes().get(self._read().apps.get(app, ""), 0)

    def remember(self, app: str, dependencies: str | None) -> None:
        """The layer of dependencies that an app was built with."""
        known = self._read()
        if dependencies and known.apps.get(app) != dependencies:
            self._write(known._replace(apps={**known.apps, app: dependencies}))

    def sizes(self) -> dict[str, int]:
        """Bytes of each layer."""
        known = self._read()
        before = known.layers
        with suppress(FileNotFoundError):
            there = sorted(os.listdir(self.home / "layers"))
            sizes = {
                name: before.get(name) or size_of(self.home / "layers" / name) for name in there
            }
            if sizes != before:
                self._write(known._replace(layers=sizes))
            return sizes
        return {}

    def cache_sizes(self) -> dict[str, int]:
        """Bytes of each package manager's downloads; the one used longest ago first."""
        found = [path for name in CACHES if (path := self.home / "cache" / name).is_dir()]
        found.sort(key=lambda path: path.stat().st_mtime_ns)
        return {path.name: size_of(path) for path in found}

    def take_caches(self, sizes: Mapping[str, int]) -> dict[str, Path]:
        """Move caches out of sight until the rest fits; folders that are to be removed, by name.

        No build may be under way: it may count on what this takes.
        """
        total, gone = sum(sizes.values()), {}
        for name, size in sizes.items():
            if total <= self.budgets.cache:
                break
            (self.home / "builds").mkdir(exist_ok=True)
            away = Path(tempfile.mkdtemp(prefix="gone-", dir=self.home / "builds"))
            os.rename(self.home / "cache" / name, away / name)
            gone[name] = away
            total -= size
        return gone

    def examine(self) -> dict[str, dict[str, int]]:
        """Bytes that each part takes, and what it may."""
        budgets = self.budgets._asdict()
        return {
            name: {"bytes": size_of(self.home / name), "budget_bytes": budgets.get(name, 0)}
            for name in ("layers", "builds", "cache", "logs", "services")
        }

    def _read(self) -> Known:
        with suppress(OSError, ValueError, TypeError):
            return Known(**json.loads(self._path.read_bytes()))
        return Known({}, {})

    def _write(self, known: Known) -> None:
        # A full disk: then it is counted again the next time.
        with suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            temporary = self._path.with_suffix(".new")
            temporary.write_text(json.dumps(known._asdict()))
            os.replace(temporary, self._path)

    @property
    def _path(self) -> Path:
        return self.home / "cache" / "sizes.json"


def size_of(folder: os.PathLike[str]) -> int:
    """Bytes of all files below a folder; what vanishes meanwhile does not count."""
    total = 0
    for parent, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
            except OSError:
                continue
    return total


def shown(size: int) -> str:
    """For people."""
    return f"{size / MIB / 1024:.1f} GiB" if size >= 10 << 30 else f"{size / MIB:.0f} MiB"
