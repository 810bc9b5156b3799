"""The routing table: which host names lead to which ports."""

import hashlib
from collections import Counter
from typing import NamedTuple

from twelve.errors import Conflict, Invalid

NEVER = 0.0
"""An idle time that never runs out."""


class Backend(NamedTuple):
    """A cluster: the ports on 127.0.0.1 where the processes of one type of one release answer."""

    cluster: str
    ports: tuple[int, ...]


class Route(NamedTuple):
    """Host names that lead to a deploy's cluster; without one its 503 page is shown.

    ``idle``: seconds that a request may be silent both ways before it is cut, NEVER for no limit.
    """

    app: str
    deploy: str
    hosts: tuple[str, ...]
    cluster: str | None
    idle: float

    @property
    def label(self) -> str:
        """As logs and pages name it: ``shop/production``."""
        return f"{self.app}/{self.deploy}"


class Table(NamedTuple):
    """All that the router knows. Backends may hold more clusters than routes use: they drain."""

    routes: tuple[Route, ...]
    backends: tuple[Backend, ...]


def cluster_name(app: str, deploy: str, kind: str, release: str, ports: tuple[int, ...]) -> str:
    """The name of a cluster, e.g. ``shop/production/web@v7+3f2a91c4``.

    It carries its endpoints, so a cluster is never changed: scaling is a switch to another one,
    and its counters begin at nought and belong to it alone.
    """
    endpoints = ",".join(str(port) for port in sorted(ports))
    digest = hashlib.sha256(endpoints.encode()).hexdigest()[:8]
    return f"{cluster_family(app, deploy, kind, release)}{digest}"


def cluster_family(app: str, deploy: str, kind: str, release: str) -> str:
    """How the names of all clusters of one type of one release begin."""
    return f"{app}/{deploy}/{kind}@{release}+"


def release_of(cluster: str) -> str:
    """The release that a cluster's name carries, e.g. ``v7``."""
    return cluster.rpartition("@")[2].partition("+")[0]


def checked(table: Table) -> Table:
    """The table, when it is whole. Raises Invalid or Conflict that names every fault.

    A router takes a route to a cluster that does not exist, and answers 503: this is the guard.
    """
    problems = [*_route_problems(table), *_backend_problems(table)]
    if problems:
        raise Invalid(
            problems[0],
            hint="the router keeps its old table; twelve doctor says its state",
            problems=tuple(problems[1:]),
        )
    names = Counter(host.lower() for route in table.routes for host in route.hosts)
    for host, times in names.items():
        if times > 1:
            owners = [r.label for r in table.routes if host in map(str.lower, r.hosts)]
            raise Conflict(
                f"{host} is claimed by {' and '.join(owners)}",
                hint=f"twelve domains rm {host} -a {owners[-1]}",
            )
    return table


def used_clusters(table: Table) -> frozenset[str]:
    """The clusters that a route leads to."""
    return frozenset(route.cluster for route in table.routes if route.cluster is not None)


def _route_problems(table: Table) -> list[str]:
    known = {backend.cluster for backend in table.backends}
    return [
        f"{route.label}: leads to {route.cluster}, which is not among the backends"
        for route in table.routes
        if route.cluster is not None and route.cluster not in known
    ] + [f"{route.label}: has no host name" for route in table.routes if not route.hosts]


def _backend_problems(table: Table) -> list[str]:
    problems = [f"{b.cluster}: has no port" for b in table.backends if not b.ports]
    for name, times in Counter(backend.cluster for backend in table.backends).items():
        if times > 1:
            problems.append(f"{name}: is there {times} times")
    return problems
