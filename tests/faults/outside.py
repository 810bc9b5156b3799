"""A home seen from outside: what its store, its supervisor, its router and its folders hold."""

import asyncio
import json
from typing import Any, NamedTuple

import apsw
from demo.home import Home

from twelve.client.connection import asked
from twelve.client.wire import Address, ask
from twelve.engines.local.router.files import read
from twelve.engines.local.router.resources import backends_of, clusters_used
from twelve.engines.local.supervisor_client import Supervisor
from twelve.errors import TwelveError
from twelve.factors.processes.instance import Instance


class Outside(NamedTuple):
    """What there is of one deploy, by the names of things; and of no deploy in particular."""

    current: int
    processes: frozenset[str]
    wanted: frozenset[str]
    """The processes that the current release names."""
    leases: frozenset[str]
    clusters: frozenset[str]
    runtimes: frozenset[str]
    """``web@v3``: what the current release's clusters are of."""
    layers: frozenset[str]
    kept: frozenset[str]
    """The layers of the builds that are kept."""
    temporary: frozenset[str]
    """Files and folders that are only there while something is under way."""
    open: tuple[str, ...]
    """Attempts and runs that have no end."""

    @property
    def amiss(self) -> dict[str, Any]:
        """Where there is more or less than the current release wants."""
        found = {
            "processes": self.processes ^ self.wanted,
            "leases": {n for n in self.wanted if "/web." in n} ^ self.leases,
            "clusters": self.clusters ^ self.runtimes,
            "layers": self.layers ^ self.kept,
            "temporary": self.temporary,
            "open": self.open,
        }
        return {name: sorted(what) for name, what in found.items() if what}


def look(home: Home, app: str, deploy: str = "production") -> Outside:
    """Look once; nothing of Twelve's own is asked but the supervisor."""
    prefix = f"{app}/{deploy}/"
    rows = asyncio.run(instances(home))
    living = [row["name"] for row in rows if row["state"] != "exited"]
    store = apsw.Connection(str(home.home / "twelve.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        release = one(
            store,
            "SELECT r.number, r.formation, r.runtimes FROM releases r JOIN deploys d"
            " ON r.deploy_id = d.id AND r.number = d.current JOIN apps a ON a.id = d.app_id"
            " WHERE a.name = ? AND d.name = ?",
            app,
            deploy,
        )
        formation, runtimes = json.loads(release[1]), json.loads(release[2])
        wanted = {
            Instance(app, deploy, kind, str(n), runtimes[kind]).name
            for kind, quantity in formation.items()
            for n in range(1, quantity + 1)
        }
        leases = {name for (name,) in store.execute("SELECT process FROM ports")}
        attempts = store.execute("SELECT verb, step FROM journal WHERE ended_ns IS NULL")
        unended = [f"{verb} at {step}" for verb, step in attempts]
        runs = store.execute("SELECT id FROM runs WHERE ended_ns IS NULL")
        unended += [f"run {identity}" for (identity,) in runs]
        builds = [
            json.loads(plain)["artifact"]["built"]
            for (plain,) in store.execute("SELECT plain FROM builds WHERE pruned_ns IS NULL")
        ]
    finally:
        store.close()
    return Outside(
        release[0],
        frozenset(name for name in living if name.startswith(prefix)),
        frozenset(wanted),
        frozenset(name for name in leases if name.startswith(prefix)),
        frozenset(clusters(home, f"{app}/{deploy}/")),
        frozenset({f"web@v{runtimes['web']}"}),
        frozenset(path.name for path in (home.home / "layers").iterdir()),
        frozenset(d for b in builds for d in (b["deps_digest"], b["app_digest"]) if d),
        frozenset(temporary(home, len(living))),
        tuple(unended),
    )


async def instances(home: Home) -> list[dict[str, Any]]:
    """What the supervisor lists."""
    async with await Supervisor.connect(home.run) as supervisor:
        return await supervisor.list()


def supervisor_pid(home: Home) -> int:
    """Of the one that answers."""

    async def ask() -> int:
        async with await Supervisor.connect(home.run) as supervisor:
            return int((await supervisor.hello())["pid"])

    return asyncio.run(ask())


def one(store: apsw.Connection, sql: str, *values: Any) -> Any:
    """The only row."""
    [row] = store.execute(sql, values)
    return row


def clusters(home: Home, prefix: str) -> set[str]:
    """Those that the router knows or leads to: whose processes they are, ``web@v3``."""
    xds = home.home / "router/xds"
    names = {backend.cluster for backend in backends_of(read(xds / "cds.json")[1])}
    names |= clusters_used(read(xds / "rds.json")[1])
    return {n.removeprefix(prefix).partition("+")[0] for n in names if n.startswith(prefix)}


def temporary(home: Home, living: int) -> list[str]:
    """What attempts, uploads and starts leave only while they are under way."""
    places = (home.home / "builds", home.home / "incoming", home.temporary)
    found = [str(path) for place in places for path in place.iterdir()]
    pipes = list((home.run / "p").iterdir())
    if len(pipes) != living:
        found.append(f"{len(pipes)} folders of pipes for {living} processes")
    return found


def stream(home: Home, app: str, grep: str = "", deploy: str = "production") -> list[str]:
    """The lines of Twelve's own in the stream of a deploy."""
    want = {"type": "twelve", "n": 1_000_000, "grep": grep, "json": True}
    answer = ask(control(home), "GET", asked(f"/v1/apps/{app}/deploys/{deploy}/logs", want))
    return [json.loads(line)["line"] for line in answer.lines() if line]


def events(home: Home, app: str, number: str, deploy: str = "production") -> dict[str, Any]:
    """What befell a release, by its kind."""
    path = f"/v1/apps/{app}/deploys/{deploy}/releases/{number}"
    shown = ask(control(home), "GET", path).json()
    return {event["kind"]: event["detail"] for event in shown["events"]}


def control_answers(home: Home) -> bool:
    """Whether a listing of all processes is answered."""
    try:
        ask(control(home), "GET", "/v1/ps").json()
    except TwelveError:
        return False
    return True


def control(home: Home) -> Address:
    """Asked without a command of its own: a start of Python costs more than the answer."""
    return Address(path=str(home.run / "control.sock"), patience=10.0)
