import contextlib
import os

import pytest
import valkey
from tests.services.contract import *  # noqa: F403 -- the suite is taken over whole
from tests.services.worlds import running

from twelve.errors import Refused
from twelve.services import valkey as module
from twelve.services.files import new_password
from twelve.services.valkey import Valkey

pytestmark = [pytest.mark.live, pytest.mark.anyio]

OTHER = os.environ.get("TWELVE_VALKEY_BIN", "")


@pytest.fixture(
    scope="module", params=[""] + [OTHER] * bool(OTHER), ids=lambda path: path or "wheel"
)
def server(request):
    return Valkey(request.param)


@contextlib.contextmanager
def connection(url):
    with contextlib.closing(valkey.Valkey.from_url(url, socket_timeout=5)) as client:
        yield client


def number_of(url):
    return url.rpartition("/")[2]


class Keys:
    def write(self, url, value):
        with connection(url) as client:
            client.set("kept", value)

    def read(self, url):
        with connection(url) as client:
            return (client.get("kept") or b"").decode()

    def enters(self, url):
        try:
            self.read(url)
        except valkey.ValkeyError:
            return False
        return True

    def elsewhere(self, url, other):
        return url.rpartition("/")[0] + "/" + number_of(other)

    def trespasses(self, url, other):
        theirs = number_of(other)
        attempts = [
            f"SELECT {theirs}",
            "FLUSHALL",
            f"SWAPDB {number_of(url)} {theirs}",
            f"MOVE mine {theirs}",
            f"COPY mine yours DB {theirs}",
            f"MIGRATE 127.0.0.1 1 mine {theirs} 10",
            f"EVAL redis.call('select',{theirs});return(redis.call('get','kept')) 0",
            "EVAL return(redis.call('flushall')) 0",
            "CONFIG GET *",
            "CONFIG SET dir /tmp",
            "ACL LIST",
            "ACL SETUSER mine +@all",
            "SHUTDOWN NOSAVE",
            "DEBUG SLEEP 0",
            "MONITOR",
            "CLIENT KILL TYPE normal",
            "FUNCTION FLUSH",
            "SCRIPT FLUSH",
            "MODULE LIST",
            "REPLICAOF 127.0.0.1 1",
            "SAVE",
        ]
        done = []
        for words in attempts:
            with connection(url) as client, contextlib.suppress(valkey.ValkeyError):
                client.set("mine", "x")
                client.execute_command(*words.split(" "))
                done.append(words)
        return done

    @contextlib.contextmanager
    def stays_connected(self, url):
        with connection(url) as client:
            single = client.client()

            def alive():
                try:
                    # No retry: a new connection would tell of something else.
                    single.connection.send_command("GET", "kept")
                    single.connection.read_response()
                except valkey.ValkeyError:
                    return False
                return True

            yield alive
            single.close()


@pytest.fixture(scope="session")
def client():
    return Keys()


@pytest.mark.skipif(not OTHER, reason="TWELVE_VALKEY_BIN is not set: only the wheel is tested")
async def test_the_suite_ran_for_the_machines_own_program_too(server):
    assert server.override in {"", OTHER}


async def test_no_resource_gets_database_0_where_connections_begin(here):
    urls = [await here.server.create(here.place, f"first_{n}", new_password()) for n in range(3)]

    assert "0" not in {number_of(url) for url in urls}


async def test_workers_that_list_the_connections_may(here):
    url = await here.server.create(here.place, "worker", new_password())

    with connection(url) as client:
        assert "worker" in {row["user"] for row in client.client_list()}


async def test_a_number_that_holds_data_of_no_user_is_left_out(here):
    url = await here.server.create(here.place, "forgotten", new_password())
    Keys().write(url, "whose?")
    async with module._admin(here.place) as admin:
        await admin.sure("ACL", "DELUSER", "forgotten")

    next_url = await here.server.create(here.place, "newcomer", new_password())

    assert number_of(next_url) != number_of(url)


async def test_what_job_queues_ask_for_is_allowed(here):
    url = await here.server.create(here.place, "queue", new_password())
    with connection(url) as client:
        client.info()
        client.lpush("jobs", "one")
        assert client.brpop("jobs", timeout=1) == (b"jobs", b"one")
        assert client.eval("return redis.call('incr', KEYS[1])", 1, "count") == 1
        assert client.register_script("return 7")() == 7
        client.client_setname("worker")
        client.publish("channel", "hello")
        client.keys("*")
        client.flushdb()


async def test_when_all_databases_are_taken_it_says_so(monkeypatch):
    monkeypatch.setattr(module, "DATABASES", 2)
    async with running(Valkey()) as here:
        await here.server.create(here.place, "only", new_password())
        with pytest.raises(Refused, match="all 1 databases are in use"):
            await here.server.create(here.place, "second", new_password())
