"""The proposal: services that are built become process types, databases resources."""

import json
import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from twelve.errors import Invalid
from twelve.factors.processes.types import type_problem
from twelve.manifest.compose.dockerfile import command_of, packages_of
from twelve.manifest.compose.environment import (
    PROXIES,
    Surroundings,
    bare,
    kind_of_image,
    read_environment,
)
from twelve.manifest.compose.service import Service, read_service
from twelve.manifest.outline import Outline, Read
from twelve.manifest.table import Faults, below
from twelve.manifest.writing import render_procfile, render_twelve_toml
from twelve.picture.yaml_reader import Node, read_yaml

FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""In the order in which compose looks for them."""
HINT = "mend it, or write Procfile and twelve.toml by hand; nothing was written"
WEB = "web"
TOP = {"version", "name", "services", "networks", "volumes"}

Name = Callable[[str], str]
"""The name of the app of a folder."""


class App(NamedTuple):
    """The services that are built from one folder."""

    name: str
    folder: str
    services: list[Service]


def from_compose(file: str, read: Read, name: Name) -> Outline:
    """The files that say the same as a compose file, and what has no counterpart.

    Services of several folders are several apps. Raises Invalid that names every fault.
    """
    faults = Faults()
    services = read_services(file, read(file) or b"", faults)
    built = [service for service in services if service.context is not None]
    if not built and not faults.found:
        faults.add(f"{file}: services", "none of them is built from this repository")
    check_file(faults)
    apps = apps_of(built, name)
    files: dict[str, str] = {}
    for app in apps:
        files |= propose(app, surroundings(app, apps, services), read, faults)
    if len(apps) > 1:
        lines = "".join(f"{app.name} = {json.dumps(app.folder)}\n" for app in apps)
        own = files.get("twelve.toml", "")
        files["twelve.toml"] = f"{own}\n[apps]\n{lines}" if own else f"[apps]\n{lines}"
    note_others(services, faults)
    check_file(faults)
    return Outline(files, tuple(faults.notes))


def check_file(faults: Faults) -> None:
    """Raises Invalid for all faults at once."""
    if faults.found:
        raise Invalid(faults.found[0], HINT, problems=tuple(faults.found[1:]))


def read_services(file: str, data: bytes, faults: Faults) -> list[Service]:
    """Every service of the file but those of a profile."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        faults.add(f"{file}:{line}", "is not UTF-8: save the file as UTF-8")
        return []
    documents, broken = read_yaml(file, text)
    if broken:
        faults.add(f"{file}:{broken.line}" if broken.line else file, f"is not YAML: {broken.why}")
        return []
    top = documents[0] if documents else Node(None, 0)
    for key, node in top.pairs:
        if key == "include":
            faults.add(f"{file}: include", "is not followed: docker compose config puts all in one")
        elif key not in TOP and not key.startswith("x-"):
            faults.note(f"{file}: {key}", f"is not used (line {node.line})")
    if not top.get("services").pairs:
        faults.add(f"{file}: services", "there is none")
    found = [
        read_one(name, node, f"{file}: services/{name}", faults)
        for name, node in top.get("services").pairs
    ]
    return [service for service in found if service]


def read_one(name: str, node: Node, place: str, faults: Faults) -> Service | None:
    """A service; None for one of a profile, or what is none."""
    if not node.pairs:
        faults.add(place, "is not a table")
        return None
    if profiles := [item.text for item in node.get("profiles").items]:
        faults.note(place, f"is of profile {', '.join(profiles)} only: left out")
        return None
    # Of what is not built here only its name and image matter.
    ours = node.get("build").value is not None
    return read_service(name, node, place, faults if ours else Faults())


def apps_of(built: list[Service], name: Name) -> list[App]:
    """One app a folder, in the order of the file."""
    folders = dict.fromkeys(service.context or "." for service in built)
    return [
        App(name(folder), folder, [service for service in built if service.context == folder])
        for folder in folders
    ]


