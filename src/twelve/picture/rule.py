"""A rule: one requirement of the methodology that reading can judge, with the cases that prove the rule."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from twelve.finding import Finding, Place
from twelve.picture.code import Assign, Call, Module
from twelve.picture.commands import Process
from twelve.picture.mentions import Mention
from twelve.picture.origin import replaceable
from twelve.picture.paths import is_development, is_settings
from twelve.picture.pattern import pattern
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

PREFIXED = pattern(
    r"\.from_prefixed_env\(|in os\.environ\.items\(\)[\s\S]{0,400}?\bconfig\[\w+\]\s*="
)
POURED = pattern(r"(?m)^\s*(vars|globals|locals)\(\)\.update\(\w")
PRODUCTION = pattern(r"(^|/)(\w+_)?(prod|production|live)\.py$")
Level = Literal["M", "S", "X"]


class Picture(Protocol):
    """What a rule may ask of a repository; each part is made when it is first asked for."""

    @property
    def files(self) -> Mapping[str, File]: ...
    @property
    def modules(self) -> Sequence[Module]: ...
    @property
    def processes(self) -> Sequence[Process]: ...
    @property
    def manifests(self) -> Sequence[Manifest]: ...
    @property
    def dockerfiles(self) -> Sequence[Dockerfile]: ...
    @property
    def services(self) -> Sequence[Service]: ...
    @property
    def variables(self) -> Sequence[Variable]: ...
    @property
    def options(self) -> Sequence[Option]: ...
    @property
    def jobs(self) -> Sequence[Job]: ...
    @property
    def workloads(self) -> Sequence[Workload]: ...
    @property
    def broken(self) -> Sequence[Broken]: ...
    @property
    def repository(self) -> Repository: ...
    @property
    def roots(self) -> Sequence[str]: ...
    def calls(self, *names: str) -> Iterable[tuple[Module, Call]]:
        """Calls in app code whose name ends with one of these dotted names."""

    def assigns(self, *names: str) -> Iterable[tuple[Module, Assign]]:
        """Assignments in app code to one of these last words; to any, when none is given."""

    def text(self, path: str) -> str:
        """The text of a small file, or nothing."""

    def holding(self, *words: str) -> Iterable[str]:
        """Paths of the app's own text files that hold one of the words."""

    def imported(self) -> Mapping[str, tuple[Place, ...]]:
        """Top-level packages that app code imports, with the places."""

    def required(self) -> Mapping[str, Sequence[str]]:
        """Packages that scripts seem to import, with the paths of these; a comment may fool it."""

    def constant(self, name: str) -> "Assign | None":
        """The one assignment of a setting's name in the settings of the app."""

    def module(self, path: str) -> Module | None:
        """One file's module, parsed now if it was not."""


class Example(NamedTuple):
    """A little tree: path to text. ``at`` names the place that must be found, ``path:line``."""

    files: Mapping[str, str]
    at: str = ""
    note: str = ""
    severity: str = ""
    """How severe what is found there must be, where the rule tells the certain from the likely."""


class Hold(NamedTuple):
    """Evidence that the requirement holds."""

    message: str
    place: Place


Judgement = Finding | Hold


class Rule(NamedTuple):
    """One requirement, how it is judged, and the cases that prove the judge."""

    id: str
    level: Level
    statement: str
    source: str
    severity: Literal["high", "medium", "low", "info"]
    check: Callable[[Picture], Iterator[Judgement]]
    found: tuple[Example, ...]
    spared: tuple[Example, ...]
    why: str = ""
    way_out: str = ""
    never: str = ""
    doubt: str = ""
    """What makes a finding medium instead of high: what it hangs on and reading does not tell."""
    tokens: tuple[str, ...] = ()
    """Words of which a code file must hold one for the rule to look at it."""
    script_tokens: tuple[str, ...] = ()
    """More such words, which mean something in JavaScript and TypeScript alone."""
    calls: tuple[str, ...] = ()
    """Or: words of which it must hold one, and call it."""
    sets: tuple[str, ...] = ()
    """Or: words of which it must hold one, and give it a value."""
    near: tuple[tuple[tuple[str, ...], str, *tuple[str, ...]], ...] = ()
    """Or: words of which it must hold one, and patterns that it must all match besides.

    The first may begin with ``(?#python)`` or ``(?#script)`` when it is for that language alone, then with
    ``(?#here)`` (it matches at the word), ``(?#code)`` (so it does, and not in a comment or in the midst of a string)
    or ``(?#window)`` (beside it); otherwise it is looked for in all of the file.
    """
    mutated: bool = False
    """Or: a name of the module's top level whose value is changed further down, where Python answers requests."""
    applies: Callable[[Picture], bool] | None = None
    fixable: bool = False
    prover: bool = False
    """Reading may find it broken but cannot prove that it holds; ``twelve prove`` can."""

    @property
    def factor(self) -> str:
        return self.id.partition("-")[0]


def find(rule_id: str, severity: str, message: str, *places: Place, fix: str = "") -> Finding:
    """A finding; a short spelling that keeps the rules readable."""
    return Finding(rule_id, severity, message, places, fix)  # type: ignore[arg-type]


def saying(picture: Picture, words: Mention) -> Iterator[tuple[Module, Assign]]:
    """The assignments of app code whose lines hold one of these words."""
    for module in picture.modules:
        if module.role == "app":
            for assign in module.holding(words, module.assigns):
                yield module, assign


def overridden(picture: Picture, assign: Assign) -> bool:
    """Do other settings beside it replace the value: from the environment, or by switching it off in production?"""
    folder = assign.path.rpartition("/")[0]
    if is_settings(assign.path) and assign.function is None and _poured(picture, folder):
        return True
    return is_settings(assign.path) and any(
        other.path != assign.path
        and other.path.rpartition("/")[0] == folder
        and not is_development(other.path)
        and (
            replaceable(module, other)
            or (
                PRODUCTION.search(other.path)
                and (other.value.kind, other.value.text) == ("bool", "False")
            )
        )
        for module, other in picture.assigns(assign.name)
    )


def _poured(picture: Picture, folder: str) -> bool:
    """Does a module of settings in the folder take names and values as they come, from what the deploy names?"""
    return any(
        path.endswith(".py")
        and path.rpartition("/")[0] == folder
        and POURED.search(picture.text(path))
        for path in picture.files
    )


def by_prefix(picture: Picture) -> bool:
    """Does the app take each setting from the environment by a prefix: Flask's own way, or a loop?"""
    paths = picture.holding("from_prefixed_env", "environ.items")
    return any(PREFIXED.search(picture.text(path)) for path in paths)


def mounted(picture: Picture, process: Process) -> bool:
    """A service of compose with the source mounted over the build: it is there for development."""
    return process.origin == "compose" and any(
        service.path == process.path
        and service.name == process.name
        and service.build
        and any(volume.startswith(("./", ".:")) for volume, _ in service.volumes)
        for service in picture.services
    )


def grouped(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding a cause: equal sentences are merged, with all their places."""
    merged: dict[tuple[str, str], Finding] = {}
    for found in findings:
        key = (found.requirement, found.message)
        merged[key] = (
            found
            if key not in merged
            else merged[key]._replace(places=(*merged[key].places, *found.places))
        )
    for found in merged.values():
        yield found._replace(places=tuple(dict.fromkeys(found.places)))
