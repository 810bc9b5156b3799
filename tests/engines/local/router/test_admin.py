"""The admin client, against answers of every kind."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from twelve.engines.local.router.admin import Admin
from twelve.errors import Unreachable

pytestmark = [pytest.mark.live, pytest.mark.anyio]


@asynccontextmanager
async def envoy(folder, answer, *, hang=False):
    talks = []

    async def talk(reader, writer):
        talks.append(asyncio.current_task())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if hang:
            await reader.read()
        writer.close()

    path = str(folder / "admin.sock")
    async with await asyncio.start_unix_server(talk, path):
        yield Admin(path, timeout=0.2)
        await asyncio.gather(*talks, return_exceptions=True)
        await asyncio.sleep(0)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        CHUNKED + b'7\r\na.b: 1\n\r\n9\r\na.c: "x"\n\r\n0\r\n\r\n',
        PLAIN + b'a.b: 1\na.c: "x"\n',
    ],
    ids=["chunked", "plain"],
)
async def test_statistics_are_names_and_values(tmp_path, answer):
    async with envoy(tmp_path, answer) as admin:
        assert await admin.stats("a.") == {"a.b": "1", "a.c": "x"}


@pytest.mark.parametrize(
    "answer",
    [b"", b"junk\r\n\r\n", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
)
async def test_an_answer_that_is_none_is_unreachable(tmp_path, answer):
    async with envoy(tmp_path, answer) as admin:
        with pytest.raises(Unreachable, match="the router does not answer"):
            await admin.ask("/ready")


async def test_silence_is_unreachable_in_time(tmp_path):
    async with envoy(tmp_path, b"", hang=True) as admin:
        with pytest.raises(Unreachable, match="no answer in time"):
            await admin.ask("/ready")
