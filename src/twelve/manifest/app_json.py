"""app.json: what is there for Heroku and means the same here."""

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


class AppJson(NamedTuple):
    """What was found."""

    quantities: Mapping[str, int] = {}
    config: Mapping[str, Declared] = {}
    resources: Mapping[str, str] = {}


def read_app_json(data: bytes, faults: Faults) -> AppJson:
    """What is fine in the file; keys that are none of ours are Heroku's and left alone."""
    try:
        top = json.loads(data)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        faults.add(f"{SOURCE}:{line}" if line else SOURCE, "is not JSON: mend it, or remove it")
        return AppJson()
    top = as_table(top, SOURCE, faults)
    for name in as_table(top.get("scripts", {}), f"{SOURCE}: scripts", faults):
        faults.note(f"{SOURCE}: scripts/{name}", "is not run: run it once with twelve run -- …")
    return AppJson(
        quantities=_quantities(top.get("formation", {}), faults),
        config=_config(top.get("env", {}), faults),
        resources=_resources(top.get("addons", []), faults),
    )


def _quantities(table: object, faults: Faults) -> dict[str, int]:
    place = f"{SOURCE}: formation"
    found = {}
    for name, said in as_table(table, place, faults).items():
        here = below(place, name)
        number = as_table(said, here, faults).get("quantity", 1)
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
    secret = said.get("generator") == "secret" or looks_secret(name, str(value or ""))
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
        description=description if isinstance(description, str) else "",
    )


def _resources(addons: object, faults: Faults) -> dict[str, str]:
    found = {}
    for addon in addons if isinstance(addons, list) else []:
        said = addon if isinstance(addon, dict) else {"plan": addon}
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
