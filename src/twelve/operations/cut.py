"""Cutting a release: the contract is checked, the number taken, the row appended."""

from collections.abc import Collection, Mapping

from twelve.errors import Refused
from twelve.factors.concurrency.formation import merge_formation
from twelve.factors.config.contract import check_contract
from twelve.factors.releases.build import Build
from twelve.factors.releases.journal import Step
from twelve.factors.releases.release import Release, runtime_digest, runtimes_of
from twelve.operations.attempt import Attempt
from twelve.operations.wanted import manifest_of
from twelve.store import journal, releases, versions


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
    check(mine, build)
    config, attachments = (versions.head(store, deploy, kind) for kind in ("config", "attachments"))
    number = releases.next_number(store, deploy)
    digest = runtime_digest(
        build.digest,
        versions.digest(store, deploy, "config", config),
        versions.digest(store, deploy, "attachments", attachments),
    )
    before = releases.current(store, deploy)
    types = manifest_of(build).processes
    wanted = dict(formation or merge_formation(types, deploy.formation))
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
    return release


def check(mine: Attempt, build: Build) -> None:
    """The config contract and the attachments, before anything runs. Raises Refused."""
    store, deploy = mine.house.store, mine.deploy
    manifest = manifest_of(build)
    attached = versions.values(
        store, deploy, "attachments", versions.head(store, deploy, "attachments")
    )
    config = versions.values(store, deploy, "config", versions.head(store, deploy, "config"))
    problems = [str(p) for p in check_contract(config, set(attached), manifest.contract)]
    problems += [
        f"{variable}: nothing is attached; twelve resources create {kind} --as {variable}"
        f" -a {deploy.label}, or deploy with --provision"
        for variable, kind in sorted(manifest.resources.items())
        if variable not in attached and variable not in config
    ]
    if problems:
        raise Refused(
            f"{deploy.label}: the release is refused before anything starts",
            hint=f"twelve config set -a {deploy.label} KEY=…",
            problems=tuple(problems),
        )
