"""The layers of a home: found by what made them, named by what they hold, published whole."""

import asyncio
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from twelve.engines.local.build.seal import Sealed, discard, seal

LOCK_PAUSE = 0.05
"""Seconds between two looks at a lock that another build holds."""

FEW_ENTRIES = 200

BUILDER_VERSION = 1
"""Raised whenever the same inputs would give another layer."""


class Notes(NamedTuple):
    """What is to be remembered of how a layer was made."""

    warnings: tuple[str, ...] = ()
    reproducible: bool = True
    isolated: bool = True
    """No step had a network that it did not ask for."""


class Layer(NamedTuple):
    """A published layer."""

    digest: str
    notes: Notes
    reused: bool


Make = Callable[[Path], Awaitable[Notes]]
"""Fills ``<staging>/layer``; everything else in the staging folder is thrown away."""


def layer_path(home: Path, digest: str) -> Path:
    """Give the folder of a layer."""
    return home / "layers" / digest


def key_of(*parts: Any) -> str:
    """Give the key of what a layer is made from; parts are JSON-ready."""
    text = json.dumps([BUILDER_VERSION, *parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def find(home: Path, key: str) -> Layer | None:
    """Give the layer that was made from this before, when it is still there."""
    try:
        record = json.loads((home / "cache" / "keys" / f"{key}.json").read_bytes())
        notes = Notes(tuple(record["warnings"]), record["reproducible"], record["isolated"])
        digest = str(record["digest"])
    except (OSError, ValueError, KeyError):
        return None
    return Layer(digest, notes, reused=True) if layer_path(home, digest).is_dir() else None


async def ensure(home: Path, key: str, make: Make, *, fresh: bool = False) -> Layer:
    """Give the layer of that key, made now unless it is there; of two at once, one waits."""
    if not fresh and (layer := find(home, key)):
        return layer
    async with _locked(home, key):
        # Another build of the same may have finished meanwhile.
        if not fresh and (layer := find(home, key)):
            return layer
        staging = _stage(home)
        try:
            notes = await make(staging)
            sealed = await asyncio.to_thread(_publish, home, key, staging / "layer", notes)
        finally:
            await asyncio.shield(asyncio.to_thread(discard, staging))
    return Layer(sealed.digest, notes, reused=False)


def clean(home: Path) -> None:
    """Remove what interrupted builds left. Only for the start, when no build runs."""
    if (home / "builds").is_dir():
        for path in (home / "builds").iterdir():
            discard(path)


def take_away(home: Path, kept: Collection[str]) -> list[Path]:
    """Move every layer but these out of sight, all at once; the folders that are to be removed.

    No build may be under way: it may have found a layer that this takes.
    """
    gone = []
    for path in (home / "layers").iterdir():
        if path.name not in kept:
            target = Path(tempfile.mkdtemp(prefix="gone-", dir=_folder(home / "builds")))
            # Only a folder that its owner may write to can be moved: its ".." changes.
            path.chmod(0o755)
            os.rename(path, target / "layer")
            gone.append(target)
    _forget(home)
    return gone


def _forget(home: Path) -> None:
    """Drop the keys whose layer is gone, and the locks of builds that are over."""
    keys, locks = home / "cache" / "keys", home / "cache" / "locks"
    for path in keys.glob("*.json"):
        if find(home, path.stem) is None:
            path.unlink(missing_ok=True)
    for path in locks.glob("*"):
        if not (keys / f"{path.name}.json").exists():
            path.unlink(missing_ok=True)


def throw_away(folders: Iterable[Path]) -> None:
    """Remove folders that nothing names any more."""
    for folder in folders:
        discard(folder)


def _stage(home: Path) -> Path:
    staging = Path(tempfile.mkdtemp(dir=_folder(home / "builds")))
    staging.chmod(0o755)
    for name in ("layer", "home", "tmp"):
        (staging / name).mkdir()
    return staging


def _publish(home: Path, key: str, staged: Path, notes: Notes) -> Sealed:
    sealed = seal(staged)
    final = layer_path(home, sealed.digest)
    _folder(final.parent)
    if not final.is_dir():
        _flush(staged, sealed.entries)
        with suppress(FileExistsError):
            _move(staged, final)
        _sync_folder(final.parent)
    _remember(home, key, sealed.digest, notes)
    return sealed


def _move(staged: Path, final: Path) -> None:
    # Only its owner may rename a folder, and only one that it may write to (its ".." changes).
    staged.chmod(0o755)
    try:
        os.rename(staged, final)
    except OSError:
        if not final.is_dir():
            raise
        return
    final.chmod(0o555)


def _flush(staged: Path, entries: int) -> None:
    """Bring files to the disk before their name: after a power cut a layer is whole or absent."""
    if entries > FEW_ENTRIES:
        # One call for the whole file system is far cheaper than one for each file.
        os.sync()
        return
    for folder, _, names in os.walk(staged):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                _sync(path, os.O_RDONLY)


def _sync_folder(path: Path) -> None:
    _sync(str(path), os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: str, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remember(home: Path, key: str, digest: str, notes: Notes) -> None:
    record = {"digest": digest, **notes._asdict()}
    path = _folder(home / "cache" / "keys") / f"{key}.json"
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(record))
    os.replace(temporary, path)


@asynccontextmanager
async def _locked(home: Path, key: str) -> AsyncIterator[None]:
    path = _folder(home / "cache" / "locks") / key
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _take(descriptor):  # noqa: ASYNC110 - another process may hold it
            await asyncio.sleep(LOCK_PAUSE)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
