"""A service's environment: what becomes config, what a resource, and what has no counterpart."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from twelve.factors.config.contract import Declared
from twelve.factors.config.names import name_problem, reserved_problem
from twelve.factors.config.secret import looks_secret
from twelve.factors.resources.kinds import RESOURCE_KINDS
from twelve.manifest.compose.service import Service, Variable
from twelve.manifest.table import Faults

IMAGES = {
    **dict.fromkeys(("postgres", "postgis", "timescaledb", "pgvector", "postgresql"), "postgres"),
    **dict.fromkeys(("redis", "valkey", "keydb", "redis-stack"), "redis"),
}
"""The last word of an image's name to the kind of resource that takes its place."""
PROXIES = frozenset({"nginx", "traefik", "caddy", "haproxy", "envoy", "nginx-proxy", "httpd"})

_WHOLE = re.compile(r"\$\{(\w+)(?:(:?[-?])(.*))?\}|\$(\w+)", re.DOTALL)
_REFERENCE = re.compile(r"(?<!\$)\$(\{|\w)")
_ADDRESS = re.compile(r"(?:(\w[\w+.-]*)://)?(?:[^/@\s]*@)?([\w.-]+)(?::\d+)?(?:[/?].*)?\Z")


class Surroundings(NamedTuple):
    """The other services, as a variable may point at them."""

    kinds: Mapping[str, str]
    """Service to kind of resource, or to ``app:NAME`` for another app of the repository."""
    own: frozenset[str]
    """The services of the app itself."""
    strange: frozenset[str]
    """Services that Twelve cannot make."""


class Found(NamedTuple):
    """What the variables of an app's services come to."""

    config: dict[str, Declared]
    resources: dict[str, str]


def kind_of_image(image: str) -> str:
    """``postgres`` of ``docker.io/bitnami/postgresql:16``; empty for what is none of ours."""
    return IMAGES.get(bare(image), "")


def bare(image: str) -> str:
    """The last word of an image's name."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()


def read_environment(services: list[Service], around: Surroundings, faults: Faults) -> Found:
    """The variables of all processes together: config is that of the deploy, not of a process."""
    found = Found({}, {})
    seen: dict[str, Variable] = {}
    for service in services:
        for variable in service.environment:
            name = variable.name
            if fault := name_problem(name):
                faults.add(service.place, f"environment: {name!r} {fault}")
            elif name in seen and seen[name].value != variable.value:
                faults.add(
                    variable.place,
                    "has another value in another service: config is one for all processes of a "
                    "deploy, so give one of them a name of its own",
                )
            elif reserved_problem(name):
                faults.note(variable.place, "is set by Twelve itself: left out")
            elif name not in seen:
                place(variable, around, found, faults)
            seen.setdefault(name, variable)
        for path in service.env_files:
            faults.note(service.place, f"env_file: twelve config import {path} sets what it holds")
    return found


def place(variable: Variable, around: Surroundings, found: Found, faults: Faults) -> None:
    """One variable: a resource, or config, or a word about it."""
    name, value = variable.name, variable.value
    points = pointed(value or "")
    if points and points in around.kinds:
        if is_url(value or ""):
            found.resources[name] = around.kinds[points]
            return
        kind = RESOURCE_KINDS.get(around.kinds[points])
        url = f"read {kind.variable}" if kind else "read one variable that holds its URL"
        faults.note(variable.place, f"is a part of the address of {points}: left out; {url}")
        if kind and kind.name not in found.resources.values():
            found.resources[kind.variable] = kind.name
        return
    if points and points in around.strange:
        found.config[name] = Declared(secret=True)
        faults.note(
            variable.place,
            f"is the address of {points}: twelve resources attach - --as {name}",
        )
        return
    if points and points in around.own:
        faults.note(variable.place, f"is the address of {points}, a process type of the same app")
    found.config[name] = declared(variable, faults)


def declared(variable: Variable, faults: Faults) -> Declared:
    """The contract of a variable: a value is a default, unless it is a secret."""
    name, value = variable.name, variable.value
    secret = looks_secret(name, value or "")
    if value is None:
        return Declared(secret=secret)
    if whole := _WHOLE.fullmatch(value):
        default = whole[3] if (whole[2] or "").endswith("-") else None
        if _REFERENCE.search(default or ""):
            faults.add(variable.place, "its default names another variable: write it out")
        if default and not secret:
            return Declared(required=False, default=default)
        return Declared(secret=secret)
    if _REFERENCE.search(value):
        faults.note(variable.place, "is put together from other variables: set it whole")
        return Declared(secret=secret)
    if secret:
        if value:
            faults.note(variable.place, "looks like a secret: its value is not taken over")
        return Declared(secret=True)
    return Declared(required=False, default=value.replace("$$", "$"))


def pointed(value: str) -> str:
    """The host that a value names, by itself or within a URL."""
    address = _ADDRESS.fullmatch(value.strip())
    return address[2] if address else ""


def is_url(value: str) -> bool:
    """Whether the whole address is in the one variable."""
    return "://" in value
