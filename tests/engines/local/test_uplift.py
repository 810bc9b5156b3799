"""A process is up when it answers itself."""

import asyncio
import os
import socket
from contextlib import closing

import pytest

from twelve.engines.contract import Process
from twelve.engines.local.board import Board
from twelve.engines.local.uplift import is_own, until_up
from twelve.errors import ReleaseFailed
from twelve.factors.ports.readiness import Listener
from twelve.factors.processes.instance import Instance
from twelve.factors.processes.types import ProcessType

pytestmark = pytest.mark.live


def test_a_port_that_the_process_holds_is_its_own() -> None:
    assert is_own([Listener("127.0.0.1", 20007)], 20007, os.getpid())


def test_a_port_that_a_stranger_holds_is_not() -> None:
    assert not is_own([Listener("::", 8080)], 20007, os.getpid())
    assert not is_own([], 20007, os.getpid())


@pytest.mark.anyio
async def test_a_stranger_that_answers_on_the_port_makes_no_process_ready() -> None:
    async def stranger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        server = await asyncio.start_server(stranger, sock=held)
        app = await asyncio.create_subprocess_exec("/bin/sleep", "60")
        try:
            kind = ProcessType("web", "sleep 60", ready=0.3, settle=0.2, port=True)
            instance = Instance("shop", "production", "web", 1, 1)
            process = Process(instance, kind, {}, {}, port, None, "shop.localhost")
            board = Board()
            board.expect(process.name)

            async def tail(_: str) -> list[str]:
                return []

            with pytest.raises(ReleaseFailed, match="does not listen on any port"):
                await until_up(board, process, app.pid, tail)
        finally:
            app.kill()
            await app.wait()
            server.close()
