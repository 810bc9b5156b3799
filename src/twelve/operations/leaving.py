"""What is leaving: processes nobody wants and clusters no route names, while they still serve."""

import asyncio
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from twelve.factors.ports.routes import Backend


class Route(NamedTuple):
    """A cluster that requests no longer go to, and how many seconds those under way have."""

    type: str
    backend: Backend
    seconds: float


class Farewell(NamedTuple):
    """What leaves together: the clusters of a release, and processes by name."""

    routes: tuple[Route, ...]
    names: tuple[str, ...]
    counted: Mapping[str, tuple[int, int]] = {}
    """What the router had answered before the switch: it shows what the switch has cost."""

    def to_plain(self) -> dict[str, Any]:
        """As JSON-ready data, for the journal."""
        routes = [
            {"type": r.type, "cluster": r.backend.cluster, "ports": list(r.backend.ports)}
            | {"seconds": r.seconds}
            for r in self.routes
        ]
        counted = {name: list(counts) for name, counts in self.counted.items()}
        return {"routes": routes, "names": list(self.names), "counted": counted}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Farewell":
        """Read what ``to_plain`` gave."""
        routes = (
            Route(r["type"], Backend(r["cluster"], tuple(r["ports"])), r["seconds"])
            for r in plain["routes"]
        )
        counted = {name: (n, m) for name, (n, m) in plain.get("counted", {}).items()}
        return cls(tuple(routes), tuple(plain["names"]), counted)


@dataclass
class Leaving:
    """All that leaves just now. One cluster may leave twice at once: it goes with the last.

    A process leaves with the newest farewell that names it, unless it is wanted again before.
    """

    processes: dict[str, int] = field(default_factory=dict)
    clusters: dict[str, tuple[Backend, set[int]]] = field(default_factory=dict)
    stopping: dict[str, asyncio.Event] = field(default_factory=dict)
    """They have been told to stop, nothing brings these back; set when one is gone."""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def enlist(self, what: Farewell) -> int:
        """From now on these leave; the number of this farewell."""
        number = next(self.numbers)
        self.processes.update(dict.fromkeys(what.names, number))
        for route in what.routes:
            self.clusters.setdefault(route.backend.cluster, (route.backend, set()))[1].add(number)
        return number

    def still(self, number: int, names: Iterable[str]) -> list[str]:
        """The processes that leave with this farewell and no other, and are not wanted again."""
        return [name for name in names if self.processes.get(name) == number]

    def rescue(self, names: Collection[str]) -> None:
        """These are wanted again."""
        for name in names:
            self.processes.pop(name, None)

    def dismiss(self, number: int) -> None:
        """The farewell is over, or was not meant."""
        self.processes = {name: n for name, n in self.processes.items() if n != number}
        for cluster, (_, numbers) in list(self.clusters.items()):
            numbers.discard(number)
            if not numbers:
                del self.clusters[cluster]

    def backends(self) -> dict[str, Backend]:
        """The clusters that the router must still know."""
        return {cluster: backend for cluster, (backend, _) in self.clusters.items()}
