"""Config and domains."""

from typing import Any

from twelve.api import shapes, views
from twelve.api.bodies import ConfigChange, NewDomain
from twelve.api.call import Accepted, Call, Row
from twelve.api.paging import PAGE, cut
from twelve.api.query import Parameter, flag, number, words
from twelve.api.results import told
from twelve.errors import Refused
from twelve.factors.config.contract import is_secret
from twelve.factors.config.difference import difference, masked
from twelve.factors.ports.hosts import domain
from twelve.operations.configure import configure
from twelve.operations.follow import move_followers
from twelve.operations.restart import running
from twelve.operations.wanted import build_of, manifest_of, route_table
from twelve.store import apps, domains, releases, versions

DEPLOY = "/v1/apps/{app}/deploys/{deploy}"


async def show_config(call: Call) -> Any:
    """The variables of the head, or of a version."""
    store, deploy = call.house.store, call.deploy()
    version = call.number("version", 0) or versions.head(store, deploy, "config")
    values = versions.values(store, deploy, "config", version)
    return {"version": version, "config": views.config(values, call.flag("reveal"))}


async def change_config(call: Call) -> Accepted:
    """Set and unset variables; a release when there is a build."""
    deploy, body = call.deploy(), call.body
    return call.begin(
        "config",
        deploy.label,
        lambda tell: told(
            call.house,
            deploy,
            configure(
                call.house,
                deploy,
                put=body.put,
                drop=body.drop,
                who=call.who,
                tell=tell,
                wait=body.wait,
            ),
        ),
    )


async def config_history(call: Call) -> Any:
    """The versions of the config, newest first."""
    every = versions.history(call.house.store, call.deploy(), "config")
    rows, following = cut(call, every, lambda row: row.version, newest_first=True)
    return {"versions": [views.version(row) for row in rows], "next": following}


async def diff_config(call: Call) -> Any:
    """What differs between this deploy's config and another's."""
    store, mine = call.house.store, call.deploy()
    other = apps.get_deploy(store, call.word("app"), call.word("deploy"))
    before, after = (
        versions.values(store, each, "config", versions.head(store, each, "config"))
        for each in (mine, other)
    )
    found = difference(before, after)
    shown = found if call.flag("reveal") else masked(found)
    return {"differences": [each._asdict() for each in shown]}


async def secret_names(call: Call) -> Any:
    """The variables that must not stand on a command line, as the contract and their names say."""
    deploy = call.deploy()
    contract: Any = {}
    if releases.current(call.house.store, deploy):
        contract = manifest_of(build_of(call.house, deploy, running(call.house, deploy))).contract
    asked = call.words("names")
    return {"secret": [name for name in asked if is_secret(name, contract)]}


async def list_domains(call: Call) -> Any:
    """The hosts that the deploy answers to."""
    deploy = call.deploy()
    added = domains.ls(call.house.store, deploy)
    return {"domains": added, "urls": views.urls(call.house, deploy)}


async def add_domain(call: Call) -> Any:
    """Bind a host to the deploy."""
    body: NewDomain = call.body
    deploy = call.deploy()
    domains.add(call.house.store, deploy, domain(body.host))
    await call.house.engine.switch(route_table(call.house))
    followers = await move_followers(call.house, call.who)
    return await list_domains(call) | {"followers": followers}


async def remove_domain(call: Call) -> Any:
    """Let a host go, once nobody is told any more to call the deploy there.

    Raises Refused, and the host stays, when the release of one that is told so fails.
    """
    house, host = call.house, call.path["host"]
    if host not in domains.ls(house.store, call.deploy()):
        domains.remove(house.store, call.deploy(), host)
    house.parting.add(host)
    try:
        followers = await move_followers(house, call.who)
        if failed := [came for came in followers if came["error"]]:
            raise Refused(
                f"{host} stays: {failed[0]['deploy']} could not follow to another address",
                hint="mend it, or detach it there, and try again",
                problems=tuple(came["error"] for came in failed),
            )
        domains.remove(house.store, call.deploy(), host)
    finally:
        house.parting.discard(host)
    await house.engine.switch(route_table(house))
    return await list_domains(call) | {"followers": followers}


REVEAL = flag("reveal", "values in clear, where they are masked otherwise")
OTHER = (
    Parameter("app", "the other deploy's app"),
    Parameter("deploy", "the other deploy's name"),
)

CONFIG = (
    Row(
        "GET",
        f"{DEPLOY}/config",
        show_config,
        "Show variables",
        query=(number("version", "the version, else the head"), REVEAL),
        answer=shapes.Config,
    ),
    Row("PATCH", f"{DEPLOY}/config", change_config, "Set and unset", ConfigChange, status=202),
    Row(
        "GET",
        f"{DEPLOY}/config/history",
        config_history,
        "List versions",
        query=PAGE,
        answer=shapes.Versions,
    ),
    Row(
        "GET",
        f"{DEPLOY}/config/diff",
        diff_config,
        "Compare with another deploy",
        query=(*OTHER, REVEAL),
        answer=shapes.Differences,
    ),
    Row(
        "GET",
        f"{DEPLOY}/config/secret",
        secret_names,
        "Which are secrets",
        query=(words("names", "the variables that are asked about"),),
        answer=shapes.SecretNames,
    ),
    Row("GET", f"{DEPLOY}/domains", list_domains, "List hosts", answer=shapes.Domains),
    Row(
        "POST",
        f"{DEPLOY}/domains",
        add_domain,
        "Bind a host",
        NewDomain,
        status=201,
        answer=shapes.NewDomains,
    ),
    Row(
        "DELETE",
        f"{DEPLOY}/domains/{{host}}",
        remove_domain,
        "Let a host go",
        answer=shapes.NewDomains,
    ),
)
