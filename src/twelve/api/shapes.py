"""The shapes of answers: what the handlers give and the typed client takes."""

from typing import Any, Literal, NotRequired, TypedDict

from twelve.api.shapes_admin import Schedule as Schedule  # noqa: PLC0414 - shapes.Schedule
from twelve.api.shapes_admin import Ticks as Ticks  # noqa: PLC0414 - likewise


class Accepted(TypedDict):
    """An operation was begun; it is listened to at ``/v1/operations/{operation}/events``."""

    operation: str


class Nothing(TypedDict):
    """It was done, and there is nothing to say of it."""


class Info(TypedDict):
    """What answers here."""

    version: str
    home: str
    http: str
    tier: str


class Doctor(TypedDict):
    """Parts, versions, limits, and what is missing: what it holds depends on the machine."""

    tier: Any


class Fault(TypedDict):
    """What is wrong, and the next step; ``exit`` is the command line's exit code for it."""

    code: str
    message: str
    hint: str
    problems: list[str]
    exit: int


class Event(TypedDict):
    """Something that an operation said; ``at`` counts seconds since it began."""

    step: str
    text: str
    at: float
    seconds: NotRequired[float]
    ok: NotRequired[bool]
    result: NotRequired[Any]
    error: NotRequired[Fault]


class Operation(TypedDict):
    """An operation, and what it has said so far."""

    id: str
    verb: str
    target: str
    who: str
    ended: bool
    events: list[Event]


class Taken(TypedDict):
    """Whether an operation was taken back."""

    cancelled: bool


class Outcome(TypedDict):
    """What a change of a deploy left behind: the ``result`` of its last event."""

    app: str
    deploy: str
    release: str | None
    urls: list[str]
    warnings: list[str]


class Deploy(TypedDict):
    """A deploy: its release, and where it answers."""

    app: str
    name: str
    release: str | None
    urls: list[str]
    formation: dict[str, int]
    stopped: list[str]


class App(TypedDict):
    """An app and its deploys."""

    name: str
    root_commit: str
    created_ns: int
    deploys: list[Deploy]


class Apps(TypedDict):
    """Apps, by name."""

    apps: list[App]
    next: str | None


class Config(TypedDict):
    """The variables of a version, masked unless they were to be seen."""

    version: int
    config: dict[str, str]


class Version(TypedDict):
    """A version of config or attachments, without its values."""

    version: int
    parent: int
    state: Literal["head", "past", "failed"]
    who: str
    note: str
    at_ns: int


class Versions(TypedDict):
    """Versions, newest first."""

    versions: list[Version]
    next: str | None


class Difference(TypedDict):
    """A variable that is not the same on both sides."""

    name: str
    change: Literal["added", "removed", "changed"]
    before: str | None
    after: str | None


class Differences(TypedDict):
    """What differs between two configs."""

    differences: list[Difference]


class SecretNames(TypedDict):
    """The variables whose values must not stand on a command line."""

    secret: list[str]


class Domains(TypedDict):
    """The hosts that were added to a deploy, and every URL that it answers at."""

    domains: list[str]
    urls: list[str]


class Drain(TypedDict):
    """A receiver of the log stream: how far it has come, and what is wrong. Its URL is masked."""

    name: str
    url: str
    created_ns: int
    lines: int
    lag_bytes: int
    lag_seconds: float
    missing_bytes: int
    delivered_ns: int | None
    error: str
    error_ns: int | None


class Drains(TypedDict):
    """The drains of a deploy, by name."""

    drains: list[Drain]
    next: str | None


class Followed(TypedDict):
    """A deploy that holds this one's address: its new release, or why there is none."""

    deploy: str
    release: str
    error: str


class NewDomains(Domains):
    """The same after a change, and what became of the deploys that hold the address."""

    followers: list[Followed]


class Exit(TypedDict):
    """How a process ended."""

    code: int | None
    signal: str | None
    oom: bool
    memory: int | None
    error: str
    said: str


class Ended(Exit):
    """How a process ended, and what it said last."""

    process: str
    release: str
    at_ns: int
    uptime: float
    asked: bool
    again: float | None
    lines: list[str]


class Exits(TypedDict):
    """How processes ended, the newest first."""

    exits: list[Ended]
    next: str | None


class Process(TypedDict):
    """A process."""

    name: str
    process: str
    type: str
    release: str
    state: str
    port: int | None
    pid: int | None
    started_ns: int | None
    restarts: int
    last_exit: Exit | None
    unwell: str
    warnings: list[str]


class Ps(Deploy):
    """A deploy with its processes, the command of each process type, and its schedules."""

    tier: str
    types: dict[str, str]
    processes: list[Process]
    schedules: list[Schedule]


class PsAll(TypedDict):
    """Every deploy with its processes."""

    deploys: list[Ps]


class Release(TypedDict):
    """A release as a line of the listing."""

    release: str
    state: str
    build: str
    kept: bool
    commit: str
    label: str
    subject: str
    dirty: bool
    config: int
    attachments: int
    formation: dict[str, int]
    runtimes: dict[str, str]
    digest: str
    reason: str
    who: str
    at_ns: int


class Releases(TypedDict):
    """Releases, newest first."""

    releases: list[Release]
    next: str | None


class ReleaseEvent(TypedDict):
    """Something that befell a release."""

    kind: str
    detail: dict[str, Any]
    at_ns: int


class ReleaseWhole(Release):
    """A release with its build, the names of its variables and what befell it."""

    manifest: dict[str, Any]
    artifact: dict[str, Any]
    variables: list[str]
    attached: dict[str, str]
    events: list[ReleaseEvent]


class Drift(TypedDict):
    """One thing that is not the same on both sides."""

    part: str
    name: str
    before: str
    after: str


class Comparison(TypedDict):
    """What differs between two releases; ``unknown`` are sentences about what nobody could tell."""

    before: str
    after: str
    differences: list[Drift]
    unknown: list[str]


class Run(TypedDict):
    """A one-off."""

    id: str
    number: int
    kind: str
    command: list[str]
    who: str
    detached: bool
    started_ns: int
    ended_ns: int | None
    code: int | None
    signal: str | None


class Runs(TypedDict):
    """One-offs, newest first."""

    runs: list[Run]
    next: str | None


class Resource(TypedDict):
    """A backing service's part that Twelve made; its URL is masked."""

    name: str
    kind: str
    created_ns: int
    url: str


class Attachment(TypedDict):
    """A URL that a deploy holds under a variable."""

    app: str
    deploy: str
    variable: str
    resource: str
    url: str


class Resources(TypedDict):
    """Every resource that Twelve made, and every attachment."""

    resources: list[Resource]
    attachments: list[Attachment]
