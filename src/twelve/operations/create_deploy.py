"""Create a deploy from another: the same build and quantities, config and resources of its own."""

import secrets
from collections.abc import Mapping
from typing import NamedTuple

from twelve.engines.contract import Tell
from twelve.errors import Conflict, Refused
from twelve.factors.config.contract import copied
from twelve.factors.releases.release import Release
from twelve.factors.resources.attachment import attachment
from twelve.factors.resources.kinds import RESOURCE_KINDS, kind_of_url
from twelve.operations.addresses import followed_by
from twelve.operations.attempt import Attempt, attempt
from twelve.operations.compare import urls_of
from twelve.operations.configure import check_names
from twelve.operations.cut import check
from twelve.operations.deploy import Wish, bring, see_through
from twelve.operations.house import House
from twelve.operations.promote import promoted
from twelve.operations.provision import create_resource
from twelve.operations.undo import heads_of
from twelve.operations.wanted import manifest_of
from twelve.store import addresses, apps, versions
from twelve.store.addresses import Followed
from twelve.store.apps import Deploy


class Plan(NamedTuple):
    """What a new deploy will hold."""

    config: Mapping[str, str]
    made: Mapping[str, str]
    """Variables of resources that are to be made, each with its kind."""
    attached: Mapping[str, str]
    """Variables with the URLs that the caller gave, or that lead to other deploys."""
    follows: Mapping[str, Followed]


async def create_deploy(
    house: House,
    source: Deploy,
    name: str,
    given: Mapping[str, str],
    *,
    generate: bool,
    who: str,
    tell: Tell,
) -> Release:
    """Copy what is no secret, make the resources, then release and run the source's build.

    When it fails the new deploy is empty, and the same call may be made again. Raises Conflict for
    a deploy that is in use, Refused that names what the new one lacks, and what a deploy raises.
    """
    planned = plan(house, source, name, given, generate=generate)
    release, build = promoted(house, source)
    manifest = manifest_of(build)
    app = apps.get(house.store, source.app)
    new = apps.ensure_deploy(house.store, app, name, house.now())
    wish = Wish(source.app, name, who, gate=False)
    async with attempt(house, new, "create", who, tell) as mine:
        require_unused(house, mine.deploy)
        why = f"copy from {source.name}"
        if planned.config:
            mine.make_version("config", planned.config, (), why)
        check(mine, manifest, made_later=True)
        urls = dict(planned.attached) | await make_all(mine, planned.made)
        if urls:
            mine.make_version("attachments", urls, (), why)
        for variable, followed in planned.follows.items():
            addresses.record(house.store, mine.deploy, variable, urls[variable], followed)
        mine.ask(release.formation)
        tell("build", f"build {build.digest[:12]} of {build.label}, as {release.name} runs it")
        why = f"create from {source.name} {release.tag} {build.subject}".strip()
        before = await bring(mine, build, manifest, wish, why)
    return await see_through(mine, before, wish)


def plan(
    house: House, source: Deploy, name: str, given: Mapping[str, str], *, generate: bool
) -> Plan:
    """What it will take; changes nothing. Raises Conflict, Invalid or Refused."""
    if existing := apps.find_deploy(house.store, source.app, name):
        require_unused(house, existing)
    check_names(given)
    release, build = promoted(house, source)
    manifest = manifest_of(build)
    urls = urls_of(house, source, release)
    kinds = {variable: kind_of_url(url) for variable, url in urls.items()} | dict(
        manifest.resources
    )
    held = followed_by(house, source)
    follows = {v: held[v] for v in kinds if v in held and v not in given}
    own = {v: kind for v, kind in kinds.items() if v not in given and v not in follows}
    foreign = [v for v, kind in own.items() if kind not in RESOURCE_KINDS]
    if foreign:
        raise Refused(
            f"{', '.join(foreign)}: Twelve makes no resource of that kind",
            hint=f"give the new deploy its own: {foreign[0]}=-",
        )
    attached = {v: given[v] for v in kinds if v in given} | {v: urls[v] for v in follows}
    for variable, url in attached.items():
        attachment(variable, url, kind=manifest.resources.get(variable, ""))
    config = versions.values(house.store, source, "config", release.config)
    new = secret if generate else None
    return Plan(copied(config, manifest.contract, given, kinds, new), own, attached, follows)


def secret() -> str:
    """A value that nobody can guess, of letters, digits, - and _."""
    return secrets.token_urlsafe(32)


def require_unused(house: House, deploy: Deploy) -> None:
    """A deploy that holds something is nobody's copy. Raises Conflict."""
    if deploy.current or any(heads_of(house.store, deploy).values()):
        raise Conflict(
            f"there is a deploy {deploy.label} already",
            hint="choose another name, or promote to it: twelve promote --from … --to "
            f"{deploy.label}",
        )


async def make_all(mine: Attempt, kinds: Mapping[str, str]) -> dict[str, str]:
    """A resource of its own for each variable; their URLs."""
    urls = {}
    for variable, kind in sorted(kinds.items()):
        made = await create_resource(mine.house, kind, owner=mine.deploy, variable=variable)
        mine.tell("resources", f"created {kind} {made.name} as {variable}")
        urls[variable] = made.url
    return urls
