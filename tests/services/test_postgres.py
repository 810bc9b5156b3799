# ruff: noqa: ASYNC230, ASYNC240 -- a test may block: it is alone in its loop
import contextlib
import os
import subprocess

import pytest
from tests.services.contract import *  # noqa: F403 -- the suite is taken over whole
from tests.services.worlds import run, running, some_place

from twelve.errors import Conflict, Invalid, Missing
from twelve.factors.resources.kinds import RESOURCE_KINDS
from twelve.factors.resources.url import check_kind
from twelve.services.contract import Account
from twelve.services.files import new_password
from twelve.services.postgres import Postgres, forget_dead_server
from twelve.services.programs import postgres_programs

pytestmark = [pytest.mark.live, pytest.mark.anyio]

OTHER = os.environ.get("TWELVE_POSTGRES_BIN", "")


@pytest.fixture(
    scope="module", params=[""] + [OTHER] * bool(OTHER), ids=lambda path: path or "wheel"
)
def server(request):
    return Postgres(request.param)


def psql(url, sql, *, check=False):
    argv = [postgres_programs()("psql"), "-XqAtw", "-v", "ON_ERROR_STOP=1", "-c", sql, url]
    return subprocess.run(argv, check=check, capture_output=True, text=True, env={"HOME": "/"})


class Psql:
    def write(self, url, value):
        psql(url, "CREATE TABLE IF NOT EXISTS kept (value text)", check=True)
        psql(url, f"INSERT INTO kept VALUES ('{value}')", check=True)

    def read(self, url):
        return psql(url, "SELECT value FROM kept").stdout.strip().rpartition("\n")[2]

    def enters(self, url):
        return psql(url, "SELECT 1").stdout.strip() == "1"

    def elsewhere(self, url, other):
        return url.rpartition("/")[0] + "/" + other.rpartition("/")[2]

    def trespasses(self, url, other):
        theirs = other.rpartition("/")[2]
        attempts = [
            "CREATE DATABASE more",
            "CREATE ROLE more",
            f"ALTER ROLE {theirs} PASSWORD 'x'",
            f"SET ROLE {theirs}",
            f"DROP DATABASE {theirs}",
            f"ALTER DATABASE {theirs} OWNER TO CURRENT_USER",
            "SET ROLE twelve",
            "ALTER SYSTEM SET port = 1",
            "COPY (SELECT 1) TO PROGRAM 'id'",
            "SELECT pg_read_file('/etc/passwd')",
            "SELECT rolpassword FROM pg_authid",
            "SELECT lo_import('/etc/passwd')",
            # Divides by zero unless it sees a query of someone else.
            "SELECT 1/count(*) FROM pg_stat_activity WHERE usename <> USER AND query ~ '^S'",
        ]
        done = [sql for sql in attempts if psql(url, sql).returncode == 0]
        admin = psql(url.rpartition("/")[0] + "/postgres", "SELECT 1")
        template = psql(url.rpartition("/")[0] + "/template1", "SELECT 1")
        return done + [d.args[-1] for d in (admin, template) if d.returncode == 0]

    @contextlib.contextmanager
    def stays_connected(self, url):
        argv = [postgres_programs()("psql"), "-XqAtw", url]
        with subprocess.Popen(
            argv,
            env={"HOME": "/"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:

            def alive():
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write("SELECT 1;\n")
                    process.stdin.flush()
                    return process.stdout.readline().strip() == "1"
                return False

            assert alive()
            yield alive
            process.kill()


@pytest.fixture(scope="session")
def client():
    return Psql()


@pytest.mark.skipif(not OTHER, reason="TWELVE_POSTGRES_BIN is not set: only the wheel is tested")
async def test_the_suite_ran_for_the_machines_own_program_too(server):
    assert server.override in {"", OTHER}


async def test_the_administrator_cannot_come_by_the_port(here):
    with open(here.place.password_file) as file:
        password = file.read().strip().rpartition(":")[2]

    done = psql(f"postgresql://twelve:{password}@127.0.0.1:{here.place.port}/postgres", "SELECT 1")

    assert "rejects connection" in done.stderr


async def test_the_owner_may_make_trusted_extensions(here):
    url = await here.server.create(here.place, "extended", new_password())

    assert psql(url, "CREATE EXTENSION citext; CREATE EXTENSION pg_trgm").stderr == ""


async def test_text_is_utf8_and_knows_capitals_of_all_scripts(here):
    url = await here.server.create(here.place, "texts", new_password())

    assert psql(url, "SELECT upper('größe') || pg_encoding_to_char(6)").stdout.startswith("GRÖ")


async def test_data_of_another_version_is_named_and_left_alone():
    server = Postgres()
    with some_place() as place:
        await server.prepare(place, run)
        with open(f"{place.data}/PG_VERSION", "w") as file:
            file.write("9\n")

        with pytest.raises(Conflict, match="is of Postgres 9, the program is Postgres 1"):
            await server.prepare(place, run)


async def test_the_lock_of_a_dead_server_goes_when_its_pid_is_someone_elses(server, client):
    with some_place() as place:
        await server.prepare(place, run)
        lock = f"{place.data}/postmaster.pid"
        with open(lock, "w") as file:
            file.write(f"{os.getpid()}\n{place.data}\n")

        forget_dead_server(place)

        assert not os.path.exists(lock)


async def test_the_lock_of_a_living_server_stays(here):
    forget_dead_server(here.place)

    assert os.path.exists(f"{here.place.data}/postmaster.pid")


@pytest.mark.skipif(os.getuid() != 0, reason="only root has accounts to give")
async def test_root_must_give_an_account_that_can_work():
    with some_place() as place:
        with pytest.raises(Invalid, match="refuses to run as root"):
            await Postgres().prepare(place._replace(account=Account()), run)
        with pytest.raises(Missing, match="61999 has no entry"):
            await Postgres().prepare(place._replace(account=Account(61999, 61999)), run)


async def test_a_failed_initdb_is_told_with_its_last_lines():
    async def broken(command):
        ended = await run(command._replace(argv=("sh", "-c", "echo disk is on fire; exit 3")))
        assert command.argv[0].endswith("initdb")
        return ended

    with some_place() as place:
        with pytest.raises(Exception, match="code 3:\ndisk is on fire"):
            await Postgres().prepare(place, broken)

        assert not os.path.exists(place.data)
        async with running(Postgres(), place) as here:
            url = await here.server.create(place, "shop", new_password())

    assert check_kind(url, RESOURCE_KINDS["postgres"]).path == "/shop"
