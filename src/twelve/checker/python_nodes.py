"""Which parts of a syntax tree may hold expressions, so that the others are not walked."""

import ast
from collections.abc import Iterator

PLAIN = frozenset(
    {"ctx", "op", "ops", "id", "attr", "n", "s", "kind", "arg", "is_async", "conversion"}
)
INNER: dict[type[ast.AST], tuple[str, ...]] = {
    kind: tuple(name for name in kind._fields if name not in PLAIN or kind is ast.arguments)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
"""The fields of each node that may hold expressions."""


LEAVES = frozenset({ast.Name, ast.Constant, str, type(None)})
"""No call is in these."""


def within(call: ast.Call, pending: list[ast.AST]) -> None:
    """Add what may hold further calls."""
    inner = call.func
    while type(inner) is ast.Attribute:
        inner = inner.value
    if type(inner) not in LEAVES:
        pending.append(inner)
    if call.args:
        pending += [one for one in call.args if type(one) not in LEAVES]
    if call.keywords:
        pending += [one.value for one in call.keywords if type(one.value) not in LEAVES]


def breadth_first(*roots: ast.AST) -> Iterator[ast.AST]:
    """``ast.walk`` without what holds no expression, which is most of a tree."""
    found = [*roots]
    for node in found:
        yield node
        for name in INNER[type(node)]:
            child = getattr(node, name, None)
            if type(child) is list:
                found += [one for one in child if isinstance(one, ast.AST)]
            elif isinstance(child, ast.AST):
                found.append(child)
