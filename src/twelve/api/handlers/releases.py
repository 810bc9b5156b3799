"""Deploys as a verb, releases, rollback."""

import base64
import os
import secrets
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from twelve.api import shapes, views
from twelve.api.bodies import Rollback
from twelve.api.call import Accepted, Call, Row
from twelve.api.paging import PAGE, cut
from twelve.api.query import flag
from twelve.api.results import told
from twelve.engines.contract import Tell
from twelve.errors import Invalid, Refused
from twelve.factors.codebase.tree import TreeFacts
from twelve.factors.processes.instance import parse_target
from twelve.factors.releases.release import Release, parse_release_number
from twelve.operations.compare import compare_releases
from twelve.operations.deploy import Wish, deploy
from twelve.operations.rollback import rollback
from twelve.store import apps, releases
from twelve.store.apps import Deploy

DEPLOY = "/v1/apps/{app}/deploys/{deploy}"
MIB = 1024**2
ARCHIVE_LIMIT = 2 * 1024**3
LOOK_EVERY = 16 * MIB
ALL = -1
"""Of a ledger's rows."""
FREE_SPACE_FACTOR = 4
"""An archive, its tree, its layer and room to spare: less free disk than that refuses a deploy."""


async def make_deploy(call: Call) -> Accepted:
    """Build, release and run the archive in the body."""
    app, name = parse_target(f"{call.path['app']}/{call.path['deploy']}")
    wish = Wish(
        app=app,
        deploy=name,
        who=call.who,
        provision=call.flag("provision"),
        adopt=call.flag("adopt"),
        wait=not call.flag("no_wait"),
        gate=not call.flag("no_gate"),
        stay=call.flag("stay"),
        strict=call.flag("strict"),
    )
    facts = read_facts(call.request.headers.get("twelve-tree", ""))
    archive = await take_in(call)

    async def work(tell: Tell) -> dict[str, Any]:
        try:
            release = await deploy(call.house, archive, facts, wish, tell)
        finally:
            archive.unlink(missing_ok=True)
        made = apps.get_deploy(call.house.store, wish.app, wish.deploy)
        return await told(call.house, made, given(release))

    return call.begin("deploy", f"{wish.app}/{wish.deploy}", work)


SHAPE = msgspec.defstruct(
    "Facts",
    [
        (name, kind, TreeFacts._field_defaults.get(name, msgspec.NODEFAULT))
        for name, kind in get_type_hints(TreeFacts).items()
    ],
)
"""What the header says of a tree; unknown keys, from a newer sender, are ignored."""


async def given(release: Release) -> Release:
    """A release that is there already."""
    return release


def read_facts(header: str) -> TreeFacts:
    """What the sender knows of the tree. Raises Invalid."""
    if not header:
        return TreeFacts("archive")
    try:
        facts = msgspec.json.decode(base64.b64decode(header), type=SHAPE)
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise Invalid(
            f"the header Twelve-Tree is not base64 of JSON facts: {error}",
            hint="leave it out, or send it as twelve deploy does",
        ) from None
    return TreeFacts.from_plain(msgspec.structs.asdict(facts))


async def take_in(call: Call) -> Path:
    """Stream the body to a file of the home. Raises Refused when it would not fit."""
    folder = Path(call.house.settings.home) / "incoming"
    folder.mkdir(mode=0o700, exist_ok=True)
    spare = call.house.settings.disk_reserve
    require_free(folder, spare)
    path = folder / f"{secrets.token_hex(8)}.tar"
    size = 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            async for chunk in call.request.stream():
                if size // LOOK_EVERY != (size + len(chunk)) // LOOK_EVERY:
                    require_free(folder, spare)
                size += len(chunk)
                if size > ARCHIVE_LIMIT:
                    raise Refused(
                        f"the archive is larger than {ARCHIVE_LIMIT // 1024**3} GiB",
                        hint="keep data out of the repository: .gitignore, or a resource",
                    )
                file.write(chunk)
        require_free(folder, FREE_SPACE_FACTOR * size + spare)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def require_free(folder: Path, need: int) -> None:
    """Raise Refused unless so many bytes are free."""
    room = os.statvfs(folder)
    free = room.f_bavail * room.f_frsize
    if free < need:
        raise Refused(
            f"{folder}: {free // MIB} MiB are free, too few to build and start beside the old: "
            f"that takes {need // MIB} MiB",
            hint="make room: twelve doctor says what takes it; or lower TWELVE_DISK_RESERVE",
        )


async def list_releases(call: Call) -> Any:
    """The releases, newest first."""
    house, noun = call.house, call.deploy()
    states = releases.states(house.store, noun)
    every = releases.ls(house.store, noun, ALL)
    rows, following = cut(call, every, lambda row: row.number, newest_first=True)
    return {
        "releases": [views.release(house, noun, row, states.get(row.number, "")) for row in rows],
        "next": following,
    }


def numbered(call: Call, noun: Deploy, text: str) -> Release:
    """The release that a word names. Raises NotFound or Invalid."""
    try:
        number = parse_release_number(text)
    except ValueError:
        raise Invalid(f"{text!r} is not a release", hint="releases are called v1, v2 …") from None
    return releases.get(call.house.store, noun, number)


async def show_release(call: Call) -> Any:
    """One release, whole."""
    noun = call.deploy()
    return views.release_whole(call.house, noun, numbered(call, noun, call.path["number"]))


async def diff_releases(call: Call) -> Any:
    """What differs between two releases."""
    noun = call.deploy()
    before, after = (numbered(call, noun, call.path[key]) for key in ("before", "after"))
    return views.comparison(await compare_releases(call.house, noun, before, after))


async def make_rollback(call: Call) -> Accepted:
    """Go back to a release, whole."""
    noun, body = call.deploy(), call.body

    async def work(tell: Tell) -> dict[str, Any]:
        done = rollback(
            call.house,
            noun,
            body.to,
            formation=body.formation,
            who=call.who,
            tell=tell,
            wait=body.wait,
        )
        return await told(call.house, noun, done)

    return call.begin("rollback", noun.label, work)


WISHES = (
    flag("provision", "make the resources that the manifest names"),
    flag("adopt", "the app's history was rewritten: take this one"),
    flag("no_wait", "refuse when another change is under way"),
    flag("no_gate", "do not watch the release after the switch"),
    flag("stay", "end only when the old release is gone and the watch is over"),
    flag("strict", "refuse a tree that breaks a demand of the twelve factors"),
)

RELEASES = (
    Row(
        "POST",
        f"{DEPLOY}/deploy",
        make_deploy,
        "Build, release and run an archive",
        query=WISHES,
        status=202,
        takes_archive=True,
    ),
    Row(
        "GET",
        f"{DEPLOY}/releases",
        list_releases,
        "List releases",
        query=PAGE,
        answer=shapes.Releases,
    ),
    Row(
        "GET",
        f"{DEPLOY}/releases/{{number}}",
        show_release,
        "Show a release",
        answer=shapes.ReleaseWhole,
    ),
    Row(
        "GET",
        f"{DEPLOY}/releases/{{before}}/diff/{{after}}",
        diff_releases,
        "Compare releases",
        answer=shapes.Comparison,
    ),
    Row("POST", f"{DEPLOY}/rollback", make_rollback, "Go back to a release", Rollback, status=202),
)
