"""Addresses: where a deploy answers, and which variables of other deploys hold that."""

from collections.abc import Mapping

from twelve.errors import NotFound, Refused
from twelve.factors.ports.hosts import default_hosts, reached, url
from twelve.factors.resources.url import parse
from twelve.operations.house import House
from twelve.store import addresses, apps, domains, versions
from twelve.store.addresses import Followed
from twelve.store.apps import Deploy


def address_of(house: House, followed: Followed) -> str:
    """Where a deploy answers at the router of this home: its first domain, else its own name.

    Domains go by name; ``*.example.com`` is no address. Raises NotFound.
    """
    deploy = known(house, followed)
    added = [
        host
        for host in domains.ls(house.store, deploy)
        if not host.startswith("*.") and host not in house.parting
    ]
    host = [*added, *default_hosts(deploy.app, deploy.name)][0]
    return url(host, house.settings.http_port)


def known(house: House, followed: Followed) -> Deploy:
    """The deploy that is followed. Raises NotFound with the way to make it."""
    deploy = apps.find_deploy(house.store, *followed)
    if deploy is None:
        raise NotFound(
            f"there is no deploy {followed.label} to attach",
            hint=f"deploy it first, or make it known: twelve apps create {followed.label}",
        )
    return deploy


def followed_by(house: House, deploy: Deploy) -> dict[str, Followed]:
    """Whom each variable of the deploy's newest attachments follows."""
    rows = addresses.ls(house.store, deploy)
    held = attachments(house, deploy, versions.head(house.store, deploy, "attachments"))
    return {name: rows[name, text] for name, text in held.items() if (name, text) in rows}


def followers(house: House, deploy: Deploy) -> dict[str, list[str]]:
    """The deploys that hold this one's address, by label, each with its variables."""
    found = {}
    for other in apps.deploys(house.store):
        names = [
            name
            for name, followed in followed_by(house, other).items()
            if followed == (deploy.app, deploy.name)
        ]
        if names:
            found[other.label] = names
    return found


def refuse_followed(house: House, deploys: list[Deploy]) -> None:
    """Raises Refused while another deploy holds the address of one of these."""
    labels = {deploy.label for deploy in deploys}
    for deploy in deploys:
        for label, names in followers(house, deploy).items():
            if label not in labels:
                raise Refused(
                    f"{deploy.label} is attached to {label} as {', '.join(names)}",
                    hint=f"twelve resources detach {names[0]} -a {label}",
                )


def moved(house: House, deploy: Deploy) -> dict[str, str]:
    """The variables whose deploy answers elsewhere now, each with that address."""
    held = attachments(house, deploy, versions.head(house.store, deploy, "attachments"))
    found = {}
    for name, followed in followed_by(house, deploy).items():
        if apps.find_deploy(house.store, *followed):
            now = address_of(house, followed)
            if now != held[name]:
                found[name] = now
    return found


def hosts_of_others(house: House, deploy: Deploy, version: int) -> dict[str, str]:
    """The names in these attachments that the router of this home answers to, and its address.

    The machine's resolver knows neither a name below .localhost nor a domain that leads elsewhere.
    """
    rows = addresses.ls(house.store, deploy)
    if not rows:
        return {}
    held = attachments(house, deploy, version)
    at = reached(house.settings.http_host)
    return {parse(text).host: at for name, text in held.items() if (name, text) in rows}


def attachments(house: House, deploy: Deploy, version: int) -> Mapping[str, str]:
    """What a version of the attachments holds."""
    return versions.values(house.store, deploy, "attachments", version)


def lagging(house: House) -> list[Deploy]:
    """The deploys that hold an address which is not true any more; those that rest can wait."""
    return [
        deploy
        for deploy in apps.deploys(house.store)
        if deploy.id not in house.under_way.resting and moved(house, deploy)
    ]
