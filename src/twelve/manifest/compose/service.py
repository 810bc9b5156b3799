"""A service of a compose file: what is taken over of it, what is refused, what is named."""

import posixpath
import re
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from twelve.factors.concurrency.formation import quantity_problem
from twelve.manifest.table import Faults, below
from twelve.manifest.values import stop_signal
from twelve.picture.yaml_reader import Node
from twelve.units import size, text_of_size

NOT_NEEDED = frozenset(
    {"container_name", "restart", "networks", "links", "expose", "init", "hostname", "logging"}
    | {"pull_policy", "platform", "stdin_open", "tty", "labels", "annotations", "external_links"}
    | {"depends_on", "image", "build", "command", "entrypoint", "environment", "env_file", "ports"}
    | {
        "healthcheck",
        "deploy",
        "scale",
        "mem_limit",
        "cpus",
        "pids_limit",
        "stop_signal",
        "volumes",
    }
    | {"stop_grace_period", "profiles", "ulimits", "develop"}
)
"""Keys that are taken over, or that Twelve has no need of: its router, log and restarts do that."""
REFUSED = {
    "extends": "docker compose config > compose.resolved.yml puts everything into one file",
}
NOTHING = frozenset({"", "~", "null"})


class Variable(NamedTuple):
    """A variable of a service's environment; ``value`` is None where whoever calls gives it."""

    name: str
    value: str | None
    place: str


class Service(NamedTuple):
    """One service."""

    name: str
    place: str
    image: str
    context: str | None
    """The folder that it is built from; None when it is an image of somebody else's."""
    dockerfile: str
    entrypoint: str
    command: str
    environment: tuple[Variable, ...]
    env_files: tuple[str, ...]
    ports: tuple[str, ...]
    """Inside the container."""
    waited_for: tuple[str, ...]
    """Services whose end this one waits for: they run before it starts."""
    said: Mapping[str, Any]
    """Keys of a process type."""


def read_service(name: str, node: Node, place: str, faults: Faults) -> Service:
    """What is fine in it; the rest is added to the faults, what is not used to the notes."""
    for key, value in node.pairs:
        if key in REFUSED:
            faults.add(below(place, key), f"is not followed: {REFUSED[key]}")
        elif key not in NOT_NEEDED and not key.startswith("x-"):
            faults.note(below(place, key), f"is not used (line {value.line})")
    for item in node.get("volumes").items:
        mounted(item, below(place, "volumes"), faults)
    build = node.get("build")
    context = build.text or build.get("context").text or ("." if build.pairs else None)
    return Service(
        name=name,
        place=place,
        image=node.get("image").text,
        context=None if context is None else folder(context, below(place, "build"), faults),
        dockerfile=build.get("dockerfile").text or "Dockerfile",
        entrypoint=words(node.get("entrypoint")),
        command=words(node.get("command")),
        environment=variables(node.get("environment"), below(place, "environment")),
        env_files=env_files(node.get("env_file")),
        ports=ports(node.get("ports")),
        waited_for=waited_for(node.get("depends_on")),
        said=keys_of_type(node, place, faults) | health(node.get("healthcheck"), place, faults),
    )


def mounted(node: Node, place: str, faults: Faults) -> None:
    """A volume: the codebase itself is there anyway, anything else is not kept."""
    source, target = node.get("source").text, node.get("target").text
    if node.text:
        source, _, target = node.text.partition(":")
    if posixpath.normpath(source or "x") != ".":
        where = target.partition(":")[0] or source
        faults.note(place, f"{where} is not kept: what outlives a process belongs in a resource")


def health(node: Node, place: str, faults: Faults) -> dict[str, str]:
    """The path that a health check asks the service itself for."""
    test = node.get("test")
    text = " ".join(item.text for item in test.items) or test.text
    found = re.search(r"https?://(?:localhost|127\.0\.0\.1)(?::\d+)?(/[!-~]*)", text)
    if found:
        return {"health": found[1].rstrip("'\";)")}
    if text:
        faults.note(below(place, "healthcheck"), "asks no path: not used; any answer is ready")
    return {}


