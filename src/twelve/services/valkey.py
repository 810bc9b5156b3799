"""The embedded Valkey: one server a home, a user and a numbered database a resource."""

import asyncio
import hashlib
import os
import re
import ssl
from typing import Any

from twelve.errors import Invalid, Missing, Refused, TwelveError, Unreachable
from twelve.factors.resources.names import check_name
from twelve.factors.resources.url import Url
from twelve.services.contract import Command, Place, Run, box_of, launch_of
from twelve.services.files import (
    give,
    is_folder,
    make_folder,
    new_password,
    read_file,
    sync_folder,
    write_file,
)
from twelve.services.programs import valkey_program
from twelve.services.resp import Client, Failure, Link, connected
from twelve.services.run import last_lines, run_here

ADMIN = "twelve"
DATABASES = 1024
PORT = 6379
"""Where a server listens whose URL names no port."""
SOCKET = "valkey.sock"
SOCKET_LIMIT = 107
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}

CONFIGURATION = """\
bind 127.0.0.1
protected-mode yes
unixsocket {socket}
unixsocketperm 700
dir {data}
aclfile {acl}
databases {databases}
appendonly yes
appendfsync everysec
save ""
daemonize no
logfile ""
"""

# Besides @admin: functions and scripts are the whole server's, so that one user could change what
# another one calls; MIGRATE lets the server connect to any address. CLIENT LIST, which shows that
# there are others but nothing of theirs, is what RQ's workers begin with.
RULES = "~* &* +@all -@admin +client|list -function -script|flush -script|kill -migrate"

# Redis, and Valkey before 9.1, have no rule for a database. There one may SELECT its own alone, and
# the commands that name another one are taken away. Database 0, where each begins, is no one's.
OLDER_RULES = f"{RULES} -select +select|{{number}} -copy -move -swapdb -flushall"


class Valkey:
    """Fulfils ``Server``. ``override`` is the setting TWELVE_VALKEY_BIN, or empty."""

    kind = "redis"

    def __init__(self, override: str = "") -> None:
        self.override = override
        # Two resources made at once must not find the same number free.
        self.choosing = asyncio.Lock()

    async def version(self) -> str:
        """``Valkey 9.1.2``, or ``Redis 7.0.15``."""
        name, programs = valkey_program(self.override)
        done = await run_here(Command((programs(name), "--version"), dict(ENVIRONMENT), "/", {}))
        found = re.match(r"(\w+) server v=([0-9.]+)", done.output)
        if done.code or not found:
            raise Missing(f"{programs(name)} does not run: {last_lines(done.output)}")
        return f"{found[1]} {found[2]}"

    async def prepare(self, place: Place, run: Run) -> None:  # noqa: ARG002 -- part of the contract
        """The data folder with its list of users at the first time, the configuration always."""
        socket = f"{place.sockets}/{SOCKET}"
        if len(socket.encode()) > SOCKET_LIMIT:
            raise Invalid(
                f"redis: {place.sockets} is too long for a socket",
                hint="set XDG_RUNTIME_DIR to a shorter folder",
            )
        valkey_program(self.override)
        make_folder(place.folder, 0o711)
        make_folder(place.conf, 0o755)
        make_folder(place.sockets, 0o700, place.account)
        text = CONFIGURATION.format(
            socket=_quoted(socket),
            data=_quoted(place.data),
            acl=_quoted(f"{place.data}/users.acl"),
            databases=DATABASES,
        )
        write_file(f"{place.conf}/valkey.conf", text, 0o644)
        if not is_folder(place.data):
            _make_data(place)

    def launch(self, place: Place) -> dict[str, Any]:
        """SIGTERM lets it write the rest of its file before it ends."""
        name, programs = valkey_program(self.override)
        argv = [programs(name), f"{place.conf}/valkey.conf", "--port", str(place.port)]
        box = box_of(place.account, (*programs.read, place.conf), (place.data, place.sockets))
        return {**launch_of(self.kind, argv, dict(ENVIRONMENT), place), "box": box}

    async def ready(self, place: Place) -> bool:
        """Whether the administrator can log in and the data is loaded."""
        try:
            async with _admin(place):
                return True
        except Unreachable:
            return False

    async def create(self, place: Place, name: str, password: str) -> str:
        """A user, and a database that it alone may enter."""
        check_name(name)
        async with self.choosing, _admin(place) as client:
            users = await _databases(client)
            number = users.get(name) or await _free_number(client, set(users.values()))
            hashed = hashlib.sha256(password.encode()).hexdigest()
            begin = ("ACL", "SETUSER", name, "reset", "on", f"#{hashed}")
            reply = await client(*begin, *RULES.split(), "resetdbs", f"db={number}")
            if isinstance(reply, Failure):
                await client.sure(*begin, *OLDER_RULES.format(number=number).split())
            await client.sure("ACL", "SAVE")
        return f"redis://{name}:{password}@127.0.0.1:{place.port}/{number}"

    async def destroy(self, place: Place, name: str) -> None:
        """Lock the user out, empty its database, then forget it: in this order, should we die."""
        check_name(name)
        async with self.choosing, _admin(place) as client:
            number = (await _databases(client)).get(name)
            if number is None:
                return
            await client.sure("ACL", "SETUSER", name, "off")
            await client.sure("CLIENT", "KILL", "USER", name)
            await client.sure("SELECT", str(number))
            await client.sure("FLUSHDB")
            await client.sure("ACL", "DELUSER", name)
            await client.sure("ACL", "SAVE")

    async def version_at(self, url: Url) -> str:
        """Asked as the app itself would: INFO needs no rights beyond those of a resource's user."""
        try:
            async with connected(_link(url), url.user, url.password) as client:
                info = str(await client("INFO", "server"))
        except (OSError, ValueError, asyncio.LimitOverrunError):
            # Whatever answers there does not speak as it should.
            raise Unreachable("redis: the server does not answer") from None
        said = dict(line.partition(":")[::2] for line in info.splitlines())
        for name, key in (("Valkey", "valkey_version"), ("Redis", "redis_version")):
            if key in said:
                return f"{name} {said[key]}"
        raise Unreachable("redis: the server does not say its version")


