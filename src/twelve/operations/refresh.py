"""Refresh: the addresses of other deploys as they are now, before a release is cut."""

from twelve.errors import Refused
from twelve.factors.resources.kinds import app_of
from twelve.operations.addresses import address_of, followed_by, moved
from twelve.operations.attempt import Attempt
from twelve.store import addresses, apps
from twelve.store.addresses import Followed


def refresh(mine: Attempt) -> None:
    """Before a release is cut: the addresses as they are now."""
    house, deploy = mine.house, mine.deploy
    put = moved(house, deploy)
    if not put:
        return
    whom = followed_by(house, deploy)
    for name, text in put.items():
        addresses.record(house.store, deploy, name, text, whom[name])
        mine.tell("resources", f"{name} follows {whom[name].label} to {text}")
    names = ", ".join(f"{name} ({whom[name].label})" for name in put)
    mine.make_version("attachments", put, (), f"follow {names}")


def provided(mine: Attempt, variable: str, kind: str) -> str:
    """The address for a variable that the manifest declares as ``app:billing``.

    Meant is the deploy of the same name: staging attaches staging. Raises Refused.
    """
    house, deploy = mine.house, mine.deploy
    followed = Followed(app_of(kind), deploy.name)
    if apps.find_deploy(house.store, *followed) is None:
        raise Refused(
            f"{variable}: there is no deploy {followed.label} to attach",
            hint=f"make it known: twelve apps create {followed.app}; or attach another one: "
            f"twelve resources attach app:{followed.app}/… --as {variable} -a {deploy.label}",
        )
    text = address_of(house, followed)
    addresses.record(house.store, deploy, variable, text, followed)
    mine.tell("resources", f"attached {followed.label} as {variable}")
    return text
