"""An attachment: the variable under which one deploy holds the URL of a resource."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from twelve.errors import Invalid, Refused
from twelve.factors.config.names import name_problem, reserved_problem
from twelve.factors.resources.kinds import app_of, kind_for_variable, kind_of
from twelve.factors.resources.url import check_kind, mask, parse


class Attachment(NamedTuple):
    """``resource`` is the name of a resource that Twelve made, empty for a URL from elsewhere."""

    variable: str
    url: str
    resource: str = ""

    def __repr__(self) -> str:
        """Tracebacks and debug lines must not carry the password."""
        return f"Attachment({self.variable!r}, {mask(self.url)!r}, {self.resource!r})"


class Need(NamedTuple):
    """A resource that the manifest names and the deploy does not hold, and the words to get it."""

    variable: str
    kind: str
    command: str


def attachment(variable: str, url: str, *, kind: str = "", resource: str = "") -> Attachment:
    """An attachment whose URL fits. ``kind`` is what the manifest declares for the variable.

    Raises Invalid that names the variable and never shows the URL.
    """
    if problem := name_problem(variable) or reserved_problem(variable):
        raise Invalid(
            f"{variable!r} {problem}", hint="name the variable as the app reads it: DATABASE_URL"
        )
    if kind:
        check_kind(url, kind_of(kind, f"resources/{variable}"), variable)
    else:
        parse(url, variable)
    return Attachment(variable, url, resource)


def environment(attachments: Iterable[Attachment]) -> dict[str, str]:
    """What the attachments add to the environment of the deploy's processes."""
    return {each.variable: each.url for each in attachments}


def clashes(attachments: Iterable[Attachment], config: Collection[str]) -> list[str]:
    """A sentence for each variable that is both attached and configured: it must not be a guess."""
    return [
        f"{each.variable}: both a config value and an attachment; unset it or detach it"
        for each in attachments
        if each.variable in config
    ]


def needs(declared: Mapping[str, str], held: Collection[str], target: str) -> list[Need]:
    """What is declared (variable to kind) and not held, in the manifest's order.

    ``target`` is the deploy as commands name it: ``shop/production``. ``held`` are the variables of
    its attachments and of its config: a URL that was set as config will do.
    """
    return [
        Need(variable, kind, f"{way_to(kind, target)} --as {variable} -a {target}")
        for variable, kind in declared.items()
        if variable not in held
    ]


def way_to(kind: str, target: str) -> str:
    """The words that attach one of the kind; another app's deploy has the target's own name."""
    if app := app_of(kind):
        return f"twelve resources attach app:{app}/{target.partition('/')[2]}"
    return f"twelve resources create {kind}"


def refuse_missing(declared: Mapping[str, str], held: Collection[str], target: str) -> None:
    """Raises Refused that names every missing resource and the exact commands at once."""
    missing = needs(declared, held, target)
    if not missing:
        return
    names = ", ".join(f"{need.variable} ({need.kind})" for need in missing)
    raise Refused(
        f"{target}: twelve.toml: resources: nothing is attached as {names}",
        hint="\n".join(
            [
                *(need.command for need in missing),
                "all of them at once: twelve deploy --provision",
                "a server of your own: twelve resources attach - --as VARIABLE",
            ]
        ),
        problems=tuple(f"{need.variable}: no {need.kind} is attached" for need in missing),
    )


def variable_for(kind: str, held: Collection[str]) -> str:
    """The variable of a new resource when the user names none.

    Raises Invalid when the kind's own is in use: two databases need two names that mean something.
    """
    variable = kind_of(kind).variable
    if variable in held:
        raise Invalid(
            f"{variable} is in use already",
            hint=f"name another: twelve resources create {kind} --as REPORTS_{variable}",
        )
    return variable


def placeholders(declared: Mapping[str, str]) -> dict[str, str]:
    """What build hooks see instead of the URLs of any deploy."""
    return {variable: kind_of(kind).placeholder for variable, kind in declared.items()}


def guessed_kinds(variables: Iterable[str]) -> dict[str, str]:
    """The resources that names such as DATABASE_URL ask for, for ``twelve init`` to propose."""
    found = ((variable, kind_for_variable(variable)) for variable in variables)
    return {variable: kind.name for variable, kind in found if kind}
