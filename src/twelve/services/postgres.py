"""The embedded Postgres: one cluster a home, a database and a role a resource."""

import os
import pwd
import secrets
from typing import Any, NamedTuple

from twelve.errors import Conflict, Invalid, Missing, TwelveError, Unreachable
from twelve.factors.resources.names import check_name
from twelve.factors.resources.url import Url
from twelve.services.contract import Account, Command, Place, Run, box_of, launch_of
from twelve.services.files import (
    give,
    is_folder,
    make_folder,
    new_password,
    read_file,
    sync_folder,
    write_file,
)
from twelve.services.programs import postgres_programs
from twelve.services.run import last_lines, run_here
from twelve.services.scram import verifier

ADMIN = "twelve"

SOCKET_LIMIT = 107
"""Bytes of a unix socket's path on Linux, without the last NUL."""

ASKING = 15.0
"""Seconds that a server of somebody else may take to say its version."""

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}

# The administrator comes by the socket alone, whose folder only the server and we can enter.
HBA = f"""\
# TYPE  DATABASE  USER     ADDRESS       METHOD
local   all       {ADMIN}                scram-sha-256
host    all       {ADMIN}  all           reject
local   all       all                    scram-sha-256
host    all       all      127.0.0.1/32  scram-sha-256
"""

# ALLOW_CONNECTIONS is off until PUBLIC has lost CONNECT, so that nobody slips in between.
# Two that change the same system catalogs at once fail: "tuple concurrently updated".
ONE_AT_A_TIME = "SELECT pg_advisory_lock(12);\n"

CREATE = """\
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
SELECT 'CREATE ROLE "{name}"'
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec
ALTER ROLE "{name}" LOGIN PASSWORD '{verifier}';
SELECT 'CREATE DATABASE "{name}" OWNER "{name}" ALLOW_CONNECTIONS false'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec
REVOKE ALL ON DATABASE "{name}" FROM PUBLIC;
ALTER DATABASE "{name}" ALLOW_CONNECTIONS true;
"""

DESTROY = """\
DROP DATABASE IF EXISTS "{name}" WITH (FORCE);
DROP ROLE IF EXISTS "{name}";
"""


