"""Control: builds the house, keeps it, answers the API. Its death leaves the apps running."""

import asyncio
import contextlib
import fcntl
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twelve.engines.local import lean
from twelve.engines.local.command import run_command
from twelve.engines.local.disk import Budgets
from twelve.engines.local.dying import Dying
from twelve.engines.local.engine import LocalEngine
from twelve.engines.local.examination import examine_limits, examine_machine
from twelve.engines.local.machine import Machine
from twelve.engines.local.parts import QUICKLY, Parts, clear_away, home_folders, open_parts
from twelve.engines.local.ports import is_free
from twelve.engines.local.router.envoy import Router
from twelve.engines.local.router.files import Place as RouterPlace
from twelve.engines.local.router.launch import Options
from twelve.engines.local.sandbox.tiers import detect
from twelve.engines.local.supervisor import making
from twelve.engines.local.supervisor.proc import boot_id
from twelve.engines.local.supervisor_client import ensure_supervisor
from twelve.errors import Conflict, Invalid, TwelveError
from twelve.operations.follow import move_followers
from twelve.operations.forward import forward_all
from twelve.operations.health import keep_healthy
from twelve.operations.house import House, untold
from twelve.operations.keeping import keep_settled
from twelve.operations.recover import recover, resettle
from twelve.operations.room import forget_streams, keep_room
from twelve.operations.timetable import keep_time, look
from twelve.services.contract import Account, Command, Done
from twelve.services.host import Host
from twelve.services.registry import servers
from twelve.settings import RUN_FILE, SETTINGS, Settings
from twelve.store import leases
from twelve.store.connection import Store, open_store
from twelve.store.vault import Vault, load_key

if TYPE_CHECKING:
    import uvicorn

log = logging.getLogger("twelve.control")

