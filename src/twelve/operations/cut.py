"""Cutting a release: the contract is checked, the number taken, the row appended."""

import secrets
from collections.abc import Collection, Mapping

from twelve.errors import Refused
from twelve.factors.concurrency.formation import formation_of
from twelve.factors.config.contract import check_contract, to_generate
from twelve.factors.releases.build import Build
from twelve.factors.releases.journal import Point, Step
from twelve.factors.releases.release import Release, runtime_digest, runtimes_of
from twelve.factors.resources.attachment import Attachment, clashes, needs
from twelve.manifest import Manifest
from twelve.operations.attempt import Attempt
from twelve.operations.refresh import refresh
from twelve.operations.wanted import manifest_of
from twelve.store import journal, releases, versions
from twelve.store.versions import Kind

GENERATED_BYTES = 32
"""Of randomness in a value that is made up, written as hex."""
KINDS_OF_VARIABLES: tuple[Kind, Kind] = ("attachments", "config")


def cut_release(
    mine: Attempt,
    build: Build,
    *,
    reason: str,
    formation: Mapping[str, int] | None = None,
    afresh: Collection[str] = (),
) -> Release:
    """Join a build with the head of config and attachments.

    ``formation`` outranks what was asked for before; processes of the types in ``afresh`` are
    new ones although nothing about them changed. Raises Refused that names every missing or
    ill-typed key at once.
    """
    house, deploy = mine.house, mine.deploy
    store = house.store
    mine.enter(Step.RELEASE)
    refresh(mine)
    check(mine, manifest_of(build))
    config, attachments = (versions.head(store, deploy, kind) for kind in ("config", "attachments"))
    number = releases.next_number(store, deploy)
    digest = runtime_digest(
        build.digest,
        versions.digest(store, deploy, "config", config),
        versions.digest(store, deploy, "attachments", attachments),
    )
    before = releases.current(store, deploy)
    types = manifest_of(build).processes
    wanted = dict(formation_of(types, deploy.formation) if formation is None else formation)
    runtimes = runtimes_of(number, wanted, digest, before) | {
        kind: number for kind in afresh if kind in wanted
    }
    release = Release(
        deploy.app,
        deploy.name,
        number,
        build.digest,
        config,
        attachments,
        wanted,
        runtimes,
        digest,
        reason,
        mine.who,
        house.now(),
    )
    with store.writing():
        releases.append(store, deploy, release)
        journal.name_release(store, mine.entry, number)
    mine.release = release
    mine.reach(Point.RELEASE_CUT)
    return release


def check(mine: Attempt, manifest: Manifest, *, made_later: bool = False) -> None:
    """The config contract and the attachments, before anything runs. Raises Refused.

    With ``made_later`` missing resources are no fault: they are about to be made. What is to be
    generated is.
    """
    generate(mine, manifest)
    store, deploy = mine.house.store, mine.deploy
    attached, config = (
        versions.values(store, deploy, kind, versions.head(store, deploy, kind))
        for kind in KINDS_OF_VARIABLES
    )
    filled = attached.keys() | (manifest.resources.keys() if made_later else set())
    problems = [str(problem) for problem in check_contract(config, filled, manifest.contract)]
    problems += clashes([Attachment(*pair) for pair in attached.items()], config)
    missing = needs(manifest.resources, filled | config.keys(), deploy.label)
    problems += [f"{need.variable}: no {need.kind} is attached: {need.command}" for need in missing]
    if problems:
        hint = f"twelve config set -a {deploy.label} KEY=…"
        if missing:
            hint = "deploy with --provision to make the resources, or attach your own"
        raise Refused(
            f"{deploy.label}: the release is refused before anything starts",
            hint=hint,
            problems=tuple(problems),
        )


def generate(mine: Attempt, manifest: Manifest) -> None:
    """Make up what the contract wants made up and the deploy does not have: once, then it stays."""
    store, deploy = mine.house.store, mine.deploy
    config = versions.values(store, deploy, "config", versions.head(store, deploy, "config"))
    names = to_generate(config, manifest.contract)
    if names:
        made = {name: secrets.token_hex(GENERATED_BYTES) for name in names}
        mine.make_version("config", made, (), f"generate {' '.join(names)}")
        mine.tell("config", f"generated {', '.join(names)}")
