"""Attach and detach: a backing service's URL under a variable; each change is a release."""

from twelve.engines.contract import Tell
from twelve.errors import NotFound
from twelve.factors.releases.release import Release
from twelve.factors.resources.attachment import attachment
from twelve.operations.attempt import attempt
from twelve.operations.configure import check_names, release_again
from twelve.operations.house import House
from twelve.store import versions
from twelve.store.apps import Deploy


async def attach(
    house: House, deploy: Deploy, url: str, *, variable: str, who: str, tell: Tell
) -> Release | None:
    """Put a URL under a variable. Raises Invalid for a bad name or address."""
    check_names({variable: url})
    attachment(variable, url)
    async with attempt(house, deploy, "attach", who, tell) as mine:
        mine.make_version("attachments", {variable: url}, (), f"attach {variable}")
        return await release_again(mine, f"attach {variable}")


async def detach(
    house: House, deploy: Deploy, variable: str, *, who: str, tell: Tell
) -> Release | None:
    """Take a variable's resource away from the deploy; the resource and its data stay."""
    async with attempt(house, deploy, "detach", who, tell) as mine:
        if variable not in attached(house, mine.deploy):
            raise NotFound(
                f"{deploy.label}: nothing is attached as {variable}", hint="twelve resources ls"
            )
        mine.make_version("attachments", {}, (variable,), f"detach {variable}")
        return await release_again(mine, f"detach {variable}")


def attached(house: House, deploy: Deploy) -> dict[str, str]:
    """What the deploy's newest version holds: the URL under each variable."""
    head = versions.head(house.store, deploy, "attachments")
    return versions.values(house.store, deploy, "attachments", head)
