"""How control speaks with the supervisor: a connection for requests, one for each event stream."""

import asyncio
import contextlib
import errno
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any, Self

from twelve.engines.local.supervisor import protocol
from twelve.errors import Conflict, Full, Invalid, NotFound, TwelveError, Unreachable

_ERRORS: dict[str, type[TwelveError]] = {
    "not-found": NotFound,
    "conflict": Conflict,
    "invalid": Invalid,
    "disk-full": Full,
}
_HELLO_LIMIT = 15.0  # seconds for a new supervisor to answer, on a busy machine
_AGAIN = 0.02
_BUSY = 75
_MODULE = "twelve.engines.local.supervisor"
_CHUNK = 262144


class Supervisor:
    """
    A connection to the supervisor.

    All methods raise Unreachable when it is gone: connect again then. Requests of several tasks go
    over one connection and are answered in turn.
    """

    def __init__(self, run_dir: str, link: socket.socket) -> None:
        self.run_dir = run_dir
        self._link = link
        self._turn = asyncio.Lock()
        self._number = 0
        self._broken = False

    @classmethod
    async def connect(cls, run_dir: str | os.PathLike[str]) -> Self:
        """Connect to the supervisor of that run folder. Raises Unreachable when none answers."""
        run = os.fspath(run_dir)
        return cls(run, await _connected(run))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connection go; what runs is not concerned."""
        self._broken = True
        self._link.close()

    async def hello(self) -> dict[str, Any]:
        """``version``, ``pid``, ``since`` (number of the newest event), ``boot_id``, ``groups``."""
        return await self._ask("hello", version=protocol.VERSION)

    async def start(self, launch: dict[str, Any]) -> int:
        """
        Start a process; the pid of its init.

        One that was adopted, and whose launch is the same, is taken over as it runs. Raises
        Conflict when the name is in use, Invalid for a launch that is not whole, TwelveError when
        the kernel refuses.
        """
        return int((await self._ask("start", launch=launch))["pid"])

    async def stop(
        self, name: str, grace: float | None = None, signal: str | int | None = None
    ) -> None:
        """
        Begin to end it: the signal now, force after ``grace`` seconds; None takes the launch's own.

        Raises NotFound.
        """
        await self._ask("stop", name=name, grace=grace, signal=signal)

    async def signal(self, name: str, signal: str | int) -> None:
        """
        A signal to the app's process group.

        Raises NotFound, and Conflict when it is not running.
        """
        await self._ask("signal", name=name, signal=signal)

    async def list(self) -> list[dict[str, Any]]:
        """Every instance that lives, waits for its next start, or ended and was not forgotten."""
        found: list[dict[str, Any]] = (await self._ask("list"))["instances"]
        return found

    async def input(self, name: str) -> int:
        """
        A descriptor for its input, now the caller's.

        It is the write end of its pipe, which is given once, or its terminal. Raises NotFound, and
        Conflict when there is none to hand over.
        """
        answer = await self._ask("input", name=name)
        return int(answer["fd"])

    async def forget(self, name: str) -> None:
        """Drop the record of one that has ended. Raises NotFound, and Conflict while it lives."""
        await self._ask("forget", name=name)

    async def shutdown(self) -> None:
        """End the supervisor itself. Raises Conflict while anything lives."""
        await self._ask("shutdown")
        await self._until_closed()

    async def replace(self, launch: dict[str, Any]) -> None:
        """
        End a process as a stop does, and start it at once from these words; nothing is read twice.

        Its name and its pipes stay. Nothing happens when it was started from the same words.
        Raises NotFound, and Conflict when it is ending.
        """
        await self._ask("replace", launch=launch)

    async def reexec(self, program: str = "") -> None:
        """
        Let it run its program anew, as after an upgrade; what runs is not concerned.

        ``program`` is the interpreter, by default the one that it runs in. Connect again
        afterwards.
        """
        await self._ask("reexec", program=program)
        await self._until_closed()

    async def events(self, since: int | None = None) -> AsyncIterator[dict[str, Any]]:
        """
        What happens, as it happens; first what came after number ``since``.

        ``{"event": "overrun", "lost": n}`` says that so many are gone: list again. Raises
        Unreachable at the end.
        """
        link = await _connected(self.run_dir)
        loop = asyncio.get_running_loop()
        try:
            request = {"id": 0, "op": "events"} | ({} if since is None else {"since": since})
            await loop.sock_sendall(link, protocol.encode(request))
            decoder = protocol.Decoder()
            while True:
                data = await _received(loop, link)
                for message in decoder.feed(data):
                    if "event" in message:
                        yield message
                    elif "error" in message:
                        raise _fault(message)
        finally:
            link.close()

    async def _ask(self, verb: str, **fields: Any) -> dict[str, Any]:
        async with self._turn:
            if self._broken:
                raise _unreachable(self.run_dir)
            self._number += 1
            asked = asyncio.ensure_future(
                self._exchange({"id": self._number, "op": verb, **fields})
            )
            try:
                # A caller that is cancelled must not leave half a frame, nor an answer for the next
                # one.
                answer = await asyncio.shield(asked)
            except asyncio.CancelledError:
                with contextlib.suppress(TwelveError):
                    await asked
                raise
        if "error" in answer:
            raise _fault(answer)
        return answer

    async def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        decoder = protocol.Decoder()
        fds: list[int] = []
        try:
            await loop.sock_sendall(self._link, protocol.encode(request))
            while True:
                data, new = await _received_with_fds(loop, self._link)
                fds += new
                for answer in decoder.feed(data):
                    return {**answer, "fd": fds[0]} if fds else answer
        except (OSError, ValueError) as error:
            self._broken = True
            raise _unreachable(self.run_dir) from error

    async def _until_closed(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError, Unreachable):
            while True:
                await _received(loop, self._link)
        self.close()


async def ensure_supervisor(
    run: str | os.PathLike[str], home: str | os.PathLike[str], environ: dict[str, str] | None = None
) -> Supervisor:
    """
    The supervisor of that home, started detached when none answers.

    ``environ`` is the environment it is started with, by default nothing but a PATH: the apps'
    come with their launches. Raises Unreachable, with its last words, when it does not answer.
    """
    with contextlib.suppress(Unreachable):
        return await _greeted(await Supervisor.connect(run))
    folder = os.path.join(home, "supervisor")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    words = os.path.join(folder, "stderr.log")
    deadline = asyncio.get_running_loop().time() + _HELLO_LIMIT
    while asyncio.get_running_loop().time() < deadline:
        code = await _spawned(os.fspath(run), os.fspath(home), words, environ)
        with contextlib.suppress(Unreachable):
            return await _greeted(await Supervisor.connect(run))
        if code not in {0, _BUSY}:
            break
        await asyncio.sleep(_AGAIN)  # another one holds the lock: it is starting, or leaving
    what = f"the supervisor of {os.fspath(home)} does not start"
    raise Unreachable(what, hint=_last_words(words))


async def _greeted(supervisor: Supervisor) -> Supervisor:
    await supervisor.hello()
    return supervisor


async def _spawned(run: str, home: str, words: str, environ: dict[str, str] | None) -> int:
    """Start it detached; 0 once it answers, else its exit code."""
    argv = [sys.executable, "-I", "-m", _MODULE, "--run", run, "--home", home, "--detach"]
    with open(words, "ab") as stderr:  # noqa: ASYNC230 - a local file, opened once
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"} if environ is None else environ,
            cwd="/",
        )
    return await process.wait()


def _last_words(path: str) -> str:
    try:
        with open(path, "rb") as file:
            lines = file.read()[-2000:].decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return f"{path} says: {lines[-1]}" if lines else f"see {path}"


async def _connected(run: str) -> socket.socket:
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(link, os.path.join(run, protocol.SOCKET))
    except OSError as error:
        link.close()
        raise _unreachable(run) from error
    return link


async def _received(loop: asyncio.AbstractEventLoop, link: socket.socket) -> bytes:
    try:
        data = await loop.sock_recv(link, _CHUNK)
    except OSError as error:
        raise Unreachable("the supervisor is gone") from error
    if not data:
        raise Unreachable("the supervisor is gone")
    return data


async def _received_with_fds(
    loop: asyncio.AbstractEventLoop, link: socket.socket
) -> tuple[bytes, list[int]]:
    while True:
        try:
            data, fds, _, _ = socket.recv_fds(link, _CHUNK, 4, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            await _readable(loop, link.fileno())
            continue
        if not data:
            raise OSError(errno.ECONNRESET, "the supervisor closed the connection")
        return data, fds


async def _readable(loop: asyncio.AbstractEventLoop, fd: int) -> None:
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(fd, wake)
    try:
        await ready
    finally:
        loop.remove_reader(fd)


def _fault(answer: dict[str, Any]) -> TwelveError:
    kind = _ERRORS.get(answer.get("code", ""), TwelveError)
    return kind(answer["error"], hint=answer.get("hint", ""))


def _unreachable(run: str) -> Unreachable:
    return Unreachable(f"no supervisor answers at {os.path.join(run, protocol.SOCKET)}")