def folder(text: str, place: str, faults: Faults) -> str:
    """A build's context as a folder of the repository."""
    path = posixpath.normpath(text)
    if "://" in text or path.startswith(("/", "..", "$")):
        faults.add(place, f"{text!r} is not a folder of this repository")
        return "."
    return path


def words(node: Node) -> str:
    """A command as people write it; compose's ``$$`` is one dollar."""
    text = shlex.join(item.text for item in node.items) if node.items else node.text
    return "" if text in NOTHING else " ".join(text.replace("$$", "$").split("\n")).strip()


def variables(node: Node, place: str) -> tuple[Variable, ...]:
    """The environment, of both ways to write it."""
    if node.items:
        found = []
        for item in node.items:
            name, equals, value = item.text.partition("=")
            found.append(Variable(name, value if equals else None, below(place, name)))
        return tuple(found)
    return tuple(
        Variable(name, None if value.text in NOTHING else value.text, below(place, name))
        for name, value in node.pairs
    )


def env_files(node: Node) -> tuple[str, ...]:
    """The files of variables that it names."""
    entries = node.items or [node]
    return tuple(text for entry in entries if (text := entry.text or entry.get("path").text))


def ports(node: Node) -> tuple[str, ...]:
    """The ports inside the container that it publishes."""
    texts = (item.text or item.get("target").text for item in node.items)
    return tuple(re.split(r"[:]", text)[-1].partition("/")[0] for text in texts if text)


def waited_for(node: Node) -> tuple[str, ...]:
    """The services that must have ended well before."""
    return tuple(
        name
        for name, said in node.pairs
        if said.get("condition").text == "service_completed_successfully"
    )


def keys_of_type(node: Node, place: str, faults: Faults) -> dict[str, Any]:
    """The keys of a process type that say the same."""
    limits = node.get("deploy", "resources", "limits")
    found: dict[str, Any] = {}
    for key, said, at, parse in (
        ("quantity", node.get("deploy", "replicas"), "deploy/replicas", number),
        ("quantity", node.get("scale"), "scale", number),
        ("memory", limits.get("memory"), "deploy/resources/limits/memory", memory),
        ("memory", node.get("mem_limit"), "mem_limit", memory),
        ("cpus", limits.get("cpus"), "deploy/resources/limits/cpus", float),
        ("cpus", node.get("cpus"), "cpus", float),
        ("pids", limits.get("pids"), "deploy/resources/limits/pids", int),
        ("pids", node.get("pids_limit"), "pids_limit", int),
        ("nofile", ulimit(node.get("ulimits", "nofile")), "ulimits/nofile", int),
        ("grace", node.get("stop_grace_period"), "stop_grace_period", seconds),
        ("stop_signal", node.get("stop_signal"), "stop_signal", signal_name),
    ):
        if said.text:
            try:
                found[key] = parse(said.text)
            except ValueError:
                faults.add(below(place, at), f"{said.text!r} is not understood: write it out")
    return found


def ulimit(node: Node) -> Node:
    """One number, or the soft one of two."""
    return node if node.text else node.get("soft")


def number(text: str) -> int:
    """How many."""
    if quantity_problem(int(text)):
        raise ValueError("too many")
    return int(text)


def memory(text: str) -> str:
    """Compose's units are binary, as ours."""
    return text_of_size(size(text))


def signal_name(text: str) -> str:
    """As ``SIGINT`` or ``INT``."""
    return stop_signal(text).removeprefix("SIG")


def seconds(text: str) -> float:
    """``1m30s`` as seconds."""
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", text)
    if not found or not any(found.groups()):
        raise ValueError("no duration")
    hours, minutes, whole, thousandths = (int(part or 0) for part in found.groups())
    total = hours * 3600 + minutes * 60 + whole + thousandths / 1000
    return int(total) if total == int(total) else total
