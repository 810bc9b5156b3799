"""Settings of the check: ``[tool.twelve.check]`` in pyproject.toml, or ``[check]`` in twelve.toml."""

import tomllib
from typing import NamedTuple

from twelve.checker.rules import RULES
from twelve.checker.source import Source, decode
from twelve.errors import Invalid

KEYS = ("select", "ignore", "extended", "exclude", "baseline")


class CheckSettings(NamedTuple):
    """What the repository says of its own check."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extended: bool = False
    exclude: tuple[str, ...] = ()
    baseline: str = ""


def read_settings(source: Source) -> CheckSettings:
    """The settings of the tree; an unknown key is an error that names it."""
    for path, keys in (
        ("twelve.toml", ("check",)),
        ("pyproject.toml", ("tool", "twelve", "check")),
    ):
        text = decode(source.read(path))
        try:
            table = tomllib.loads(text) if text else {}
        except tomllib.TOMLDecodeError:
            continue
        for key in keys:
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if table:
            return _made(path, table)
    return CheckSettings()


def _made(path: str, table: dict[str, object]) -> CheckSettings:
    unknown = sorted(set(table) - set(KEYS))
    if unknown:
        raise Invalid(f"{path}: check/{unknown[0]} is no setting", f"one of {', '.join(KEYS)}")
    words = {}
    for key in ("select", "ignore", "exclude"):
        held = table.get(key, [])
        if not isinstance(held, list) or not all(isinstance(word, str) for word in held):
            raise Invalid(f"{path}: check/{key} is no list of words", f'{key} = ["III-2"]')
        words[key] = tuple(str(word) for word in held)
    return CheckSettings(
        words["select"],
        words["ignore"],
        bool(table.get("extended", False)),
        words["exclude"],
        str(table.get("baseline", "")),
    )


def known_selectors() -> set[str]:
    """What --select and --ignore may name."""
    return {name for rule in RULES for name in (rule.id, rule.factor, rule.level)}