CONTROL = "twelve/control@-"
# twelve: ignore[VIII-2] a home is a folder of one machine, so its lock is as wide as it is
LOCK = "control.lock"
"""In the home: held for as long as a control plane is at work on it."""
PASSED_ON = ("PATH", "HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "LANG", "SSL_CERT_FILE")


class Control:
    """Start up, loop, shut down."""

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], *, owner: int | None = None
    ) -> None:
        self.settings = settings
        self.owner = owner
        """The user whose folder is run as it is, in development."""
        self.environ = environ
        self.home = Path(settings.home)
        self.run = Path(settings.run)
        self.root = os.geteuid() == 0
        self.leave = asyncio.Event()
        self.house: House
        self.parts: Parts
        self.host: Host

    async def serve(self, ready: Callable[["Control"], None]) -> None:
        """Keep the house until told to leave; ``ready`` is called once the API answers."""
        async with AsyncExitStack() as opened:
            await self.start_up(opened)
            ready(self)
            await self.leave.wait()
            log.info("leaving")

    async def start_up(self, opened: AsyncExitStack) -> None:
        """Open store, parts and API in this order; leaving closes them in reverse."""
        await self.build(opened)
        await self.parts.renew()
        await self.parts.router.ready()
        await self.keep_servers()
        for said in await recover(self.house):
            log.info(said)
        await self.keep_drains()
        await asyncio.to_thread(clear_away, self.home)
        # Before anybody can change a schedule: what was missed was missed by the one that was.
        await look(self.house)
        opened.callback(asyncio.create_task(keep_time(self.house)).cancel)
        # Another port, or a death between a domain and those who are told of it.
        self.house.under_way.go_on(move_followers(self.house, "twelve"))
        self.house.under_way.go_on(forget_streams(self.house))
        await self.open_api(opened)

    async def build(self, opened: AsyncExitStack) -> None:
        """The house and its parts; the router may not answer yet, and nothing is recovered."""
        lean.begin()
        make_folders(self.home, self.run, shared=self.root)
        opened.enter_context(lock(self.home))
        key = load_key(self.environ, self.home)
        store = open_store(self.home / "twelve.db", Vault(key))
        opened.callback(store.db.close)
        # Two programs that take their time, side by side.
        machine, supervisor = await asyncio.gather(
            asyncio.to_thread(self.machine), ensure_supervisor(self.run, self.home)
        )
        supervisor.close()
        self.parts = await open_parts(opened, machine, self.router(store), self.settings.pythons)
        engine = LocalEngine(self.parts)
        self.host = self.make_host(store, engine)
        self.house = House(
            self.settings,
            store,
            engine,
            self.host,
            time.time_ns,
            is_free,
            lambda purpose: self.uid_of(store, purpose),
            machine.tier.name,
            boot_id(),
            Dying(self.settings.die_at) if self.settings.die_at else untold,
        )
        opened.push_async_callback(self.house.under_way.close)
        house = self.house
        keepers = (keep_settled(house), keep_healthy(house), keep_room(house), self.keep_parts())
        for keeper in (*keepers, lean.keep_lean()):
            opened.callback(asyncio.create_task(keeper).cancel)
        self.parts.lost.append(self.settle_again)

    async def keep_servers(self) -> None:
        """The embedded servers. One that does not start must not keep control from starting."""
        try:
            await self.host.take_over()
        except TwelveError as error:
            log.warning("%s %s", error, error.hint)

    async def keep_drains(self) -> None:
        """The process that sends log streams on, if there is something to send."""
        try:
            await forward_all(self.house)
        except TwelveError as error:
            log.warning("log streams are not sent on: %s", error)

    async def keep_parts(self) -> None:
        """A part that ended while it was only adopted is nobody's to start again but ours."""
        async for what in self.parts.board.happenings():
            app, _, name = what.name.partition("/")
            if what.kind != "gone" or app != "twelve" or "/" in name:
                continue
            if self.parts.is_former(what.name):
                continue
            log.warning("%s is gone; starting it again", what.name)
            try:
                await self.parts.start_all()
                await self.host.ensure(self.host.kinds())
            except TwelveError:
                log.exception("%s could not be started", what.name)

    async def settle_again(self) -> None:
        """After the supervisor was replaced: everything is made true again, ourselves included."""
        if CONTROL in self.parts.board.seen:
            with contextlib.suppress(Conflict):
                await self.parts.launch(control_launch(self.settings, self.environ))
        await self.keep_servers()
        resettle(self.house)

    def machine(self) -> Machine:
        """What launches need to know of this machine."""
        settings = self.settings
        tier = detect({**self.environ, "TWELVE_TIER": settings.tier})
        return Machine(
            self.home,
            self.run,
            tier,
            settings.log_budget,
            settings.log_age,
            self.environ,
            Budgets(
                settings.disk_reserve,
                settings.layers_budget,
                settings.builds_budget,
                settings.cache_budget,
            ),
        )

    def router(self, store: Store) -> Router:
        """The router of this home."""
        settings = self.settings
        place = RouterPlace(self.home, self.run, self.uid_of(store, "router"))
        options = Options(
            settings.http_host,
            settings.http_port,
            settings.envoy_bin,
            handover=max(1, round(settings.handover)),
        )
        return Router(place, options)

    def uid_of(self, store: Store, purpose: str) -> int | None:
        """A uid of its own for each purpose, where we may give one."""
        if self.owner is not None and purpose.startswith("deploy "):
            return self.owner
        first, last = self.settings.uids
        return leases.lease_uid(store, purpose, range(first, last + 1)) if self.root else None

    def make_host(self, store: Store, engine: LocalEngine) -> Host:
        """The embedded servers of this home."""
        settings = self.settings

        def account(kind: str) -> Account:
            uid = self.uid_of(store, f"service {kind}")
            return Account(uid, uid, f"twelve-{kind}", "strict") if uid else Account()

        def port(kind: str) -> int:
            first, last = settings.ports
            return leases.lease_port(store, f"twelve/{kind}@-", range(first, last + 1), is_free)

        async def run(command: Command) -> Done:
            return Done(
                *await run_command(
                    engine, command.argv, command.env, command.cwd, command.box, command.stdin
                )
            )

        return Host(
            self.home / "services",
            self.run,
            servers(settings.postgres_bin, settings.valkey_bin),
            account,
            port,
            self.parts.start_part,
            run,
        )

    async def open_api(self, opened: AsyncExitStack) -> None:
        """Answer on the home's socket."""
        # A server of its own weight: `up` has processes to start first.
        from twelve.api.call import Rooms
        from twelve.api.ending import Ending
        from twelve.api.progress import Operations
        from twelve.api.server import bind, make_app, make_server

        path = self.run / "control.sock"
        listener = bind(path)
        ending = Ending()
        operations = Operations(secrets.token_hex(3))
        opened.push_async_callback(operations.close)
        rooms = Rooms(self.house, operations, ending, self.end, self.examine)
        app = make_app(rooms)
        server = make_server(app)
        task = asyncio.create_task(server.serve([listener]))
        opened.push_async_callback(close_api, server, task, path)
        opened.callback(ending.set)
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.005)

    async def examine(self) -> dict[str, Any]:
        """What doctor says."""
        found = await asyncio.to_thread(examine_machine, self.parts)
        found["limits"] = await examine_limits(self.parts)
        return found | {"services": await self.host.examine()}

    def end(self) -> None:
        """Leave; what runs is not concerned."""
        self.leave.set()


