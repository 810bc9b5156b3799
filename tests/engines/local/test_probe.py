"""The probe, against servers that answer in every way."""

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest

from twelve.engines.local.ports import is_free
from twelve.engines.local.probe import probe, unresolved

pytestmark = [pytest.mark.live, pytest.mark.anyio]


@asynccontextmanager
async def server(answer, *, hang=False):
    heard, talks = [], []

    async def talk(reader, writer):
        talks.append(asyncio.current_task())
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        if hang:
            await reader.read()
        writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], heard
        await asyncio.wait_for(asyncio.gather(*talks, return_exceptions=True), 5)
        await asyncio.sleep(0)


async def test_it_asks_as_the_router_does():
    async with server(b"HTTP/1.1 204 No Content\r\n\r\n") as (port, heard):
        reply = await probe(port, path="/healthz?x=1", host="shop.localhost", proto="https")
    assert reply.status == 204
    lines = heard[0].decode().splitlines()
    assert lines[0] == "GET /healthz?x=1 HTTP/1.1"
    assert {"Host: shop.localhost", "X-Forwarded-Proto: https"} <= set(lines)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.0 500 Oh\r\n\r\n", 500),
        (b"HTTP/1.1 200\r\n", 200),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 302 Found\r\n\r\n", 302),
    ],
)
async def test_the_status_is_that_of_the_final_answer(answer, status):
    async with server(answer) as (port, _):
        assert (await probe(port, host="x")).status == status


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "the connection was closed without an answer to GET /"),
        (b"HTTP/1.1 100 Continue\r\n", "the connection was closed without an answer to GET /"),
        (b"220 mail ESMTP\r\n", "is not HTTP: b'220 mail ESMTP\\r\\n'"),
        (b"HTTP/1.1 abc\r\n", "is not HTTP"),
        (b"x" * 100_000, "the connection was closed without an answer"),
    ],
)
async def test_what_is_no_answer_is_described(answer, said):
    async with server(answer) as (port, _):
        reply = await probe(port, host="x")
    assert reply.status is None
    assert said in reply.problem


async def test_silence_ends_in_time():
    async with server(b"", hang=True) as (port, _):
        reply = await probe(port, path="/slow", host="x", within=0.1)
    assert reply == (None, "no answer to GET /slow within 0.1 s")


async def test_nobody_there_is_said_with_the_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        reply = await probe(port, host="x")
    assert reply == (None, f"nothing accepts connections on 127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_port_with_a_listener_is_not_free(address):
    with socket.create_server((address, 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        assert not is_free(port, "127.0.0.1")
    assert is_free(port)
    assert is_free(port, "::1")


def test_connections_of_a_former_life_do_not_count():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            # The server closes first: its side waits for a minute.
            accepted.close()
    assert is_free(port)


def test_an_address_of_another_machine_is_not_free():
    assert not is_free(20000, "192.0.2.1")


async def test_a_name_that_the_machine_leads_elsewhere_is_told():
    assert await unresolved({"localhost": "127.0.0.1"}) == ()
    (said,) = await unresolved({"no-such-host.invalid": "127.0.0.1", "localhost": "127.0.0.1"})
    assert said.startswith("no-such-host.invalid must lead to 127.0.0.1")
