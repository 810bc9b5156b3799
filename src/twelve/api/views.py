"""What nouns look like outside: JSON-ready, secrets masked."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from twelve.engines.contract import Exit, Seen
from twelve.errors import Invalid
from twelve.factors.admin.ticks import SECOND, next_tick
from twelve.factors.config.secret import MASK
from twelve.factors.ports.health import WELL
from twelve.factors.releases.release import Release
from twelve.factors.resources.url import mask
from twelve.manifest import Schedule
from twelve.operations.compare import Comparison
from twelve.operations.house import House
from twelve.operations.timetable import zone_of
from twelve.operations.wanted import build_of, hosts_of, instances_of, manifest_of
from twelve.store import builds, releases, ticks, versions
from twelve.store.apps import App, Deploy
from twelve.store.exits import Ended
from twelve.store.runs import Run
from twelve.store.ticks import Recorded
from twelve.store.versions import Version

LAST_WORDS, AFTERWARDS = 20, 100_000_000
"""Lines that an exit is shown with, and nanoseconds in which they may still be read."""


def app(house: House, noun: App, its: list[Deploy]) -> dict[str, Any]:
    """An app and its deploys."""
    return {
        "name": noun.name,
        "root_commit": noun.root_commit,
        "created_ns": noun.created_ns,
        "deploys": [deploy(house, each) for each in its],
    }


def deploy(house: House, noun: Deploy) -> dict[str, Any]:
    """A deploy: its release and where it answers."""
    current = releases.current(house.store, noun)
    return {
        "app": noun.app,
        "name": noun.name,
        "release": f"v{noun.current}" if noun.current else None,
        "urls": urls(house, noun),
        "formation": dict(current.formation if current else noun.formation),
        "stopped": sorted(noun.stopped),
    }


def urls(house: House, noun: Deploy) -> list[str]:
    """Where the deploy answers, the first of its own first."""
    port = house.settings.http_port
    at = "" if port == 80 else f":{port}"
    return [f"http://{host}{at}" for host in hosts_of(house, noun)]


def release(house: House, noun: Deploy, row: Release, state: str = "") -> dict[str, Any]:
    """A release in one line of a listing."""
    build = build_of(house, noun, row)
    return {
        "release": row.tag,
        "state": "current" if noun.current == row.number else state or "pending",
        "build": row.build,
        "kept": builds.is_kept(house.store, noun.app_id, row.build),
        "commit": build.commit,
        "label": build.label,
        "subject": build.subject,
        "dirty": build.dirty,
        "config": row.config,
        "attachments": row.attachments,
        "formation": dict(row.formation),
        "runtimes": {kind: f"v{number}" for kind, number in row.runtimes.items()},
        "digest": row.digest,
        "reason": row.reason,
        "who": row.who,
        "at_ns": row.at_ns,
    }


def release_whole(house: House, noun: Deploy, row: Release) -> dict[str, Any]:
    """A release with what befell it, its build and the names of its variables."""
    state = releases.states(house.store, noun).get(row.number, "")
    build = build_of(house, noun, row)
    config = versions.names_set_in(house.store, noun, "config", row.config)
    attached = versions.values(house.store, noun, "attachments", row.attachments)
    return release(house, noun, row, state) | {
        "manifest": build.manifest,
        "artifact": build.artifact,
        "variables": sorted(config),
        "attached": {name: mask(url) for name, url in attached.items()},
        "events": [event._asdict() for event in releases.events(house.store, noun, row.number)],
    }


def comparison(found: Comparison) -> dict[str, Any]:
    """What differs, between what, and what nobody could tell."""
    return {
        "before": found.before.name,
        "after": found.after.name,
        "differences": [drift.to_plain() for drift in found.drifts],
        "unknown": list(found.unknown),
    }


def config(values: dict[str, str], reveal: bool) -> dict[str, str]:
    """Variables, masked unless they are to be seen."""
    return values if reveal else dict.fromkeys(values, MASK)


def version(row: Version) -> dict[str, Any]:
    """A version of config or attachments."""
    return row._asdict()


def run(row: Run) -> dict[str, Any]:
    """A one-off."""
    return row._asdict()


def tick(row: Recorded) -> dict[str, Any]:
    """What became of a tick of a schedule."""
    plain = row._asdict()
    run = {name: plain.pop(name) for name in ("run", "number", "ended_ns", "code", "signal")}
    ended = {"id": run.pop("run")} | run
    return plain | {"run": ended if ended["id"] else None}


def schedules(house: House, noun: Deploy) -> list[dict[str, Any]]:
    """The schedules of the current release: when each comes next, and what became of it last."""
    current = releases.current(house.store, noun)
    found = manifest_of(build_of(house, noun, current)).schedule if current else {}
    return [schedule(house, noun, each) for each in found.values()]


def schedule(house: House, noun: Deploy, row: Schedule) -> dict[str, Any]:
    """One schedule; without a next time when this machine cannot tell it."""
    last = ticks.last(house.store, noun, row.name)
    try:
        zone = zone_of(row.timezone)
        at_ns = next_tick(row.cron, zone, house.now())
    except Invalid:
        zone, at_ns = UTC, None
    moment = datetime.fromtimestamp(at_ns // SECOND, zone) if at_ns else None
    return row._asdict() | {
        "next_ns": at_ns,
        "next": moment.isoformat() if moment else None,
        "last": tick(last) if last else None,
    }


def processes(
    house: House, noun: Deploy, seen: Mapping[str, Seen], ports: Mapping[str, int]
) -> list[dict[str, Any]]:
    """The processes of a deploy: those that are wanted, and those that still run beside them.

    ``seen`` has those of this deploy, and maybe others.
    """
    current = releases.current(house.store, noun)
    wanted = [instance.name for instance in instances_of(noun, current)] if current else []
    prefix = f"{noun.label}/"
    others = sorted(name for name in seen if name.startswith(prefix) and name not in wanted)
    since = min(current.runtimes.values(), default=0) if current else 0
    warned = [(d.get("process"), d["text"]) for d in releases.warnings(house.store, noun, since)]
    return [
        process(name, seen.get(name), ports.get(name))
        | {
            "unwell": house.health.pulses.get(name, WELL).why,
            "warnings": list(dict.fromkeys(text for whose, text in warned if whose == name)),
        }
        for name in (*wanted, *others)
    ]


def process(name: str, seen: Seen | None, port: int | None) -> dict[str, Any]:
    """One process."""
    short, _, tag = name.rsplit("/", 1)[-1].partition("@")
    last = seen.last_exit if seen else None
    return {
        "name": name,
        "process": short,
        "type": short.split(".", 1)[0],
        "release": tag,
        "state": seen.state if seen else "missing",
        "port": port,
        "pid": seen.pid if seen else None,
        "started_ns": seen.started_ns if seen else None,
        "restarts": seen.restarts if seen else 0,
        "last_exit": last._asdict() | {"said": str(last)} if last else None,
    }


def began(row: Ended) -> int:
    """When the life that ended so began, in nanoseconds since the epoch."""
    return row.at_ns - int(row.uptime * 1e9)


async def ended(house: House, noun: Deploy, row: Ended, next_ns: int | None) -> dict[str, Any]:
    """An exit with its last lines; its next life began at ``next_ns``, if there is one."""
    name = f"{noun.label}/{row.process}@{row.release}"
    # What it said last may lie in its pipe for a moment; what is read later, its next life said.
    until = min(row.at_ns + AFTERWARDS, next_ns or row.at_ns + AFTERWARDS)
    lines = await house.engine.last_words(name, LAST_WORDS, began(row), until)
    said = str(Exit(row.code, row.signal, row.oom, row.memory, row.error))
    return row._asdict() | {"said": said, "lines": list(lines)}


def types(house: House, noun: Deploy) -> dict[str, str]:
    """The process types of the current release, each with its command."""
    current = releases.current(house.store, noun)
    if current is None:
        return {}
    found = manifest_of(build_of(house, noun, current)).processes
    return {name: kind.command for name, kind in found.items()}
