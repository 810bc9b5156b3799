"""The place of ``up``: a home of the folder's own, held by one ``up``, cleared of what was left."""

import contextlib
import fcntl
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from twelve.control import make_folders
from twelve.engines.local.build.layers import clean
from twelve.engines.local.build.seal import discard
from twelve.engines.local.ports import is_free, kept_from_others
from twelve.engines.local.supervisor_client import Supervisor, ensure_supervisor
from twelve.errors import Conflict, Unreachable
from twelve.operations.develop import forget_former
from twelve.settings import Settings, default_home, load_settings
from twelve.starting import end_all, living
from twelve.store.connection import open_store
from twelve.store.leases import lease_port
from twelve.store.vault import Vault, load_key

PORTS_TRIED = 100
OWN_PORTS = 200
"""Ports of processes that each folder tries first: two that start at once rarely meet."""

Say = Callable[[str], object]


class Place(NamedTuple):
    """Where one folder's ``up`` keeps its things."""

    settings: Settings
    environ: Mapping[str, str]
    folder: Path


def place_of(folder: Path, app: str, environ: Mapping[str, str]) -> Place:
    """The caller's settings, with a home of the folder's own. Raises Invalid."""
    uid = os.geteuid()
    name = f"{app}-{zlib.crc32(str(folder).encode()):08x}"
    data = environ.get("TWELVE_HOME") or default_home(environ, uid)
    settings = load_settings(environ, {"TWELVE_HOME": f"{data}/up/{name}"}, uid=uid)
    # Who stands at a breakpoint does not answer, and is to be left alone.
    settings = settings._replace(probe=0.0)
    if not environ.get("TWELVE_PORTS"):
        first, last = settings.ports
        blocks = (last + 1 - first) // OWN_PORTS
        settings = settings._replace(
            ports=(first + zlib.crc32(settings.home.encode()) % blocks * OWN_PORTS, last)
        )
    return Place(settings, environ, folder)


@contextlib.contextmanager
def held(place: Place, lock: int = -1) -> Iterator[None]:
    """One ``up`` a folder, for as long as this process lives. Raises Conflict, Invalid.

    ``lock`` is the lock when it is ours already.
    """
    if lock >= 0:
        try:
            yield
        finally:
            os.close(lock)
        return
    home = Path(place.settings.home)
    make_folders(home, Path(place.settings.run), shared=os.geteuid() == 0)
    handle = os.open(home / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(handle, 20).decode() or "?"
        os.close(handle)
        raise Conflict(
            f"{place.folder}: another `twelve up` runs there (pid {pid})",
            hint="stop it with Ctrl-C, or give this one a folder of its own",
        ) from None
    try:
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.close(handle)


async def clear(place: Place, say: Say) -> None:
    """End what an ``up`` that was killed has left running, and forget its releases."""
    settings = place.settings
    names = await left_over(settings)
    if names is not None:
        what = ", ".join(names) or "parts of Twelve"
        say(f"a former `up` here was killed: ending what it left: {what}")
        await end_all(settings, lambda: None)
    shutil.rmtree(settings.run, ignore_errors=True)
    make_folders(Path(settings.home), Path(settings.run), shared=os.geteuid() == 0)
    clear_ledger(place)
    sweep_logs(Path(settings.home))


def clear_ledger(place: Place, ports: Mapping[str, int] = MappingProxyType({})) -> None:
    """Forget former releases, and what builds have left. ``ports`` are those taken already."""
    home = Path(place.settings.home)
    clean(home)
    if not (home / "twelve.db").exists():
        return
    store = open_store(home / "twelve.db", Vault(load_key(place.environ, home)))
    try:
        kept = forget_former(store)
        for process, port in ports.items():
            lease_port(store, process, range(port, port + 1), lambda _: True)
    finally:
        store.db.close()
    for path in (home / "layers").iterdir():
        if path.name not in kept:
            discard(path)


async def left_over(settings: Settings) -> list[str] | None:
    """The processes that still run in this home; None when a former ``up`` ended as it should."""
    try:
        supervisor = await Supervisor.connect(settings.run)
    except Unreachable:
        if not has_notes(settings):
            return None
        # It was killed too: another one finds by its notes what it had started.
        supervisor = await ensure_supervisor(settings.run, settings.home)
    try:
        names = await living(supervisor)
    finally:
        supervisor.close()
    apps = sorted(name.split("/", 2)[2] for name in names if not name.startswith("twelve/"))
    return [name.partition("@")[0] for name in apps]


def has_notes(settings: Settings) -> bool:
    """Whether a supervisor has ended without a word."""
    return Path(settings.home, "supervisor/state.json").exists()


def sweep_logs(home: Path) -> None:
    """Remove the log streams of former sessions."""
    for path in (home / "logs").glob("*/*/*@*"):
        if path.parts[-3] != "twelve":
            shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def http_port(settings: Settings, say: Say) -> Iterator[Settings]:
    """The settings with the port that is wanted, or the next free one, kept from other ``up``s.

    Raises Conflict when there is none.
    """
    first = settings.http_port
    last = min(first + PORTS_TRIED, 65536) - 1
    for port in range(first, last + 1):
        with kept_from_others(port, settings.http_host) as ours:
            if not (ours and is_free(port, settings.http_host)):
                continue
            if port != first:
                say(f"port {first} is taken; using {port}")
            yield settings._replace(http_port=port)
            return
    raise Conflict(
        f"no port from {first} to {last} is free", hint="set TWELVE_HTTP_PORT to a free one"
    )


def owner_of(folder: Path) -> int | None:
    """Whose files these are: as root, their processes run as that user."""
    owner = folder.stat().st_uid
    return owner if os.geteuid() == 0 and owner != 0 else None
