"""What Twelve asks of an embedded server: few methods, one suite of tests for all of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

from twelve.errors import Unreachable
from twelve.factors.resources.url import Url


class Account(NamedTuple):
    """Who a server runs as, and in which box of the sandbox. The default: as we do.

    For root: a ``uid`` and ``gid`` of its own, the tier ``strict`` (the program may lie below a
    folder that this uid cannot enter), and the ``name`` that its passwd entry in the box gets.
    """

    uid: int | None = None
    gid: int | None = None
    name: str = ""
    tier: str = "bare"


class Place(NamedTuple):
    """Where one server lives.

    ``folder`` (services/KIND of the home) holds data, configuration and the administrator's
    password; ``sockets`` is a folder of the run directory; ``port`` is leased by the caller and
    stays the same for the server's life, since the URLs name it.
    """

    folder: str
    sockets: str
    port: int
    account: Account = Account()

    @property
    def data(self) -> str:
        """The server's own folder, 0700 and the account's; all else in ``folder`` is ours."""
        return f"{self.folder}/data"

    @property
    def conf(self) -> str:
        """Configuration: ours to write, the server's to read; no secrets in it."""
        return f"{self.folder}/conf"

    @property
    def password_file(self) -> str:
        """The administrator's password, 0600 and ours."""
        return f"{self.folder}/admin"


class Command(NamedTuple):
    """A program to run once, in the sandbox's ``box``, with ``stdin`` as its whole input."""

    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    box: dict[str, Any]
    stdin: bytes = b""


class Done(NamedTuple):
    """How a command ended: its exit code, negative for a signal, and stdout with stderr."""

    code: int
    output: str


Run = Callable[[Command], Awaitable[Done]]


class Server(Protocol):
    """An embedded server of one kind. Each method may be called again and does no harm then."""

    @property
    def kind(self) -> str:
        """The kind of resource that it serves, as in RESOURCE_KINDS."""
        ...

    async def version(self) -> str:
        """Name and version of the program, ``Postgres 18.6``. Raises Missing without one."""
        ...

    async def prepare(self, place: Place, run: Run) -> None:
        """Make or complete the folders, before each launch. ``run`` executes in the account's box.

        Raises Missing without the program, Invalid for a place that cannot work, Conflict when
        the data is of another version, TwelveError with the last lines when a program fails.
        """
        ...

    def launch(self, place: Place) -> dict[str, Any]:
        """The supervisor's launch of the server. Raises Missing without the program."""
        ...

    async def ready(self, place: Place) -> bool:
        """Whether it answers its administrator now."""
        ...

    async def create(self, place: Place, name: str, password: str) -> str:
        """A database or key space that only the user ``name`` can enter; returns its URL, a secret.

        For a name that exists, the data stays and the password is set anew. ``password`` is made
        of characters that need no encoding in a URL (``new_password``).
        """
        ...

    async def destroy(self, place: Place, name: str) -> None:
        """End the resource, its connections and its data; a name that is not there is no fault."""
        ...

    async def version_at(self, url: Url) -> str:
        """Name and version of the server at a URL, one of ours or not, ``Postgres 16.4``.

        Raises Unreachable when it cannot be asked. Its words are not told: they may quote the URL.
        """
        ...


async def wait_ready(server: Server, place: Place, seconds: float) -> None:
    """Return as soon as the server answers. Raises Unreachable after ``seconds``."""
    # The loop's own clock: asyncio.timeout would cut a half-done question in two.
    deadline = time.monotonic() + seconds
    while not await server.ready(place):
        if time.monotonic() > deadline:
            raise Unreachable(
                f"{server.kind}: the server did not answer within {seconds:g} s",
                hint=f"its own words: the log stream of twelve/{server.kind}",
            )
        await asyncio.sleep(0.03)


def launch_of(kind: str, argv: list[str], env: dict[str, str], place: Place) -> dict[str, Any]:
    """The launch of a part of Twelve that is started again whenever it ends."""
    return {
        "name": f"twelve/{kind}@-",
        "argv": argv,
        "env": env,
        "cwd": place.data,
        "stdin": "null",
        "logs": {
            "dir": f"logs/twelve/platform/{kind}@-",
            "budget": LOG_BUDGET,
            "age": LOG_AGE,
            "demux": False,
        },
        "restart": {"mode": "always"},
        "grace": 30.0,
        "stop_signal": "SIGTERM",
        "notify": False,
    }


def box_of(account: Account, read: tuple[str, ...], write: tuple[str, ...]) -> dict[str, Any]:
    """The sandbox's box: the account's tier, with these folders at their own paths."""
    return {
        "tier": account.tier,
        "uid": account.uid,
        "gid": account.gid,
        "read": list(read),
        "write": list(write),
        "tmp": BOX_TMP,
        "network": True,
        "limits": {},
        "user": account.name,
    }


LOG_BUDGET = 64 * 1024 * 1024
LOG_AGE = 30 * 86400.0
BOX_TMP = 256 * 1024 * 1024
