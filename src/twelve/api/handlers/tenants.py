"""Several deploys of one app: made from each other, and commands that run in many of them."""

from typing import Any

from twelve.api.bodies import EachRun, NewDeploy
from twelve.api.call import Accepted, Call, Row
from twelve.api.handlers.releases import given
from twelve.api.results import told
from twelve.engines.contract import Tell
from twelve.errors import NotFound
from twelve.factors.processes.command import check_words
from twelve.factors.processes.instance import check_deploy_name, matches
from twelve.operations.create_deploy import create_deploy, plan
from twelve.operations.run_each import run_each
from twelve.store import apps
from twelve.store.apps import Deploy


async def make_deploy_from(call: Call) -> Accepted:
    """A deploy with the build and quantities of another, and config and resources of its own."""
    house, body, store = call.house, call.body, call.house.store
    name, source = (check_deploy_name(word) for word in (body.name, body.source))
    origin = apps.get_deploy(store, call.path["app"], source)
    # What it lacks is told before anything is begun.
    plan(house, origin, name, body.put, generate=body.generate)

    async def work(tell: Tell) -> dict[str, Any]:
        release = await create_deploy(
            house, origin, name, body.put, generate=body.generate, who=call.who, tell=tell
        )
        made = apps.get_deploy(store, origin.app, name)
        return await told(house, made, given(release))

    return call.begin("create", f"{origin.app}/{name}", work)


async def run_in_each(call: Call) -> Accepted:
    """Run a command in every deploy whose name matches."""
    house, body = call.house, call.body
    check_words(body.command)
    chosen = matching(call, body.deploys)

    async def work(tell: Tell) -> dict[str, Any]:
        came = await run_each(
            house,
            chosen,
            body.command,
            at_once=body.at_once,
            seconds=body.timeout or None,
            who=call.who,
            tell=tell,
        )
        failed = sum(not each.ok for each in came)
        return {"runs": [each.to_plain() for each in came], "failed": failed}

    return call.begin("run each", f"{call.path['app']}/{body.deploys}", work)


def matching(call: Call, pattern: str) -> list[Deploy]:
    """The deploys that a pattern means, by name. Raises NotFound, naming those that there are."""
    store, app = call.house.store, apps.get(call.house.store, call.path["app"])
    every = apps.deploys(store, app.name)
    found = [deploy for deploy in every if matches(deploy.name, pattern)]
    if not found:
        names = ", ".join(deploy.name for deploy in every)
        raise NotFound(f"no deploy of {app.name} is called {pattern!r}", hint=f"there are {names}")
    return found


TENANTS = (
    Row(
        "POST",
        "/v1/apps/{app}/deploys",
        make_deploy_from,
        "Make a deploy from another",
        NewDeploy,
        status=202,
    ),
    Row(
        "POST",
        "/v1/apps/{app}/each/run",
        run_in_each,
        "Run a command in several deploys",
        EachRun,
        status=202,
    ),
)