class Postgres(NamedTuple):
    """Fulfils ``Server``. ``override`` is the setting TWELVE_POSTGRES_BIN, or empty."""

    override: str = ""

    @property
    def kind(self) -> str:
        """The kind of resource that it serves."""
        return "postgres"

    async def version(self) -> str:
        """``Postgres 18.6``."""
        program = postgres_programs(self.override)("postgres")
        done = await run_here(Command((program, "--version"), dict(ENVIRONMENT), "/", {}))
        if done.code:
            raise Missing(f"{program} does not run: {last_lines(done.output)}")
        return f"Postgres {done.output.split()[2]}"

    async def prepare(self, place: Place, run: Run) -> None:
        """Make the cluster at the first time, the configuration and the socket's folder always."""
        check_place(place)
        make_folder(place.folder, 0o711)
        make_folder(place.conf, 0o755)
        make_folder(place.sockets, 0o700, place.account)
        write_file(f"{place.conf}/pg_hba.conf", HBA, 0o644)
        here = await self.version()
        if not is_folder(place.data):
            await self._make_cluster(place, run, major(here))
        check_version(place, here)
        if place.account.tier == "bare":
            forget_dead_server(place)

    def launch(self, place: Place) -> dict[str, Any]:
        """Stopped by SIGINT, a fast stop: SIGTERM would wait for the last client to leave."""
        programs = postgres_programs(self.override)
        argv = [programs("postgres"), "-D", place.data, "-p", str(place.port), "-k", place.sockets]
        for setting in (
            "listen_addresses=127.0.0.1",
            f"hba_file={place.conf}/pg_hba.conf",
            "password_encryption=scram-sha-256",
            "log_line_prefix=%q%u@%d ",
        ):
            argv += ["-c", setting]
        read = (*programs.read, place.conf)
        return {
            **launch_of(self.kind, argv, dict(ENVIRONMENT), place),
            "stop_signal": "SIGINT",
            "box": box_of(place.account, read, (place.data, place.sockets)),
        }

    async def ready(self, place: Place) -> bool:
        """Whether the administrator can log in: false while it starts or recovers."""
        try:
            await self._ask(place, "SELECT 1;")
        except Unreachable:
            return False
        return True

    async def create(self, place: Place, name: str, password: str) -> str:
        """A database and its owner, both called ``name``."""
        secret = verifier(password, secrets.token_bytes(16))
        await self._ask(
            place, ONE_AT_A_TIME + CREATE.format(name=check_name(name), verifier=secret)
        )
        return f"postgresql://{name}:{password}@127.0.0.1:{place.port}/{name}"

    async def destroy(self, place: Place, name: str) -> None:
        """Drop both; open connections are cut."""
        await self._ask(place, ONE_AT_A_TIME + DESTROY.format(name=check_name(name)))

    async def version_at(self, url: Url) -> str:
        """Asked by psql, with everything in its environment: nothing of a URL is in its argv."""
        program = postgres_programs(self.override)("psql")
        argv = (program, "-X", "-q", "-A", "-t", "-w", "-c", "SHOW server_version")
        env = {
            **ENVIRONMENT,
            "PGHOST": url.host,
            "PGPORT": str(url.port or ""),
            "PGUSER": url.user,
            "PGPASSWORD": url.password,
            "PGDATABASE": url.path.removeprefix("/"),
            "PGPASSFILE": os.devnull,
            "PGSERVICEFILE": os.devnull,
            "PGCONNECT_TIMEOUT": "5",
        }
        if not url.host:
            raise Unreachable("postgres: the URL names no host")
        done = await run_here(Command(argv, env, "/", {}), seconds=ASKING)
        number = done.output.split()[:1]
        if done.code or not number:
            raise Unreachable("postgres: the server does not answer")
        return f"Postgres {number[0]}"

    async def _make_cluster(self, place: Place, run: Run, version: int) -> None:
        """The folder gets its name when it is whole: what a death leaves behind is made anew."""
        programs = postgres_programs(self.override)
        fresh, given = f"{place.folder}/new", f"{place.conf}/verifier"
        await _empty(fresh, place.account, run)
        make_folder(fresh, 0o700, place.account)
        password = new_password()
        write_file(place.password_file, f"*:*:*:{ADMIN}:{password}\n", 0o600)
        # Not the password, but what cannot be turned back into it; and only for a moment.
        write_file(given, verifier(password, secrets.token_bytes(16)), 0o600)
        give(given, place.account)
        locale: tuple[str, ...] = (
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
        if version < 17:
            locale = ("--locale=C.UTF-8",)
        argv = (
            *(programs("initdb"), "-D", fresh, "-U", ADMIN, "--auth=scram-sha-256"),
            *("--pwfile", given, "--encoding=UTF8", *locale, "--data-checksums"),
            "--no-instructions",
        )
        box = box_of(place.account, (*programs.read, place.conf), (fresh,))
        try:
            done = await run(Command(argv, dict(ENVIRONMENT), "/", box))
        finally:
            os.unlink(given)
        if done.code:
            raise TwelveError(
                f"postgres: initdb failed with code {done.code}:\n{last_lines(done.output)}",
                hint=f"is there room below {place.folder}?",
            )
        os.rename(fresh, place.data)
        sync_folder(place.folder)

    async def _ask(self, place: Place, sql: str) -> None:
        """SQL on psql's stdin; psql reads the password from its file. Nothing is in its argv."""
        argv = (
            *(postgres_programs(self.override)("psql"), "-X", "-q", "-A", "-t", "-w"),
            *("-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse", "-h", place.sockets),
            *("-p", str(place.port), "-U", ADMIN, "-d", "postgres", "-f", "-"),
        )
        env = {
            **ENVIRONMENT,
            "PGPASSFILE": place.password_file,
            "PGCONNECT_TIMEOUT": "5",
            "PGREQUIREAUTH": "scram-sha-256",
        }
        done = await run_here(Command(argv, env, "/", {}, sql.encode()))
        if done.code == 2:
            raise Unreachable(
                f"postgres: the server does not answer: {last_lines(done.output, 1)}",
                hint="twelve ps shows whether it runs, its log is the stream of twelve/postgres",
            )
        if done.code:
            raise TwelveError(f"postgres: {last_lines(done.output, 1)}")


def check_version(place: Place, here: str) -> None:
    """Raises Conflict when the data is of another major version than the program ``here``."""
    made = read_file(f"{place.data}/PG_VERSION").strip()
    if made and major(here) != int(made):
        raise Conflict(
            f"postgres: the data in {place.data} is of Postgres {made}, the program is {here}",
            hint="set TWELVE_POSTGRES_BIN to programs of that version, dump the databases, "
            "move the folder away and restore them",
        )


def check_place(place: Place) -> None:
    """Raises Invalid or Missing for a place that Postgres refuses only after its start."""
    socket = f"{place.sockets}/.s.PGSQL.{place.port}"
    if len(socket.encode()) > SOCKET_LIMIT:
        raise Invalid(
            f"postgres: {place.sockets} is too long for a socket",
            hint="set XDG_RUNTIME_DIR to a shorter folder",
        )
    uid = os.getuid() if place.account.uid is None else place.account.uid
    if place.account.tier != "bare":
        return
    if uid == 0:
        raise Invalid("postgres: it refuses to run as root", hint="give it a user id of its own")
    try:
        pwd.getpwuid(uid)
    except KeyError:
        # initdb asks for the name of its user; a box of the tier strict or user has an entry.
        raise Missing(
            f"postgres: the user id {uid} has no entry in /etc/passwd, which initdb needs",
            hint=f"add one, e.g.: echo 'app:x:{uid}:{uid}::/:/bin/false' >> /etc/passwd",
        ) from None


def forget_dead_server(place: Place) -> None:
    """Remove the lock file of a server that is gone, when its pid is another program's by now.

    Postgres refuses to start while that pid lives, as it may after a reboot. Only where the server
    has no pid namespace of its own: its pid means nothing to us otherwise.
    """
    lock = f"{place.data}/postmaster.pid"
    pid = read_file(lock).partition("\n")[0].strip()
    if pid.isdigit() and place.data not in read_file(f"/proc/{pid}/cmdline"):
        os.unlink(lock)


async def _empty(folder: str, account: Account, run: Run) -> None:
    """Remove what a death left, as its owner: root follows no names that another user chose."""
    if is_folder(folder):
        argv = ("rm", "-rf", *(f"{folder}/{name}" for name in os.listdir(folder)))
        await run(Command(argv, dict(ENVIRONMENT), "/", box_of(account, (), (folder,))))


def major(version: str) -> int:
    """18 of ``Postgres 18.6``."""
    number = version.split()[1]
    return int("".join(char if char.isdigit() else " " for char in number).split()[0])
