"""The contract: what config an app says that it needs, and whether a deploy's values keep it."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from twelve.errors import Refused
from twelve.factors.config.secret import looks_secret

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//[^\s]*|[^\s/][^\s]*)\Z")


class Declared(NamedTuple):
    """One variable of the contract.

    ``default`` holds where a deploy sets nothing. ``build`` and ``example`` are seen by build hooks
    alone. ``kind`` is the kind of resource whose URL it is, when it is one. ``generate``: a deploy
    that has none is given a random one.
    """

    type: str = "str"
    required: bool = True
    secret: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    build: str | None = None
    example: str = ""
    description: str = ""
    kind: str = ""
    generate: bool = False


class Problem(NamedTuple):
    """One variable that does not keep the contract, and the next step."""

    name: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.name} {self.message}: {self.hint}"


def check_contract(
    values: Mapping[str, str], attached: Collection[str], contract: Mapping[str, Declared]
) -> list[Problem]:
    """Every variable that is missing or ill-typed; ``attached`` are those that a resource fills."""
    problems = []
    for name, declared in sorted(contract.items()):
        if name in attached:
            continue
        value = values.get(name, declared.default)
        if value is None and declared.required:
            problems.append(Problem(name, "is missing", _how_to_set(name, declared)))
        elif value == "" and declared.required and declared.secret:
            problems.append(Problem(name, "is empty", _how_to_set(name, declared)))
        elif value is not None and (fault := typed_problem(declared, value)):
            problems.append(Problem(name, fault, _how_to_set(name, declared)))
    return problems


def to_generate(values: Mapping[str, str], contract: Mapping[str, Declared]) -> list[str]:
    """The variables that are to be made up for a deploy with these values."""
    return [name for name, declared in contract.items() if declared.generate and name not in values]


def typed_problem(declared: Declared, value: str) -> str:
    """What the value is not, without telling the value; empty when it is what it should be."""
    if declared.choices and value not in declared.choices:
        return f"is none of {', '.join(declared.choices)}"
    # An optional variable may be set to nothing.
    if not value and not declared.required:
        return ""
    return "" if TYPES[declared.type](value) else f"is not {NAMES_OF_TYPES[declared.type]}"


def with_defaults(values: Mapping[str, str], contract: Mapping[str, Declared]) -> dict[str, str]:
    """The values that processes get: those of the deploy, and defaults where it sets nothing."""
    defaults = {n: d.default for n, d in contract.items() if d.default is not None}
    return {**defaults, **values}


def build_values(
    contract: Mapping[str, Declared], resources: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What build hooks see: never a deploy's value, and the same each time.

    For each key its default, else its ``build`` value, else its example, else, when it is required,
    a placeholder that anybody can tell from a real value. What is optional may be missing in a
    deploy too, and no placeholder would suit it. ``resources`` maps variables to placeholder URLs.
    """
    values = {name: _build_value(name, declared) for name, declared in sorted(contract.items())}
    return {**{n: v for n, v in values.items() if v is not None}, **(resources or {})}


def is_secret(name: str, contract: Mapping[str, Declared]) -> bool:
    """Whether the value is to be hidden: as the contract says, else by its name."""
    return contract[name].secret if name in contract else looks_secret(name)


def copied(
    values: Mapping[str, str],
    contract: Mapping[str, Declared],
    given: Mapping[str, str],
    resources: Collection[str],
    generate: Callable[[], str] | None,
) -> dict[str, str]:
    """The config of the new deploy: what is no secret, what is ``given``, and generated secrets.

    ``resources`` are provided otherwise. Two deploys never share a secret by being copied. Raises
    Refused that names every secret for which there is no value.
    """
    found, problems = {}, []
    for name, value in values.items():
        if name in given or name in resources:
            continue
        if looks_secret("", value):
            # No random text would be an address.
            problems.append(f"{name} is an address with a password: give the new deploy its own")
        elif not is_secret(name, contract):
            found[name] = value
        elif generate:
            found[name] = generate()
        else:
            problems.append(f"{name} is a secret: give the new deploy its own")
    if problems:
        raise Refused(
            problems[0],
            hint="KEY asks for it, KEY=- reads standard input, KEY=@FILE a file; "
            "--generate makes up those that are no addresses",
            problems=tuple(problems[1:]),
        )
    return found | {name: value for name, value in given.items() if name not in resources}


def _build_value(name: str, declared: Declared) -> str | None:
    for value in (declared.default, declared.build, declared.example or None):
        if value is not None:
            return value
    if not declared.required:
        return None
    if declared.choices:
        return declared.choices[0]
    # Settings modules take URLs apart while they are imported; another text would stop the hook.
    looks_like_url = declared.type == "str" and name.endswith(("_URL", "_URI"))
    return PLACEHOLDERS["url" if looks_like_url else declared.type].format(
        name=name.lower().replace("_", "-")
    )


def _how_to_set(name: str, declared: Declared) -> str:
    if declared.kind:
        return f"twelve resources create {declared.kind} --as {name}, or attach a URL"
    # Secrets are asked for, so that they stay out of the shell's history.
    return f"twelve config set {name}{'' if declared.secret else '=…'}"


def _is_int(value: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]+", value) is not None


def _is_float(value: str) -> bool:
    number = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
    return re.fullmatch(number, value) is not None and math.isfinite(float(value))


def _is_bool(value: str) -> bool:
    return value.lower() in TRUE | FALSE


def _is_url(value: str) -> bool:
    return _URL.match(value) is not None


def _is_str(value: str) -> bool:
    return isinstance(value, str)


TYPES: dict[str, Callable[[str], bool]] = {
    "str": _is_str,
    "int": _is_int,
    "float": _is_float,
    "bool": _is_bool,
    "url": _is_url,
}
NAMES_OF_TYPES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false (1, yes, on; 0, no, off)",
    "url": "a URL (scheme://…)",
}
PLACEHOLDERS = {
    "str": "placeholder-for-{name}-at-build-time",
    "int": "1",
    "float": "1.0",
    "bool": "false",
    "url": "https://{name}.placeholder.invalid/",
}
