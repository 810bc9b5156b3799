"""Watching: which files of a folder have changed, batch by batch, without what is no source."""

import os
from collections.abc import AsyncIterator, Container, Iterable, Iterator, Sequence
from pathlib import Path

from twelve.engines.local.ignored import ignored_by_git

STEP_MS = 100
"""Milliseconds without another change that end a batch: editors write, rename and remove."""
LONGEST_MS = 1600

FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", ".env.d", "node_modules", "bower_components"}
    | {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".cache"}
    | {".tox", ".nox", ".eggs", ".idea", ".vscode", ".twelve", ".next", ".nuxt", ".parcel-cache"}
    | {"staticfiles", "media", "uploads", "log", "logs", "tmp", "htmlcov", "coverage", "instance"}
)
"""What tools make, and where apps put what they write themselves."""

ENDINGS = (
    *(".pyc", ".pyo", ".swp", ".swo", ".swx", "~", ".tmp", ".part", ".log", ".pid", ".sock"),
    *(".sqlite3", ".sqlite", ".db", "-journal", "-wal", "-shm", ".rdb", ".aof", ".lck"),
)
NAMES = frozenset({"4913", "nohup.out", ".DS_Store", ".coverage", "celerybeat-schedule"})
"""Written by editors and tools; 4913 is how vim tries whether it may write."""
STARTS = (".#", "#", "celerybeat-schedule")

SOURCE = (
    *(".py", ".pyi", ".js", ".mjs", ".cjs", ".ts", ".mts", ".jsx", ".tsx", ".vue", ".svelte"),
    *(".html", ".css", ".scss", ".less", ".sql", ".sh", ".rb", ".go", ".md", ".svg", ".png"),
)
"""Files that declare nothing, wherever they stand."""

STRIKES = 4
"""Starts in a row that the same file follows: it is the app that writes it."""
SOON = 1.5
"""Seconds after a start, and after its end, within which a change counts as the app's own."""
CALM = 10.0


class Ignores:
    """What does not make processes start anew: names that are no source, and what git ignores."""

    def __init__(self, folder: Path, always: Iterable[str]) -> None:
        self.folder = folder
        self.always = frozenset(always)
        """Files that count whatever git says: config is ignored there, and meant here."""
        self.git = in_git(folder)

    def by_name(self, name: str) -> bool:
        """Whether a relative path is no source."""
        if name in self.always:
            return False
        *folders, last = name.split("/")
        return (
            not FOLDERS.isdisjoint(folders)
            or last in FOLDERS
            or last in NAMES
            or last.startswith(STARTS)
            or last.endswith(ENDINGS)
        )

    async def without_ignored(self, names: Sequence[str]) -> list[str]:
        """The names that git would take; all of them where there is no git."""
        asked = [name for name in names if name not in self.always]
        ignored = await ignored_by_git(self.folder, asked) if self.git and asked else frozenset()
        return [name for name in names if name not in ignored]


class Loops:
    """Notices files that follow each start: the app writes them, so they must not cause one."""

    def __init__(self) -> None:
        self.strikes: dict[str, int] = {}
        self.muted: dict[str, float] = {}
        self.at = float("-inf")

    def started(self, now: float) -> None:
        """New processes begin, or are up."""
        self.at = now

    def sift(self, names: Sequence[str], now: float) -> tuple[list[str], list[str]]:
        """The names that count, and those that count no more from now on."""
        soon = now - self.at < SOON
        kept, newly = [], []
        for name in names:
            if name in self.muted:
                quiet, self.muted[name] = now - self.muted[name] > CALM, now
                if not quiet:
                    continue
                del self.muted[name]
            self.strikes[name] = self.strikes.get(name, 0) + 1 if soon else 0
            if self.strikes[name] >= STRIKES:
                self.muted[name] = now
                newly.append(name)
            else:
                kept.append(name)
        return kept, newly


async def changes(
    folder: Path, ignores: Ignores, outside: Sequence[Path] = ()
) -> AsyncIterator[list[str]]:
    """The relative names of files that changed, a batch each. Folders that come are watched too.

    ``outside`` are further files that count.
    """
    from watchfiles import Change, awatch

    extra = {str(path) for path in outside}

    def counts(_: Change, path: str) -> bool:
        if path in extra:
            return True
        return path.startswith(f"{folder}/") and not ignores.by_name(relative(path, folder))

    while True:
        watched = set(folders_of(folder, ignores))
        paths = [*watched, *{str(path.parent) for path in outside}]
        again = False
        async for batch in awatch(
            *paths,
            watch_filter=counts,
            step=STEP_MS,
            debounce=LONGEST_MS,
            recursive=False,
            ignore_permission_denied=True,
        ):
            again = any(is_new_folder(path, watched) for _, path in batch)
            found = sorted({relative(path, folder) for _, path in batch})
            if names := await ignores.without_ignored(found):
                yield names
            if again:
                break
        if not again:
            return


def is_new_folder(path: str, watched: Container[str]) -> bool:
    """Whether what has changed is a folder that nobody watches yet."""
    return path not in watched and os.path.isdir(path)


def folders_of(folder: Path, ignores: Ignores) -> Iterator[str]:
    """The folders to watch: each costs the kernel a watch, so those of tools are left out."""
    for parent, folders, _ in os.walk(folder):
        yield parent
        below = relative(parent, folder)
        folders[:] = [
            name for name in folders if not ignores.by_name(f"{below}/{name}" if below else name)
        ]


def relative(path: str, folder: Path) -> str:
    """The path as seen from the folder; paths elsewhere stay whole."""
    return "" if path == str(folder) else path.removeprefix(f"{folder}/")


def declares(name: str) -> bool:
    """Whether a file may declare dependencies, config or processes: at the top, and no source."""
    return "/" not in name and not name.endswith(SOURCE)


def in_git(folder: Path) -> bool:
    """Whether the folder lies in a repository."""
    return any((parent / ".git").exists() for parent in (folder, *folder.parents))


def shortly(names: Sequence[str], most: int = 3) -> str:
    """Some names, and how many more."""
    rest = len(names) - most
    return ", ".join([*names[:most], *([f"{rest} more"] if rest > 0 else [])])
