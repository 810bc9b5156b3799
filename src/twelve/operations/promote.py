"""Promote: the very build that one deploy runs becomes a release of another deploy of the app."""

from twelve.engines.contract import Tell
from twelve.errors import Invalid, Refused
from twelve.factors.releases.build import Build
from twelve.factors.releases.release import Release
from twelve.operations.attempt import attempt
from twelve.operations.cut import check
from twelve.operations.deploy import Wish, bring, see_through
from twelve.operations.house import House
from twelve.operations.restart import running
from twelve.operations.wanted import build_of, manifest_of
from twelve.store import apps, builds
from twelve.store.apps import Deploy


async def promote(house: House, source: Deploy, to: Deploy, wish: Wish, tell: Tell) -> Release:
    """Nothing is built: the target's own config and attachments join the source's build.

    Then as in a deploy: contract, release phase, start, switch, watch. Raises Invalid for deploys
    that share no codebase, Refused when there is nothing to promote, and what a deploy raises.
    """
    if source.app_id != to.app_id or source.id == to.id:
        what = "the same deploy" if source.id == to.id else "of another app"
        raise Invalid(
            f"{source.label} is {what}", hint="a build goes from one deploy of an app to another"
        )
    async with attempt(house, to, "promote", wish.who, tell, wait=wish.wait) as mine:
        release, build = promoted(house, source)
        manifest = manifest_of(build)
        check(mine, manifest, made_later=wish.provision)
        tell("build", f"build {build.digest[:12]} of {build.label}, as {release.name} runs it")
        why = f"promote {build.label} from {source.name} {release.tag} {build.subject}".strip()
        before = await bring(mine, build, manifest, wish, why)
    return await see_through(mine, before, wish)


def promoted(house: House, source: Deploy) -> tuple[Release, Build]:
    """What the source runs now. Raises Refused when it runs nothing, or its layers are gone."""
    release = running(house, apps.get_deploy(house.store, source.app, source.name))
    if not builds.is_kept(house.store, source.app_id, release.build):
        raise Refused(f"{release.name}: its build is not kept any more", hint="deploy it anew")
    return release, build_of(house, source, release)
