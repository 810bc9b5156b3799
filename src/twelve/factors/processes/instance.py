"""An instance: one process of one release of one deploy, and the names that they go by."""

import fnmatch
import re
from typing import NamedTuple

from twelve.errors import Invalid
from twelve.factors.processes.types import type_problem

PLATFORM = "twelve"
"""The app name under which Twelve's own processes go."""

ONE_OFF = "run"
BUILD_STEP = "build"
RELEASE_PHASE = "release"

RUN_ONCE = frozenset({ONE_OFF, BUILD_STEP, RELEASE_PHASE})
"""They have an id where processes of the formation have a number."""

_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?\Z", re.ASCII)
_PATTERN = re.compile(r"[a-z0-9*?-]{1,63}\Z", re.ASCII)
_INSTANCE = re.compile(
    r"(?P<app>[^/@]+)/((?P<deploy>[^/@]+)/)?(?P<process>[^/@]+)@(?P<release>v[1-9][0-9]*|-)"
    r"(\+(?P<boot>[1-9][0-9]*))?\Z",
    re.ASCII,
)
_PROCESS = re.compile(r"(?P<type>[A-Za-z0-9_-]+)(\.(?P<slot>[A-Za-z0-9_-]+))?\Z", re.ASCII)


class Instance(NamedTuple):
    """``shop/production/web.1@v7``; ``release`` is None for what belongs to none (a build step).

    ``boot`` counts the lives under one name beyond the first: a restart that lets the old process
    and the new one overlap needs two names.
    """

    app: str
    deploy: str
    type: str
    slot: int | str = ""
    release: int | None = None
    boot: int = 1

    @property
    def process(self) -> str:
        """``web.1``."""
        return f"{self.type}.{self.slot}" if self.slot != "" else self.type

    @property
    def tag(self) -> str:
        """``v7``, or ``-`` for what belongs to no release."""
        return "-" if self.release is None else f"v{self.release}"

    @property
    def name(self) -> str:
        """Unique in a home."""
        owner = f"{self.app}/{self.deploy}" if self.deploy else self.app
        return f"{owner}/{self.process}@{self.tag}{f'+{self.boot}' if self.boot > 1 else ''}"

    @property
    def number(self) -> int | None:
        """The number of a process of the formation; None for one-offs and parts of Twelve."""
        return self.slot if isinstance(self.slot, int) else None

    @property
    def is_one_off(self) -> bool:
        """An admin process: one run."""
        return self.type in {ONE_OFF, RELEASE_PHASE} and self.slot != ""

    def __str__(self) -> str:
        return self.name


def parse_instance(name: str) -> Instance:
    """The instance of that name. Raises Invalid."""
    found = _INSTANCE.match(name)
    process = found and _PROCESS.match(found["process"])
    if not found or not process:
        raise Invalid(
            f"{name!r} is not the name of a process", "write e.g. shop/production/web.1@v7"
        )
    slot = process["slot"] or ""
    return Instance(
        app=found["app"],
        deploy=found["deploy"] or "",
        type=process["type"],
        slot=int(slot) if slot.isdecimal() and process["type"] not in RUN_ONCE else slot,
        release=None if found["release"] == "-" else int(found["release"][1:]),
        boot=int(found["boot"] or 1),
    )


def parse_process(text: str) -> tuple[str, int | None]:
    """``web`` or ``web.1``, as commands take it: the type, and the number when one is meant.

    Raises Invalid.
    """
    kind, dot, number = text.partition(".")
    if type_problem(kind) or (dot and not re.fullmatch(r"[1-9][0-9]{0,3}", number)):
        raise Invalid(
            f"{text!r} names no process", "write a type, e.g. web, or one of it, e.g. web.1"
        )
    return kind, int(number) if dot else None


def check_app_name(name: str) -> str:
    """The name. Raises Invalid when it cannot name an app."""
    if fault := app_problem(name):
        raise Invalid(f"{name!r} {fault}", "an app's name is a part of its host names")
    return name


def check_deploy_name(name: str) -> str:
    """The name. Raises Invalid when it cannot name a deploy."""
    if fault := deploy_problem(name):
        raise Invalid(f"{name!r} {fault}", "a deploy's name is a part of its host names")
    return name


def app_problem(name: str) -> str:
    """Why this cannot name an app; empty when it can. It becomes a part of host names."""
    if not _LABEL.match(name):
        return (
            "is not a name for an app: write 1 to 63 small letters, digits or -, "
            "a letter first and no - at the end"
        )
    return "is Twelve's own name: choose another" if name == PLATFORM else ""


def deploy_problem(name: str) -> str:
    """Why this cannot name a deploy; empty when it can."""
    return "" if _LABEL.match(name) else app_problem(name).replace("an app", "a deploy")


def matches(name: str, pattern: str) -> bool:
    """Whether a deploy's name is meant by ``tenant-*``: ``*`` is any text, ``?`` one letter.

    Raises Invalid for what no name could match.
    """
    if not _PATTERN.match(pattern):
        raise Invalid(
            f"{pattern!r} is no pattern for names of deploys",
            "write small letters, digits and -, with * for any text and ? for one letter",
        )
    return fnmatch.fnmatchcase(name, pattern)


def parse_target(text: str, deploy: str = "production") -> tuple[str, str]:
    """App and deploy of ``shop`` or ``shop/staging``; ``deploy`` is meant when none is said.

    Raises Invalid.
    """
    app, slash, said = text.partition("/")
    return check_app_name(app), check_deploy_name(said) if slash else deploy
