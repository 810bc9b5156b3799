"""The apps of one repository told apart: each is judged by its own code, and by what starts it."""

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from functools import cached_property
from typing import TypeVar

from twelve.checker.picture import RepositoryPicture
from twelve.checker.queries import Queries
from twelve.finding import Place
from twelve.picture.code import Assign, Call, Module
from twelve.picture.commands import Process
from twelve.picture.tree import (
    Broken,
    Dockerfile,
    File,
    Job,
    Manifest,
    Option,
    Repository,
    Service,
    Variable,
    Workload,
)

WHOLE = ""
"""What belongs to no app: shared code, and the files of the root."""
T = TypeVar("T")


class Owners:
    """Whose each path is, and whose is what a rule asks for: it asks the same for every app."""

    def __init__(self, roots: Sequence[str]) -> None:
        self.roots = roots
        self.known: dict[str, str] = {}
        self.shares: dict[tuple[str, ...], Mapping[str, list[object]]] = {}

    def of(self, path: str) -> str:
        """The app that a path lies in."""
        found = self.known.get(path)
        if found is None:
            found = self.known[path] = owner_of(path, self.roots)
        return found

    def share(
        self,
        root: str,
        key: tuple[str, ...],
        found: Callable[[], Iterable[T]],
        path: Callable[[T], str],
    ) -> Sequence[T]:
        """What is an app's of all that was found, in that order; looked for once under a key."""
        if key not in self.shares:
            shares: dict[str, list[object]] = {}
            for one in found():
                shares.setdefault(self.of(path(one)), []).append(one)
            self.shares[key] = shares
        return self.shares[key].get(root, ())  # type: ignore[return-value]


def _path_of_pair(pair: tuple[Module, object]) -> str:
    return pair[0].path


class AppPicture(Queries):
    """One app of a repository: its files, and those that belong to no app. Implements ``Picture``."""

    def __init__(self, whole: RepositoryPicture, root: str, owners: Owners) -> None:
        self.whole = whole
        self.root = root
        self.owners = owners

    @property
    def is_app(self) -> bool:
        """Is it one, or what belongs to none?"""
        return self.root in self.whole.roots

    def owner(self, path: str) -> str:
        """The app that a path lies in."""
        return self.owners.of(path)

    def mine(self, path: str) -> bool:
        """Is it a file of this app, and of no other?"""
        return self.owner(path) == self.root

    def seen(self, path: str) -> bool:
        """Is it this app's, or nobody's? What lies in the root is an app's own where that one is an app."""
        owner = self.owner(path)
        return owner == self.root or (owner == WHOLE and WHOLE not in self.whole.roots)

    @cached_property
    def files(self) -> Mapping[str, File]:
        return _Files(self)

    @cached_property
    def modules(self) -> Sequence[Module]:
        return [one for one in self.whole.modules if self.mine(one.path)]

    def calls(self, *names: str) -> Iterable[tuple[Module, Call]]:
        key = ("calls", *names)
        return self.owners.share(self.root, key, lambda: self.whole.calls(*names), _path_of_pair)

    def assigns(self, *names: str) -> Iterable[tuple[Module, Assign]]:
        key = ("assigns", *names)
        return self.owners.share(self.root, key, lambda: self.whole.assigns(*names), _path_of_pair)

    @cached_property
    def processes(self) -> Sequence[Process]:
        return [one for one in self.whole.processes if self.seen(one.path) and self._runs(one)]

    def _runs(self, process: Process) -> bool:
        """Does the process run this app, as far as its steps tell?"""
        owners = {self.owner(step.path) for step in process.steps} - {WHOLE}
        built = {s.name for s in self.whole.services if s.path == process.path and self._other(s)}
        return (not owners or self.root in owners) and process.name not in built

    def _other(self, service: Service) -> bool:
        """Is the service built from the folder of another app?"""
        folder = service.path.rpartition("/")[0]
        context = "/".join(filter(None, (folder, service.build.removeprefix("./").rstrip("/"))))
        return bool(service.build) and self.owner(f"{context}/x") not in (self.root, WHOLE)

    @cached_property
    def manifests(self) -> Sequence[Manifest]:
        return [one for one in self.whole.manifests if self.seen(one.path)]

    @cached_property
    def dockerfiles(self) -> Sequence[Dockerfile]:
        return [one for one in self.whole.dockerfiles if self.seen(one.path)]

    @cached_property
    def services(self) -> Sequence[Service]:
        return [one for one in self.whole.services if self.seen(one.path) and not self._other(one)]

    @cached_property
    def variables(self) -> Sequence[Variable]:
        return [one for one in self.whole.variables if self.seen(one.path)]

    @cached_property
    def options(self) -> Sequence[Option]:
        return [one for one in self.whole.options if self.seen(one.path)]

    @cached_property
    def jobs(self) -> Sequence[Job]:
        return [one for one in self.whole.jobs if self.seen(one.path)]

    @cached_property
    def workloads(self) -> Sequence[Workload]:
        return [one for one in self.whole.workloads if self.seen(one.path)]

    @property
    def broken(self) -> Sequence[Broken]:
        return self.whole.broken

    @property
    def repository(self) -> Repository:
        return self.whole.repository

    @property
    def roots(self) -> Sequence[str]:
        return [self.root]

    def text(self, path: str) -> str:
        return self.whole.text(path)

    def module(self, path: str) -> Module | None:
        return self.whole.module(path)

    def holding(self, *words: str) -> Iterable[str]:
        key = ("holding", *words)
        return self.owners.share(self.root, key, lambda: self.whole.holding(*words), str)

    def imported(self) -> Mapping[str, tuple[Place, ...]]:
        return self._imported

    def required(self) -> Mapping[str, Sequence[str]]:
        return {
            name: [path for path in paths if self.mine(path)]
            for name, paths in self.whole.required().items()
        }

    @cached_property
    def _imported(self) -> Mapping[str, tuple[Place, ...]]:
        made = {
            name: tuple(place for place in places if self.mine(place.path))
            for name, places in self.whole.imported().items()
        }
        return {name: places for name, places in made.items() if places}


class _Files(Mapping[str, File]):
    """The files of one app and those in the root; looked up by name, also those that belong to no app."""

    def __init__(self, app: AppPicture) -> None:
        self.app = app
        self.own = {
            path: file
            for path, file in app.whole.files.items()
            if app.mine(path) or "/" not in path
        }

    def __getitem__(self, path: str) -> File:
        if path in self.own:
            return self.own[path]
        if self.app.owner(path) not in (self.app.root, WHOLE):
            raise KeyError(path)
        return self.app.whole.files[path]

    def items(self) -> ItemsView[str, File]:
        """As of a dict: no look-up for each."""
        return self.own.items()

    def values(self) -> ValuesView[File]:
        """As of a dict, too."""
        return self.own.values()

    def __iter__(self) -> Iterator[str]:
        return iter(self.own)

    def __len__(self) -> int:
        return len(self.own)


def owner_of(path: str, roots: Sequence[str]) -> str:
    """The nearest app that holds a path; the whole, when none does."""
    held = [root for root in roots if root and path.startswith(root + "/")]
    return max(held, key=len, default=WHOLE)


def apps_of(picture: RepositoryPicture) -> Iterator[AppPicture]:
    """Every app, and what belongs to none when that holds code; nothing when there is but one."""
    if len(picture.roots) < 2:
        return
    roots = [root for root in picture.roots if root]
    owners = Owners(picture.roots)
    for root in (WHOLE, *roots):
        yield AppPicture(picture, root, owners)
