"""The suite that each embedded server passes.

A test module takes it over with ``import *`` and gives the fixtures ``server`` and ``client``.
"""
# ruff: noqa: ASYNC240 -- a test may block: it is alone in its loop

import asyncio
import contextlib
import json
import os
import stat
from pathlib import Path
from typing import Protocol

import pytest
from tests.services.worlds import Running, free_port, processes_of, run, running, some_place

from twelve.errors import Invalid, Missing, Unreachable
from twelve.factors.resources.kinds import RESOURCE_KINDS
from twelve.factors.resources.url import check_kind, parse
from twelve.services.contract import Account, Server, wait_ready
from twelve.services.files import new_password


class Client(Protocol):
    """An app's client of the server."""

    def write(self, url: str, value: str) -> None: ...

    def read(self, url: str) -> str:
        """What was written, or an empty text."""
        ...

    def enters(self, url: str) -> bool: ...

    def elsewhere(self, url: str, other: str) -> str:
        """The credentials of ``url`` with the database of ``other``."""
        ...

    def trespasses(self, url: str, other: str) -> list[str]:
        """What the user of ``url`` may do although it is the administrator's or the other's."""
        ...

    def stays_connected(self, url: str):
        """A context manager: a connection, which gives a callable that tells if it still lives."""
        ...


@pytest.fixture(scope="module")
async def here(server: Server) -> Running:
    async with running(server) as started:
        yield started


async def made(here: Running, name: str) -> str:
    return await here.server.create(here.place, name, new_password())


async def test_a_server_says_its_version_to_whoever_may_use_a_resource_of_it(here):
    url = await made(here, "asked")

    assert await here.server.version_at(parse(url)) == await here.server.version()
    parts = parse(url)
    for wrong in (parts._replace(password="wrong-one"), parts._replace(port=free_port())):
        with pytest.raises(Unreachable) as unreachable:
            await here.server.version_at(wrong)
        assert wrong.password not in str(unreachable.value)


async def test_a_resource_keeps_what_its_user_writes(here, client):
    url = await made(here, "plain")

    client.write(url, "a row")

    assert client.read(url) == "a row"


async def test_its_url_is_one_of_its_kind(here):
    url = check_kind(await made(here, "kindly"), RESOURCE_KINDS[here.server.kind])

    assert (url.host, url.port, url.user) == ("127.0.0.1", here.place.port, "kindly")


async def test_no_user_enters_another_ones_database(here, client):
    mine, yours = await made(here, "mine"), await made(here, "yours")
    client.write(yours, "private")

    assert not client.enters(client.elsewhere(mine, yours))
    assert client.trespasses(mine, yours) == []
    assert client.read(yours) == "private"


async def test_a_wrong_and_a_missing_password_are_refused(here, client):
    url = await made(here, "guarded")
    password = check_kind(url, RESOURCE_KINDS[here.server.kind]).password

    assert client.enters(url)
    assert not client.enters(url.replace(password, "wrong"))
    assert not client.enters(url.replace(f":{password}", ""))
    assert not client.enters(url.replace(f"guarded:{password}@", ""))


async def test_made_again_it_keeps_the_data_and_changes_the_password(here, client):
    before = await made(here, "again")
    client.write(before, "kept")

    after = await made(here, "again")

    assert client.read(after) == "kept"
    assert not client.enters(before)


async def test_many_at_once_are_apart(here, client):
    urls = await asyncio.gather(*(made(here, f"many_{n}") for n in range(6)))
    for number, url in enumerate(urls):
        client.write(url, str(number))

    assert [client.read(url) for url in urls] == ["0", "1", "2", "3", "4", "5"]


async def test_a_destroyed_one_is_gone_with_its_data_and_connections(here, client):
    url = await made(here, "doomed")
    client.write(url, "old")

    with client.stays_connected(url) as alive:
        assert alive()
        await here.server.destroy(here.place, "doomed")
        assert not alive()

    assert not client.enters(url)
    assert client.read(await made(here, "doomed")) == ""


async def test_destroying_what_is_not_there_is_no_fault(here):
    await here.server.destroy(here.place, "never_made")


@pytest.mark.parametrize("name", ["", "Big", "a-b", 'x"; DROP', "1st", "a" * 64, "é", "a b", "x\n"])
async def test_a_name_that_needs_quotes_is_refused(here, name):
    with pytest.raises(Invalid):
        await made(here, name)
    with pytest.raises(Invalid):
        await here.server.destroy(here.place, name)


async def test_the_longest_name_works(here, client):
    assert client.enters(await made(here, "n" * 63))


async def test_it_listens_on_loopback_alone(here):
    bound = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    listening = [
        line.split()[1]
        for line in bound.splitlines()
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{here.place.port:04X}")
    ]

    assert listening == [f"0100007F:{here.place.port:04X}"]


async def test_it_runs_under_the_accounts_uid_and_never_as_root(here):
    uid = os.getuid() if here.place.account.uid is None else here.place.account.uid
    # The first in the server's folder; background workers come and go.
    uids = {os.stat(f"/proc/{pid}").st_uid for pid in processes_of(here.place)[:1]}

    assert uids == {uid}
    assert uid != 0


