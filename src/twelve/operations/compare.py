"""Compare: two releases of one deploy, or what two deploys of one app run."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from twelve.errors import Invalid, TwelveError
from twelve.factors.parity.difference import (
    Drift,
    Resource,
    Side,
    disparities,
    drifts,
    unknowns,
)
from twelve.factors.releases.release import Release
from twelve.factors.resources.kinds import kind_of_url
from twelve.factors.resources.url import mask
from twelve.operations.house import House
from twelve.operations.restart import running
from twelve.operations.wanted import build_of, manifest_of
from twelve.store import versions
from twelve.store.apps import Deploy


class Comparison(NamedTuple):
    """Two sides, what differs, and sentences about what nobody could tell."""

    before: Side
    after: Side
    drifts: list[Drift]
    unknown: list[str]


async def compare_releases(
    house: House, deploy: Deploy, before: Release, after: Release
) -> Comparison:
    """What a change of release was, values included as far as that they are others."""
    one, other = await sides(house, (deploy, before), (deploy, after))
    return Comparison(one, other, drifts(one, other, house.now()), unknowns(one, other))


async def compare_deploys(house: House, one: Deploy, other: Deploy) -> Comparison:
    """Parity: what two deploys should have in common and have not.

    Raises Invalid for deploys of different apps, Refused when one of them runs nothing.
    """
    if one.app_id != other.app_id:
        raise Invalid(
            f"{one.label} and {other.label} are different apps",
            hint="parity compares two deploys of one app",
        )
    first, second = await sides(house, (one, running(house, one)), (other, running(house, other)))
    now = house.now()
    return Comparison(first, second, disparities(first, second, now), unknowns(first, second))


async def sides(house: House, *both: tuple[Deploy, Release]) -> tuple[Side, Side]:
    """Both opened. Only servers at addresses that differ are asked for their versions."""
    one, other = (urls_of(house, *each) for each in both)
    asked = {name for name in one.keys() & other.keys() if one[name] != other[name]}
    first = await resources_of(house, one, asked)
    second = await resources_of(house, other, asked)
    return side(house, *both[0], first), side(house, *both[1], second)


def urls_of(house: House, deploy: Deploy, release: Release) -> dict[str, str]:
    """The backing services of a release: all attachments, and config that the manifest calls so."""
    attached = versions.values(house.store, deploy, "attachments", release.attachments)
    config = versions.values(house.store, deploy, "config", release.config)
    declared = manifest_of(build_of(house, deploy, release)).resources
    return {name: config[name] for name in declared if name in config} | attached


async def resources_of(
    house: House, urls: Mapping[str, str], asked: set[str]
) -> dict[str, Resource]:
    """Each with what answers there, all asked at once."""

    async def ask(name: str, url: str) -> Resource:
        kind = kind_of_url(url)
        product = await product_at(house, kind, url) if name in asked else ""
        return Resource(kind, product, mask(url))

    found = await asyncio.gather(*(ask(name, url) for name, url in urls.items()))
    return dict(zip(urls, found, strict=True))


async def product_at(house: House, kind: str, url: str) -> str:
    """``Postgres 18``, or nothing when nobody can tell."""
    try:
        name, version = (await house.servers.version(kind, url)).split()
    except (TwelveError, ValueError):
        return ""
    return f"{name} {version.partition('.')[0]}"


def side(house: House, deploy: Deploy, release: Release, resources: Mapping[str, Resource]) -> Side:
    """A release as one side of a comparison."""
    store = house.store
    build = build_of(house, deploy, release)
    config = versions.values(store, deploy, "config", release.config)
    now = deploy.current == release.number
    return Side(
        release.name,
        release.build,
        build.commit,
        build.committed_ns,
        build.dirty,
        build.manifest,
        str(build.artifact.get("interpreter", "")),
        {name: store.vault.digest(value) for name, value in config.items()},
        resources,
        release.formation,
        deploy.stopped if now else (),
    )
