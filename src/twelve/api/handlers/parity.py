"""Parity and promotion: one build in several deploys."""

from typing import Any

from twelve.api import shapes, views
from twelve.api.bodies import Promotion
from twelve.api.call import Accepted, Call, Row
from twelve.api.handlers.config import OTHER
from twelve.api.results import told
from twelve.engines.contract import Tell
from twelve.factors.processes.instance import check_deploy_name, parse_target
from twelve.operations.compare import compare_deploys
from twelve.operations.deploy import Wish
from twelve.operations.promote import promote
from twelve.store import apps

DEPLOY = "/v1/apps/{app}/deploys/{deploy}"


async def show_parity(call: Call) -> Any:
    """What this deploy and another of the same app do not have in common."""
    noun = call.deploy()
    app, name = parse_target(f"{call.word('app') or noun.app}/{call.word('deploy')}")
    other = apps.get_deploy(call.house.store, app, name)
    return views.comparison(await compare_deploys(call.house, noun, other))


async def make_promotion(call: Call) -> Accepted:
    """Release and run here what another deploy runs."""
    noun, body = call.deploy(), call.body
    source = apps.get_deploy(call.house.store, noun.app, check_deploy_name(body.source))
    wish = Wish(
        app=noun.app,
        deploy=noun.name,
        who=call.who,
        provision=body.provision,
        wait=body.wait,
        gate=body.gate,
        stay=body.stay,
    )

    async def work(tell: Tell) -> dict[str, Any]:
        return await told(call.house, noun, promote(call.house, source, noun, wish, tell))

    return call.begin("promote", noun.label, work)


PARITY = (
    Row(
        "GET",
        f"{DEPLOY}/parity",
        show_parity,
        "Compare deploys",
        query=OTHER,
        answer=shapes.Comparison,
    ),
    Row("POST", f"{DEPLOY}/promote", make_promotion, "Run a build here", Promotion, status=202),
)