async def close_api(server: "uvicorn.Server", task: asyncio.Task[None], path: Path) -> None:
    """Let calls end, at most two seconds, then remove the socket."""
    server.should_exit = True
    await task
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def make_folders(home: Path, run: Path, *, shared: bool) -> None:
    """The folders of a home and of its sockets. Raises Invalid that says which cannot be made."""
    folder = home
    try:
        home_folders(home, shared=shared)
        folder = run
        mode = 0o711 if shared else 0o700
        run.parent.mkdir(mode=mode, parents=True, exist_ok=True)
        run.mkdir(mode=mode, exist_ok=True)
        owned(run.parent, mode)
        owned(run, mode)
        (home / RUN_FILE).write_text(f"{run}\n")
    except OSError as error:
        raise Invalid(
            f"{folder}: {error.strerror or error}",
            hint="set TWELVE_HOME to a folder that you may write to",
        ) from None


def owned(folder: Path, mode: int) -> None:
    """A folder in /tmp could be somebody else's. Raises Invalid."""
    if folder.stat().st_uid != os.geteuid():
        raise Invalid(f"{folder} belongs to another user", hint="remove it, or set XDG_RUNTIME_DIR")
    folder.chmod(mode)


@contextlib.contextmanager
def lock(home: Path):  # type: ignore[no-untyped-def] # noqa: ANN201 - a context manager of nothing
    """One control a home. Raises Conflict."""
    handle = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # twelve: ignore[VIII-2] a home is a folder of one machine, so its lock is as wide as it is
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Conflict(
            f"{home}: another control plane runs there", hint="twelve doctor shows it"
        ) from None
    try:
        yield
    finally:
        os.close(handle)


async def serve(
    settings: Settings, environ: Mapping[str, str], ready: Callable[[Control], None]
) -> None:
    """Run control in the foreground until SIGTERM or SIGINT; the apps run on after it."""
    control = Control(settings, environ)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, control.end)
    await control.serve(ready)


def set_up_logging() -> None:
    """Control's own log is a stream on stdout."""
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(name)s %(message)s"
    )


def control_launch(settings: Settings, environ: Mapping[str, str]) -> dict[str, Any]:
    """How the supervisor starts control."""
    names = {row.name for row in SETTINGS} - {"TWELVE_APP", "TWELVE_URL", "TWELVE_TOKEN"}
    given = {name: environ[name] for name in (*PASSED_ON, *names) if environ.get(name)}
    proxies = {
        name: value
        for name, value in environ.items()
        if name.startswith(("UV_", "NPM_CONFIG_", "npm_config_")) or name.lower().endswith("_proxy")
    }
    return {
        "name": CONTROL,
        "argv": [sys.executable, "-m", "twelve", "serve"],
        "env": {**given, **proxies, "TWELVE_HOME": settings.home},
        "cwd": "/",
        "stdin": "null",
        "logs": {
            "dir": "logs/twelve/platform/control@-",
            "budget": settings.log_budget,
            "age": settings.log_age,
            "demux": False,
        },
        "restart": QUICKLY,
        "grace": 10.0,
        "stop_signal": "SIGTERM",
        "notify": False,
        "version": making.of_control(),
        # Control starts a new supervisor when that has died; it must outlive control.
        "leaves": True,
        "box": {"tier": "bare"},
    }
