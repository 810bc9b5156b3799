"""app.json: what is there for Heroku and means the same here."""

import difflib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from twelve.factors.concurrency.formation import quantity_problem
from twelve.factors.config.contract import Declared
from twelve.factors.config.names import name_problem, reserved_problem
from twelve.factors.config.secret import looks_secret
from twelve.factors.resources.kinds import RESOURCE_KINDS
from twelve.manifest.table import Faults, as_table, below, shown

SOURCE = "app.json"

ADDONS = {
    "heroku-postgresql": "postgres",
    "heroku-redis": "redis",
    "heroku-key-value-store": "redis",
    "rediscloud": "redis",
    "redistogo": "redis",
}
"""Add-on service to kind of resource; ``:plan`` is left off."""


HONOURED = ("env", "formation", "addons", "scripts")
FOR_PEOPLE = (*("name", "description", "keywords", "website", "repository", "logo", "success_url"),)
UNUSED = {
    "buildpacks": "the build follows the files of the codebase; Aptfile names system packages",
    "stack": "programs are those of this machine; .python-version and .nvmrc ask for others",
    "image": "no container is made",
    "environments": "each deploy has a config of its own: twelve config set -a APP/DEPLOY",
}
"""Keys of Heroku that mean nothing here, and what takes their place."""

ENV_KEYS = ("value", "required", "generator", "description")
TYPE_KEYS = ("quantity",)
ADDON_KEYS = ("plan", "as")


class AppJson(NamedTuple):
    """What was found."""

    quantities: Mapping[str, int] = {}
    config: Mapping[str, Declared] = {}
    resources: Mapping[str, str] = {}


def read_app_json(data: bytes, faults: Faults) -> AppJson:
    """What is fine in the file; what means nothing here is noted, key by key."""
    try:
        top = json.loads(data)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        faults.add(f"{SOURCE}:{line}" if line else SOURCE, "is not JSON: mend it, or remove it")
        return AppJson()
    top = as_table(top, SOURCE, faults)
    _note_unused(top, faults)
    for name in as_table(top.get("scripts", {}), f"{SOURCE}: scripts", faults):
        faults.note(f"{SOURCE}: scripts/{name}", "is not run: run it once with twelve run -- …")
    return AppJson(
        quantities=_quantities(top.get("formation", {}), faults),
        config=_config(top.get("env", {}), faults),
        resources=_resources(top.get("addons", []), faults),
    )


def _note_unused(top: Mapping[str, Any], faults: Faults) -> None:
    """Everything in the file is honoured, or named here as not used."""
    if people := [name for name in FOR_PEOPLE if name in top]:
        faults.note(SOURCE, f"{', '.join(people)}: for people, not used")
    known = (*HONOURED, *FOR_PEOPLE, *UNUSED)
    for name, said in top.items():
        if name in UNUSED and said not in ([], {}, "", None):
            faults.note(f"{SOURCE}: {name}", f"is not used: {UNUSED[name]}")
        elif name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            faults.note(f"{SOURCE}: {name}", f"is no key of app.json, and not used{meant}")


def _note_others(
    said: Mapping[str, Any], known: tuple[str, ...], place: str, faults: Faults
) -> None:
    for name in said:
        if name not in known:
            faults.note(below(place, name), "is not used")


def _quantities(table: object, faults: Faults) -> dict[str, int]:
    place = f"{SOURCE}: formation"
    found = {}
    for name, row in as_table(table, place, faults).items():
        here = below(place, name)
        said = as_table(row, here, faults)
        if "size" in said:
            faults.note(below(here, "size"), "is not used: say memory and cpus in twelve.toml")
        _note_others(said, (*TYPE_KEYS, "size"), here, faults)
        number = said.get("quantity", 1)
        if isinstance(number, bool) or not isinstance(number, int) or quantity_problem(number):
            faults.add(below(here, "quantity"), f"{shown(number)} is not a quantity")
        else:
            found[name] = number
    return found


def _config(table: object, faults: Faults) -> dict[str, Declared]:
    place = f"{SOURCE}: env"
    found = {}
    for name, said in as_table(table, place, faults).items():
        here = below(place, name)
        if fault := name_problem(name):
            faults.add(place, f"{name!r} {fault}")
        elif fault := reserved_problem(name):
            faults.note(here, fault)
        elif isinstance(said, str):
            found[name] = _declared(name, {"value": said}, here, faults)
        else:
            found[name] = _declared(name, as_table(said, here, faults), here, faults)
    return found


def _declared(name: str, said: Mapping[str, Any], place: str, faults: Faults) -> Declared:
    value, description = said.get("value"), said.get("description", "")
    generate = said.get("generator") == "secret"
    if said.get("generator") and not generate:
        faults.note(below(place, "generator"), f"{shown(said['generator'])} is not known: not used")
    _note_others(said, ENV_KEYS, place, faults)
    secret = generate or looks_secret(name, str(value or ""))
    required = said.get("required", True)
    if not isinstance(required, bool):
        # Heroku's own examples have it as a text now and then.
        required = str(required).lower() != "false"
    if value and secret:
        faults.note(place, "its value is for build hooks only: it looks like a secret")
    return Declared(
        required=required and (value is None or secret),
        secret=secret,
        default=None if value is None or secret else str(value),
        build=str(value) if value and secret else None,
        generate=generate and not value,
        description=description if isinstance(description, str) else "",
    )


def _resources(addons: object, faults: Faults) -> dict[str, str]:
    found: dict[str, str] = {}
    if not isinstance(addons, list):
        faults.add(f"{SOURCE}: addons", f"{shown(addons)} is not a list")
        return found
    for addon in addons:
        said = addon if isinstance(addon, dict) else {"plan": addon}
        _note_others(said, ADDON_KEYS, f"{SOURCE}: addons/{said.get('plan', '')}", faults)
        plan, prefix = str(said.get("plan", "")), said.get("as")
        kind = ADDONS.get(plan.partition(":")[0])
        if kind is None:
            faults.note(f"{SOURCE}: addons", f"{plan} is not known: attach what it stands for")
            continue
        variable = f"{prefix}_URL" if isinstance(prefix, str) else RESOURCE_KINDS[kind].variable
        if fault := name_problem(variable):
            faults.add(f"{SOURCE}: addons", f"{variable!r} {fault}")
        else:
            found[variable] = kind
    return found
