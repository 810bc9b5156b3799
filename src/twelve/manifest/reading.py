"""All files together: who has the say where several speak of one thing."""

from collections.abc import Callable, Mapping
from typing import Any

from twelve.errors import Invalid
from twelve.factors.config.contract import Declared, build_values
from twelve.factors.processes.command import command_problem
from twelve.factors.processes.types import ProcessType
from twelve.factors.resources.kinds import kind_of
from twelve.manifest import app_json, env_example, twelve_toml
from twelve.manifest.app_json import AppJson, read_app_json
from twelve.manifest.env_example import read_env_example
from twelve.manifest.model import Manifest
from twelve.manifest.procfile import RELEASE, Line, read_procfile
from twelve.manifest.table import Faults
from twelve.manifest.twelve_toml import TwelveToml, nearest, process_type, read_twelve_toml

PROCFILE = "Procfile"
HINT = "docs/reference/manifest.md explains every key; nothing was done"

Read = Callable[[str], bytes | None]


def read_manifest(read: Read, procfile: str = PROCFILE) -> Manifest:
    """The manifest of a codebase; ``read`` gives a file's bytes by its name, None if there is none.

    Raises Invalid that names every fault of every file.
    """
    faults = Faults()
    lines = _procfile(read(procfile), procfile, faults)
    toml_data, json_data = read(twelve_toml.SOURCE), read(app_json.SOURCE)
    toml = TwelveToml() if toml_data is None else read_twelve_toml(toml_data, faults)
    heroku = AppJson() if json_data is None else read_app_json(json_data, faults)
    resources = {**heroku.resources, **toml.resources}
    contract = _contract(toml, heroku, read, faults)
    manifest = Manifest(
        app=toml.app,
        build=toml.build,
        release_command=_release_command(lines, toml, procfile, faults),
        processes=_processes(lines, toml, heroku, procfile, faults),
        schedule=toml.schedule,
        contract={name: d for name, d in contract.items() if name not in resources},
        resources=resources,
        notes=tuple(faults.notes),
    )
    if faults.found:
        raise Invalid(faults.found[0], HINT, problems=tuple(faults.found[1:]))
    return manifest


def build_variables(manifest: Manifest) -> dict[str, str]:
    """What build hooks see for every variable of the contract and every resource."""
    resources = {
        name: kind_of(kind).placeholder for name, kind in sorted(manifest.resources.items())
    }
    return build_values(manifest.contract, resources)


def _procfile(data: bytes | None, source: str, faults: Faults) -> dict[str, Line]:
    lines, problems = read_procfile(data or b"", source)
    faults.found.extend(problems)
    for name, line in lines.items():
        if fault := command_problem(line.command):
            faults.add(f"{source}:{line.line}", f"{name} {fault}: mend it, or write a script")
    return lines


def _release_command(
    lines: Mapping[str, Line], toml: TwelveToml, procfile: str, faults: Faults
) -> str:
    if RELEASE in lines and toml.release_command:
        faults.add(
            f"{twelve_toml.SOURCE}: release/command",
            f"{procfile}:{lines[RELEASE].line} has one too: keep one of them",
        )
    return lines[RELEASE].command if RELEASE in lines else toml.release_command


def _processes(
    lines: Mapping[str, Line], toml: TwelveToml, heroku: AppJson, procfile: str, faults: Faults
) -> dict[str, ProcessType]:
    commands = {name: line.command for name, line in lines.items() if name != RELEASE}
    found = {}
    for name in [*commands, *(name for name in toml.processes if name not in commands)]:
        place = f"{twelve_toml.SOURCE}: processes/{name}"
        said: dict[str, Any] = dict(toml.processes.get(name, {}))
        command = said.pop("command", "")
        if command and name in commands:
            faults.add(
                f"{place}/command",
                f"{procfile}:{lines[name].line} has one too: keep one of them",
            )
        elif not command and name not in commands and not faults.has(f"{place}/command"):
            faults.add(place, f"has no command, here or in the Procfile{nearest(name, commands)}")
        if name in heroku.quantities:
            said.setdefault("quantity", heroku.quantities[name])
        found[name] = process_type(name, commands.get(name, command), said, place, faults)
    for name in heroku.quantities:
        if name not in found:
            faults.note(f"{app_json.SOURCE}: formation/{name}", "there is no such process type")
    return found


def _contract(
    toml: TwelveToml, heroku: AppJson, read: Read, faults: Faults
) -> Mapping[str, Declared]:
    """That of twelve.toml when it declares any; else app.json's, and .env.example's beside it."""
    if toml.config:
        return toml.config
    data = read(env_example.SOURCE)
    return {**(read_env_example(data, faults) if data else {}), **heroku.config}