def surroundings(app: App, apps: list[App], services: list[Service]) -> Surroundings:
    """What the variables of an app may point at."""
    kinds = {
        service.name: kind for service in services if (kind := kind_of_image(service.image))
    } | {
        service.name: f"app:{other.name}"
        for other in apps
        if other is not app
        for service in other.services
    }
    own = frozenset(service.name for service in app.services)
    strange = {service.name for service in services} - own - kinds.keys()
    return Surroundings(kinds, own, frozenset(strange))


def propose(app: App, around: Surroundings, read: Read, faults: Faults) -> dict[str, str]:
    """Procfile and twelve.toml of one app."""
    before = {name for service in app.services for name in service.waited_for}
    release, commands, said = "", dict[str, str](), dict[str, Mapping[str, Any]]()
    for service in app.services:
        command = service_command(app, service, read, faults)
        if service.name in before:
            release = f"{release} && {command}" if release else command
            continue
        kind = type_of(service, app.services, before, faults)
        commands[kind] = with_port(command, service, faults) if kind == WEB else command
        # Only what is given a port can be asked.
        said[kind] = {k: v for k, v in service.said.items() if kind == WEB or k != "health"}
    found = read_environment(app.services, around, faults)
    toml = render_twelve_toml(
        app=app.name if app.folder == "." else "",
        processes={kind: keys for kind, keys in said.items() if keys},
        config={n: d for n, d in found.config.items() if n not in found.resources},
        resources=found.resources,
    )
    texts = {"Procfile": render_procfile(commands, release), "twelve.toml": toml}
    for path in dict.fromkeys(
        posixpath.normpath(f"{app.folder}/{s.dockerfile}") for s in app.services
    ):
        if packages := packages_of(read(path) or b""):
            faults.note(
                path,
                f"installs {', '.join(packages)}: name in [build] packages what the app needs",
            )
    return {
        posixpath.normpath(f"{app.folder}/{file}"): text for file, text in texts.items() if text
    }


def service_command(app: App, service: Service, read: Read, faults: Faults) -> str:
    """What it runs: of the compose file, else of its Dockerfile."""
    path = posixpath.normpath(f"{app.folder}/{service.dockerfile}")
    entrypoint, command = command_of(read(path) or b"")
    # An entrypoint of the compose file takes the image's command away.
    command = service.command or ("" if service.entrypoint else command)
    whole = f"{service.entrypoint or entrypoint} {command}".strip()
    if not whole:
        faults.add(service.place, f"has no command, and {path} says none: write command: …")
    if whole.startswith("/"):
        faults.note(service.place, f"{whole.split()[0]} is a path of the image: is it here too?")
    return whole


def type_of(service: Service, services: list[Service], before: set[str], faults: Faults) -> str:
    """The process type: web for the one that publishes a port, else the service's own name."""
    facing = [each for each in services if each.ports and each.name not in before]
    names = {each.name for each in services}
    if facing == [service] and WEB not in names:
        faults.note(service.place, "publishes a port: it is the type web")
        return WEB
    if fault := type_problem(service.name):
        faults.add(service.place, f"{service.name!r} {fault}")
    elif service in facing and service.name != WEB:
        faults.note(
            service.place,
            f"publishes a port too: [processes.{service.name}] route = true routes it",
        )
    return service.name


def with_port(command: str, service: Service, faults: Faults) -> str:
    """The command listening where Twelve says, as far as its text shows where it listens."""
    port = service.ports[0] if service.ports else ""
    if "$PORT" in command or "${PORT" in command:
        return command
    changed = re.sub(rf"(?<![\w.]){port}(?!\w)", "$PORT", command) if port.isdigit() else command
    if changed == command:
        faults.note(below(service.place, "command"), "does not say a port: it must listen on $PORT")
        return command
    changed = changed.replace("0.0.0.0", "$HOST")
    faults.note(below(service.place, "command"), f"{port} became $PORT, and 0.0.0.0 $HOST")
    return changed


def note_others(services: list[Service], faults: Faults) -> None:
    """The services that are neither built here nor made by Twelve."""
    for service in services:
        if service.context is not None or kind_of_image(service.image):
            continue
        name = bare(service.image)
        if name in PROXIES:
            faults.note(service.place, f"{name} is not needed: the router sends requests to web")
        else:
            faults.note(
                service.place,
                f"{name or 'it'} is not made by Twelve: attach what it stands for by its URL",
            )
