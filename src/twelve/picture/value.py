"""What an expression in code may stand for: a literal, a read of the environment, a call, or a join of these."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal[
    "str",
    "num",
    "bool",
    "none",
    "name",
    "env",
    "call",
    "join",
    "cond",
    "list",
    "dict",
    "compare",
    "other",
]


class Value(NamedTuple):
    """One expression.

    The meaning of ``text``, ``parts`` and ``keys`` goes with the kind.

    ``env``: text is the variable's name, parts hold the default (none: the variable is required).
    ``call``: text is the callee's dotted name, parts the arguments, keys the names of the last of them.
    ``dict``: keys and parts go together. ``join``: pieces of one string or path. ``cond``: alternatives.
    """

    kind: Kind
    text: str = ""
    parts: tuple["Value", ...] = ()
    keys: tuple[str, ...] = ()
    line: int = 0
    column: int = 0

    @property
    def arguments(self) -> tuple["Value", ...]:
        """The positional arguments of a call."""
        return self.parts[: len(self.parts) - len(self.keys)]

    def get(self, key: str) -> "Value | None":
        """The value under a dict's key, or of a call's keyword."""
        if key not in self.keys:
            return None
        return self.parts[len(self.parts) - len(self.keys) + self.keys.index(key)]

    def items(self) -> Iterator[tuple[str, "Value"]]:
        """Keys with their values, for a dict and for a call's keywords."""
        return zip(self.keys, self.parts[len(self.parts) - len(self.keys) :], strict=True)

    def argument(self, position: int, *names: str) -> "Value | None":
        """The argument at a position, or under one of the names."""
        for name in names:
            if (found := self.get(name)) is not None:
                return found
        positional = self.arguments
        return positional[position] if position < len(positional) else None


NOTHING = Value("none")


def walk(value: Value) -> Iterator[Value]:
    """The value and everything in it, outermost first."""
    pending = [value]
    while pending:
        one = pending.pop()
        yield one
        if one.parts:
            pending.extend(one.parts[::-1])


def env_keys(value: Value) -> list[str]:
    """The variables that this value reads."""
    return [part.text for part in walk(value) if part.kind == "env"]


def from_env(value: Value) -> bool:
    """Can the environment replace this value, or a piece of it?"""
    return any(part.kind == "env" for part in walk(value))


def fixed_strings(value: Value) -> Iterator[Value]:
    """The string literals that no environment can replace: neither defaults of a read nor alternatives to one."""
    if value.kind == "str":
        yield value
    if value.kind == "env" or (
        value.kind == "cond" and any(part.kind == "env" for part in value.parts)
    ):
        return
    for part in value.parts:
        yield from fixed_strings(part)


def strings(value: Value) -> list[str]:
    """Every string literal in the value, defaults too."""
    return [part.text for part in walk(value) if part.kind == "str"]


def plain(value: Value | None) -> str | None:
    """The text when the value is one string literal, else nothing."""
    return value.text if value is not None and value.kind == "str" else None


def text_of(value: Value) -> str:
    """A readable rendering where unknown pieces show as ``{}``; good for matching paths and URLs."""
    if value.kind in ("str", "num"):
        return value.text
    if value.kind == "join":
        return "".join(text_of(part) for part in value.parts)
    if value.kind == "name":
        return "{" + value.text + "}"
    if value.kind == "env":
        return "{$" + value.text + "}"
    return "{}"


def default_of(value: Value) -> Value | None:
    """The default of the first environment read in the value, when it has one."""
    for part in walk(value):
        if part.kind == "env":
            return part.parts[0] if part.parts else None
    return None
