"""twelve.toml: what a Procfile cannot say."""

import difflib
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

from twelve.errors import Invalid
from twelve.factors.config.contract import Declared, typed_problem
from twelve.factors.config.names import name_problem, reserved_problem
from twelve.factors.processes.types import ProcessType, type_problem
from twelve.factors.resources.kinds import kind_of
from twelve.manifest import schema
from twelve.manifest.apps import check_apps
from twelve.manifest.model import Build, Schedule
from twelve.manifest.table import Faults, as_table, below, read_keys, shown, unknown
from twelve.manifest.values import app_name

SOURCE = "twelve.toml"


class TwelveToml(NamedTuple):
    """The file, key by key; ``processes`` holds only what is said, so that others may add to it."""

    app: str = ""
    build: Build = Build()
    release_command: str = ""
    processes: Mapping[str, Mapping[str, Any]] = {}
    schedule: Mapping[str, Schedule] = {}
    config: Mapping[str, Declared] = {}
    resources: Mapping[str, str] = {}


def read_twelve_toml(data: bytes, faults: Faults) -> TwelveToml:
    """What is fine in the file; everything else is added to the faults."""
    top = _parsed(data, faults)
    for name in top:
        if name not in schema.TOP:
            faults.add(f"{SOURCE}: {name}", unknown(name, schema.TOP))
    config = _config(top.get("config", {}), faults)
    check_apps(top.get("apps", {}), faults)
    return TwelveToml(
        app=_app(top, faults),
        build=Build(**_keys(top, "build", faults)),
        release_command=_keys(top, "release", faults).get("command", ""),
        processes=_processes(top.get("processes", {}), faults),
        schedule=_schedule(top.get("schedule", {}), faults),
        config=config,
        resources=_resources(top.get("resources", {}), config, faults),
    )


def process_type(
    name: str, command: str, said: Mapping[str, Any], place: str, faults: Faults
) -> ProcessType:
    """The type with what was said about it, and defaults that go with its name."""
    route = said.get("route", name == "web")
    port = said.get("port", route or name == "web")
    if not port:
        for key in ("route", "health", "liveness"):
            if said.get(key) or (key == "route" and route):
                faults.add(below(place, key), "needs a port: write port = true, or drop it")
    fields = {**said, "command": command, "route": route, "port": port}
    return ProcessType(name=name, **fields)


def _parsed(data: bytes, faults: Faults) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        faults.add(f"{SOURCE}:{line}", "is not UTF-8: save the file as UTF-8")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        faults.add(SOURCE, f"is not TOML: {error}")
    return {}


def _keys(top: Mapping[str, Any], table: str, faults: Faults) -> dict[str, Any]:
    return read_keys(top.get(table, {}), schema.TABLES[table], f"{SOURCE}: {table}", faults)


def _app(top: Mapping[str, Any], faults: Faults) -> str:
    try:
        return app_name(top["app"]) if "app" in top else ""
    except ValueError as error:
        faults.add(f"{SOURCE}: app", f"{shown(top['app'])} {error}")
        return ""


def _processes(table: object, faults: Faults) -> dict[str, dict[str, Any]]:
    place = f"{SOURCE}: processes"
    found = {}
    for name, said in as_table(table, place, faults).items():
        if name == "release":
            faults.add(below(place, name), 'is no process type: write [release] command = "…"')
        elif fault := type_problem(name):
            faults.add(place, f"{name!r} {fault}")
        else:
            found[name] = read_keys(said, schema.PROCESS, below(place, name), faults)
    return found


def _schedule(table: object, faults: Faults) -> dict[str, Schedule]:
    place = f"{SOURCE}: schedule"
    found = {}
    for name, said in as_table(table, place, faults).items():
        here = below(place, name)
        if fault := type_problem(name):
            faults.add(place, f"{name!r} {fault.replace('process type', 'schedule')}")
            continue
        before = len(faults.found)
        values = read_keys(said, schema.SCHEDULE, here, faults)
        missing = [key for key in ("cron", "command") if key not in values]
        if missing and len(faults.found) == before:
            faults.add(here, f"has no {' and no '.join(missing)}")
        elif not missing:
            found[name] = Schedule(name=name, **values)
    return found


def _config(table: object, faults: Faults) -> dict[str, Declared]:
    place = f"{SOURCE}: config"
    found = {}
    for name, said in as_table(table, place, faults).items():
        if fault := name_problem(name) or reserved_problem(name):
            faults.add(place, f"{name!r} {fault}")
        elif not isinstance(said, dict):
            faults.add(below(place, name), f"is not a table: write [config.{name}] default = …")
        else:
            found[name] = _declared(said, below(place, name), faults)
    return found


def _declared(said: Mapping[str, Any], place: str, faults: Faults) -> Declared:
    values = read_keys(said, schema.CONFIG, place, faults)
    default = values.get("default")
    if "type" not in values:
        values["type"] = _type_of(said.get("default"))
    if values.get("generate"):
        values["secret"] = True
        if values["type"] != "str" or values.get("choices"):
            faults.add(below(place, "generate"), "what is made up is random text: drop it")
    declared = Declared(**{"required": default is None, **values})
    if default is not None and declared.secret:
        faults.add(below(place, "default"), "a secret has none; write build = … for build hooks")
    for key, value in (("default", default), *(("choices", c) for c in declared.choices)):
        if value is not None and (fault := typed_problem(declared, value)):
            faults.add(below(place, key), f"{value!r} {fault}")
    return declared


def _type_of(default: object) -> str:
    """A default that TOML knows as a number or a truth value says the type."""
    types = {bool: "bool", int: "int", float: "float"}
    return types.get(type(default), "str")


def _resources(table: object, config: Mapping[str, Declared], faults: Faults) -> dict[str, str]:
    place = f"{SOURCE}: resources"
    found = {}
    for name, kind in as_table(table, place, faults).items():
        here = below(place, name)
        if fault := name_problem(name) or reserved_problem(name):
            faults.add(place, f"{name!r} {fault}")
        elif name in config:
            faults.add(here, "is declared under [config] too: keep one of them")
        elif not isinstance(kind, str):
            faults.add(here, f'{shown(kind)} is not a kind of resource: write "postgres"')
        else:
            try:
                found[name] = kind_of(kind, here).name
            except Invalid as error:
                faults.add(here, f"{error.message.removeprefix(f'{here}: ')}; {error.hint}")
    return found


def nearest(name: str, known: Mapping[str, object]) -> str:
    """``; did you mean web?``, or nothing."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
