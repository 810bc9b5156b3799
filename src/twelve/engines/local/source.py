"""Packs a codebase, for its user: a commit of its repository, or a folder that has none."""

import os
import shutil
import stat
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, NamedTuple

from twelve.errors import Invalid, Missing, NotFound, TwelveError
from twelve.factors.codebase.members import check_submodules
from twelve.factors.codebase.tree import TreeFacts

NOT_SOURCE = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".twelve"}
)
"""Folders that are never part of a codebase that no repository describes."""

SECRETS = ".env"
"""Holds config, which is no part of a build."""

GIT_SECONDS = 300


class Packed(NamedTuple):
    """An archive (plain tar), a file without a name, and what is known about it."""

    archive: BinaryIO
    facts: TreeFacts


class Repository(NamedTuple):
    """A repository, the app's folder in it, and the git to ask."""

    top: Path
    root: str
    """The app's folder relative to the top, empty for the top itself."""
    head: str
    shallow: bool
    environ: Mapping[str, str]


def pack(
    path: Path,
    *,
    root: str = "",
    dirty: bool = False,
    into: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Packed:
    """Pack the app below ``path``/``root``: the checked-out commit, or the files if no git.

    ``dirty`` takes the files as they are, uncommitted changes included. The archive is made in
    ``into``, else in the folder for temporary files; it has no name there, so whoever ends in the
    middle leaves nothing. Raises NotFound, Invalid, Missing.
    """
    app = _app_folder(path, root)
    archive = tempfile.TemporaryFile(dir=into)  # noqa: SIM115 - it is the caller's
    try:
        repository = _repository(app, environ)
        if repository is None:
            facts = _pack_folder(app, archive)
        else:
            facts = _pack_commit(repository, archive, dirty=dirty)
        archive.seek(0)
    except BaseException:
        archive.close()
        raise
    return Packed(archive, facts)


def _app_folder(path: Path, root: str) -> Path:
    top = path.resolve()
    app = (top / root).resolve()
    if not top.is_dir():
        raise NotFound(f"{path}: there is no such folder", "name the folder of the codebase")
    if not app.is_relative_to(top):
        raise Invalid(f"--root {root}: lies outside {path}", "name a folder inside the codebase")
    if not app.is_dir():
        raise NotFound(
            f"--root {root}: there is no such folder in {path}",
            hint="name a folder of the repository, as git ls-files shows it",
        )
    return app


def _repository(app: Path, environ: Mapping[str, str]) -> Repository | None:
    if not any((folder / ".git").exists() for folder in (app, *app.parents)):
        return None
    if shutil.which("git", path=environ.get("PATH")) is None:
        raise Missing(
            f"{app} is in a git repository, and there is no `git` on PATH",
            "install git: a deploy takes the files of a commit, not those of the folder",
        )
    # A hook of the user's own git sets these, and they would point it elsewhere.
    clean = {key: value for key, value in environ.items() if not key.startswith("GIT_")}
    clean |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    words = ("rev-parse", "--show-toplevel", "--show-prefix", "--is-shallow-repository")
    lines = _git(app, clean, *words).decode("utf-8", "surrogateescape").split("\n")
    top, prefix, shallow = lines[0], lines[1].rstrip("/"), lines[2] == "true"
    head = _git(app, clean, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", fails=True)
    return Repository(Path(top), prefix, head.decode().strip(), shallow, clean)


def _pack_commit(repository: Repository, archive: BinaryIO, *, dirty: bool) -> TreeFacts:
    if not repository.head:
        raise Invalid(
            f"{repository.top}: this repository has no commit yet",
            "commit first (`git add . && git commit`): a deploy takes the files of a commit",
        )
    changes = _changes(repository)
    dirty = dirty and bool(changes)
    with (
        _as_it_is(repository) if dirty else nullcontext((repository, repository.head)) as (
            asked,
            taken,
        )
    ):
        secrets = _check_entries(asked, taken)
        # Config stays where it is, also where somebody has committed it.
        paths = (repository.root or ".", f":(exclude,top,glob)**/{SECRETS}")
        words = ("archive", "--format=tar", taken, "--", *paths)
        _git(asked.top, asked.environ, *words, out=archive.fileno())
    described = _text(_ask(repository, "log", "-1", "--format=%H%n%ct%n%s"))
    commit, seconds, subject = described.split("\n")[:3]
    return TreeFacts(
        source="git",
        commit=commit,
        root_commit="" if repository.shallow else _root_commit(repository),
        subject=subject,
        committed_ns=int(seconds) * 1_000_000_000,
        dirty=dirty,
        left_out=tuple(
            sorted({*secrets, *(name for name in changes if not dirty or _is_secret(name))})
        ),
        root=repository.root,
        shallow=repository.shallow,
    )


@contextmanager
def _as_it_is(repository: Repository) -> Iterator[tuple[Repository, str]]:
    """Give the files as they are, untracked ones too, as a tree that no commit holds.

    Index and objects of the user's repository stay as they are: the new ones are in a folder that
    goes afterwards.
    """
    asked = _text(
        _ask(
            repository,
            "rev-parse",
            "--path-format=absolute",
            "--git-path",
            "index",
            "--git-path",
            "objects",
        )
    )
    index, objects = asked.split("\n")[:2]
    with tempfile.TemporaryDirectory(prefix="twelve-") as folder:
        Path(folder, "objects").mkdir()
        if Path(index).exists():
            # With its time: git looks into files as old as the index, which may have changed.
            shutil.copy2(index, Path(folder, "index"))
        environ = {
            **repository.environ,
            "GIT_INDEX_FILE": f"{folder}/index",
            "GIT_OBJECT_DIRECTORY": f"{folder}/objects",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects,
        }
        again = repository._replace(environ=environ)
        # An untracked .env that nothing ignores is still config.
        _ask(
            again, "add", "--all", "--", repository.root or ".", f":(exclude,top,glob)**/{SECRETS}"
        )
        yield again, _text(_ask(again, "write-tree")).strip()


def _is_secret(name: str) -> bool:
    return name.rpartition("/")[2] == SECRETS


def _changes(repository: Repository) -> tuple[str, ...]:
    """Name what differs from the commit, below the app's folder."""
    said = _ask(
        repository,
        *("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal"),
        *("--ignore-submodules=none", "--", repository.root or "."),
    )
    names = [record[3:] for record in _text(said).split("\0") if record]
    prefix = f"{repository.root}/" if repository.root else ""
    return tuple(sorted(name.removeprefix(prefix) for name in names))


def _check_entries(repository: Repository, taken: str) -> tuple[str, ...]:
    """The files of config that were committed, by name.

    Raises Invalid for submodules, and when the commit does not have the app's folder.
    """
    listing = _text(
        _ask(repository, "ls-tree", "-r", "-z", "--full-tree", taken, "--", repository.root or ".")
    )
    entries = [record.partition("\t") for record in listing.split("\0") if record]
    if not entries:
        where = repository.root or "this repository"
        raise Invalid(
            f"{where}: commit {repository.head[:7]} has no file there",
            "commit the app's files first, or deploy the folder as it is with --dirty",
        )
    check_submodules(tuple(name for facts, _, name in entries if facts.startswith("160000")))
    prefix = f"{repository.root}/" if repository.root else ""
    return tuple(name.removeprefix(prefix) for _, _, name in entries if _is_secret(name))


def _root_commit(repository: Repository) -> str:
    found = _text(_ask(repository, "rev-list", "--first-parent", "--max-parents=0", "HEAD")).split()
    return found[-1] if found else ""


def _pack_folder(app: Path, archive: BinaryIO) -> TreeFacts:
    left_out = []
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as packing:
        for path, name in _walk(app, ""):
            if _is_secret(name):
                left_out.append(name)
                continue
            facts = path.lstat()
            if not _packable(facts.st_mode):
                raise Invalid(
                    f"{name}: neither a file nor a folder nor a symlink",
                    "remove it from the codebase (sockets, FIFOs and devices are made at run time)",
                )
            packing.add(path, name, recursive=False)
    return TreeFacts(source="folder", left_out=tuple(left_out))


def _walk(folder: Path, prefix: str) -> Iterator[tuple[Path, str]]:
    try:
        found = sorted(folder.iterdir())
    except PermissionError:
        raise Invalid(
            f"{prefix or folder}: may not be read", "give yourself the right to read it"
        ) from None
    for path in found:
        name = f"{prefix}{path.name}"
        real_folder = path.is_dir() and not path.is_symlink()
        if path.name in NOT_SOURCE and (real_folder or path.name == ".git"):
            continue
        yield path, name
        if real_folder:
            yield from _walk(path, f"{name}/")


def names_in(folder: Path) -> tuple[str, ...]:
    """The files below a folder that may be of its codebase, relative, sorted; links included."""
    found = (name for path, name in _walk(folder, "") if path.is_symlink() or path.is_file())
    return tuple(sorted(name for name in found if not _is_secret(name)))


def _packable(mode: int) -> bool:
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)


def _ask(repository: Repository, *words: str) -> bytes:
    return _git(repository.top, repository.environ, *words)


def _git(
    folder: Path,
    environ: Mapping[str, str],
    *words: str,
    fails: bool = False,
    out: int = subprocess.PIPE,
) -> bytes:
    argv: Sequence[str] = (
        "git",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.quotePath=false",
        *words,
    )
    try:
        done = subprocess.run(
            argv,
            cwd=folder,
            env=dict(environ),
            stdout=out,
            stderr=subprocess.PIPE,
            check=False,
            timeout=GIT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise TwelveError(f"git {words[0]} took longer than {GIT_SECONDS} s") from None
    if done.returncode and not fails:
        said = _text(done.stderr).strip()
        hint = "git names the command that makes it trust this folder" if "dubious" in said else ""
        raise Invalid(f"git {words[0]} in {folder}: {said}", hint)
    return done.stdout or b""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