async def test_no_secret_is_in_argv_log_or_a_readable_file(here, client):
    url = await made(here, "discreet")
    client.write(url, "something")
    admin = Path(here.place.password_file).read_text().strip().rpartition(":")[2]
    secrets = [check_kind(url, RESOURCE_KINDS[here.server.kind]).password, admin]

    spoken = here.log.read_bytes()
    for pid in processes_of(here.place):
        # Postgres' background workers come and go.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            spoken += Path(f"/proc/{pid}/cmdline").read_bytes()
            spoken += Path(f"/proc/{pid}/environ").read_bytes()
    for path in files_others_can_reach(here.place.folder):
        spoken += path.read_bytes()

    assert [secret for secret in secrets if secret.encode() in spoken] == []


def files_others_can_reach(folder: str) -> list[Path]:
    found = []
    for parent, names, files in os.walk(folder):
        names[:] = [n for n in names if os.stat(f"{parent}/{n}").st_mode & stat.S_IXOTH]
        found += [Path(parent, name) for name in files]
    return [path for path in found if path.stat().st_mode & stat.S_IROTH]


async def test_its_launch_is_plain_data_for_the_supervisor(here):
    launch = json.loads(json.dumps(here.server.launch(here.place)))

    assert launch["name"] == f"twelve/{here.server.kind}@-"
    assert launch["restart"] == {"mode": "always"}
    assert launch["box"]["uid"] == here.place.account.uid
    assert str(here.place.port) in launch["argv"]
    assert all(os.path.isabs(path) for path in launch["box"]["read"] + launch["box"]["write"])


async def test_preparing_again_while_it_runs_does_no_harm(here, client):
    url = await made(here, "twice")
    client.write(url, "kept")

    await here.server.prepare(here.place, run)

    assert client.read(url) == "kept"


async def test_data_and_passwords_survive_a_stop(server, client):
    async with running(server) as here:
        url = await made(here, "shop")
        client.write(url, "kept")

        assert await here.stop() == 0
        await here.start()

        assert client.read(url) == "kept"


async def test_every_acknowledged_write_survives_kill_9(server, client):
    async with running(server) as here:
        url = await made(here, "shop")
        for round_ in range(3):
            client.write(url, f"round {round_}")
            await here.kill()
            await here.server.prepare(here.place, run)
            await here.start()

            assert client.read(url) == f"round {round_}"


async def test_a_stop_does_not_wait_for_clients(server, client):
    async with running(server) as here:
        with client.stays_connected(await made(here, "shop")):
            async with asyncio.timeout(10):
                assert await here.stop() == 0


async def test_what_a_death_in_prepare_left_is_made_anew(server, client):
    with some_place() as place:
        await server.prepare(place, run)
        os.rename(place.data, f"{place.folder}/new")

        async with running(server, place) as here:
            assert client.enters(await made(here, "shop"))


@pytest.mark.parametrize(
    "name", ["/".join(["a" * 60] * 3 + ["b" * 17]), "with blank/and 'quote\"\\"], ids=["200", "odd"]
)
async def test_a_home_may_have_a_long_or_an_odd_path(server, client, name):
    with some_place(name) as place:
        async with running(server, place) as here:
            url = await made(here, "shop")
            client.write(url, "far away")

            assert client.read(url) == "far away"


async def test_a_folder_too_long_for_sockets_is_refused_before_the_start(server):
    with some_place() as place, pytest.raises(Invalid, match="too long for a socket"):
        await server.prepare(place._replace(sockets=f"{place.sockets}/{'x' * 100}"), run)


async def test_a_server_that_is_down_is_unreachable(server):
    with some_place() as place:
        await server.prepare(place, run)

        assert not await server.ready(place)
        with pytest.raises(Unreachable):
            await server.create(place, "shop", new_password())
        with pytest.raises(Unreachable):
            await server.destroy(place, "shop")
        with pytest.raises(Unreachable, match="did not answer"):
            await wait_ready(server, place, 0.1)


async def test_someone_else_on_its_port_does_not_learn_a_password(server):
    with some_place() as place:
        await server.prepare(place, run)
        heard = []
        thief = await asyncio.start_server(
            lambda reader, _: heard.append(reader), "127.0.0.1", place.port
        )
        async with thief:
            assert not await server.ready(place)

        assert heard == []


async def test_programs_that_are_not_there_are_named(server):
    elsewhere = type(server)("/nowhere/bin/server")

    with pytest.raises(Missing, match=r"/nowhere/bin.* has no program"):
        await elsewhere.version()
    with (
        some_place() as place,
        pytest.raises(Missing, match=r"/nowhere/bin.* has no program"),
    ):
        await elsewhere.prepare(place, run)


async def test_it_says_its_name_and_version(server):
    name, _, number = (await server.version()).partition(" ")

    assert name in {"Postgres", "Valkey", "Redis"}
    assert number[0].isdigit()


async def test_the_default_account_is_ourselves(server):
    with some_place() as place:
        launch = server.launch(place._replace(account=Account(), port=free_port()))

    assert (launch["box"]["tier"], launch["box"]["uid"]) == ("bare", None)