def _link(url: Url) -> str | Link:
    """What opens a connection to the server at a URL, encrypted where the scheme says so."""
    if url.scheme == "unix":
        return url.path
    secure = url.base in {"rediss", "valkeys"}
    context = ssl.create_default_context() if secure else None
    return asyncio.open_connection(url.host, url.port or PORT, ssl=context)


def _admin(place: Place) -> Any:
    password = read_file(place.password_file).strip()
    return connected(f"{place.sockets}/{SOCKET}", ADMIN, password)


def _make_data(place: Place) -> None:
    """The folder gets its name when it is whole."""
    fresh = f"{place.folder}/new"
    os.makedirs(fresh, mode=0o700, exist_ok=True)
    password = new_password()
    write_file(place.password_file, f"{password}\n", 0o600)
    hashed = hashlib.sha256(password.encode()).hexdigest()
    lines = (
        "user default off resetkeys resetchannels -@all",
        f"user {ADMIN} on #{hashed} ~* &* +@all",
    )
    write_file(f"{fresh}/users.acl", "\n".join(lines) + "\n", 0o600)
    give(f"{fresh}/users.acl", place.account)
    make_folder(fresh, 0o700, place.account)
    os.rename(fresh, place.data)
    sync_folder(place.folder)


async def _databases(client: Client) -> dict[str, int]:
    """Which database each user has, by the server's own list: no second book to disagree with."""
    listed = await client.sure("ACL", "LIST")
    found: dict[str, int] = {}
    for line in listed if isinstance(listed, list) else []:
        if match := re.match(r"user (\S+) .*?(?:\bdb=|\+select\|)(\d+)", str(line)):
            found[match[1]] = int(match[2])
    return found


async def _free_number(client: Client, taken: set[int]) -> int:
    """The smallest number that is nobody's and empty. Raises Refused when there is none."""
    keys = str(await client.sure("INFO", "keyspace"))
    filled = {int(number) for number in re.findall(r"^db(\d+):", keys, re.MULTILINE)}
    for number in range(1, DATABASES):
        if number not in taken | filled:
            return number
    raise Refused(
        f"redis: all {DATABASES - 1} databases are in use",
        hint="twelve resources ls shows them; destroy one, or attach a server of your own",
    )


def _quoted(path: str) -> str:
    """A path as the configuration takes it, blanks and quotes included."""
    if "\n" in path or "\0" in path:
        raise TwelveError(f"redis: {path!r} cannot be written into a configuration")
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
