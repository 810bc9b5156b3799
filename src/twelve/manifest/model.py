"""The manifest: what an app's codebase says about itself, as one value."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from twelve.factors.config.contract import Declared
from twelve.factors.processes.types import ProcessType

Row = TypeVar("Row", bound=tuple[Any, ...])


class Build(NamedTuple):
    """What the build does beyond what the files ask for by themselves."""

    hooks: tuple[str, ...] = ()
    collectstatic: bool = True
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    member: str = ""
    packages: tuple[str, ...] = ()


class Schedule(NamedTuple):
    """A one-off by the clock."""

    name: str
    cron: str
    command: str
    timezone: str = "UTC"
    catch_up: bool = False


class Manifest(NamedTuple):
    """Procfile, twelve.toml, app.json and .env.example together.

    ``app`` is empty when nothing names the app. ``resources`` maps a variable to a resource kind.
    ``notes`` are sentences for the user about what was read and not followed.
    """

    app: str = ""
    build: Build = Build()
    release_command: str = ""
    processes: Mapping[str, ProcessType] = {}
    schedule: Mapping[str, Schedule] = {}
    contract: Mapping[str, Declared] = {}
    resources: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()


ROWS: dict[str, type[ProcessType | Schedule | Declared]] = {
    "processes": ProcessType,
    "schedule": Schedule,
    "contract": Declared,
}
"""The tables whose entries are values of ours."""


def to_plain(manifest: Manifest) -> dict[str, Any]:
    """The manifest as JSON takes it."""
    plain: dict[str, Any] = manifest._asdict()
    plain["build"] = _plain_row(manifest.build)
    plain["notes"] = list(manifest.notes)
    plain["resources"] = dict(manifest.resources)
    for table in ROWS:
        plain[table] = {name: _plain_row(row) for name, row in plain[table].items()}
    return plain


def from_plain(plain: Mapping[str, Any]) -> Manifest:
    """The manifest from ``to_plain``; what an older Twelve did not write has its default."""
    tables = {
        table: {name: _row(kind, fields) for name, fields in plain.get(table, {}).items()}
        for table, kind in ROWS.items()
    }
    return _row(Manifest, {**plain, **tables, "build": _row(Build, plain.get("build", {}))})


def _plain_row(row: tuple[Any, ...]) -> dict[str, Any]:
    fields: dict[str, Any] = row._asdict()  # type: ignore[attr-defined]  # every row is a NamedTuple
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()
    }


def _row(kind: type[Row], fields: Mapping[str, Any]) -> Row:
    names: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]  # likewise
    known = {name: fields[name] for name in names if name in fields}
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in known.items()})
