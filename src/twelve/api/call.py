"""A call of the API: the request, decoded, and the table row that answers it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request

from twelve.api.ending import Ending
from twelve.api.progress import Operations, Work
from twelve.api.query import Parameter
from twelve.operations.house import House
from twelve.store import apps
from twelve.store.apps import Deploy


@dataclass
class Rooms:
    """What handlers work with."""

    house: House
    operations: Operations
    ending: Ending
    leave: Callable[[], None]
    """Ends this control plane and every part of it."""
    examine: Callable[[], Awaitable[dict[str, Any]]]
    """What doctor says."""


class Accepted(NamedTuple):
    """An operation was started; it is listened to at its own address."""

    operation: str


class Stream(NamedTuple):
    """An answer without an end that is known beforehand."""

    chunks: AsyncIterator[bytes]
    kind: str


class Call(NamedTuple):
    """What a handler is handed."""

    rooms: Rooms
    request: Request
    body: Any

    @property
    def house(self) -> House:
        """The composition that operations work on."""
        return self.rooms.house

    @property
    def who(self) -> str:
        """The user who calls."""
        client = self.request.client
        return client.host if client else "unknown"

    @property
    def path(self) -> Mapping[str, str]:
        """The words in the path."""
        return self.request.path_params

    def deploy(self) -> Deploy:
        """The deploy that the path names. Raises NotFound."""
        return apps.get_deploy(self.house.store, self.path["app"], self.path["deploy"])

    def flag(self, name: str) -> bool:
        """A query parameter that is on or off."""
        return self.word(name) == "true"

    def word(self, name: str, default: str = "") -> str:
        """A query parameter's text."""
        return self.request.query_params.get(name, default)

    def words(self, name: str) -> list[str]:
        """A query parameter that may be given several times, or with commas."""
        given = self.request.query_params.getlist(name)
        return [word for text in given for word in text.split(",") if word]

    def number(self, name: str, default: int) -> int:
        """A query parameter that is a whole number, 0 or more."""
        return int(self.word(name, str(default)))

    def begin(self, verb: str, target: str, work: Work) -> Accepted:
        """Start an operation that outlives the call."""
        return Accepted(self.rooms.operations.begin(verb, target, self.who, work).id)


Handler = Callable[[Call], Awaitable[Any]]


class Row(NamedTuple):
    """One row of the API: what is asked, who answers, and the shapes of body and answer."""

    method: str
    path: str
    handler: Handler
    summary: str
    body: type[msgspec.Struct] | None = None
    query: tuple[Parameter, ...] = ()
    status: int = 200
    answer: Any = None
    """The shape of the answer's JSON, of ``shapes.py``, else an operation that was accepted; of a
    stream its media types."""
    takes_archive: bool = False
    """The body is a tar archive."""
