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


def breadth_first(root: ast.AST) -> Iterator[ast.AST]:
    """``ast.walk`` without what holds no expression, which is most of a tree."""
    found = [root]
    for node in found:
        yield node
        for name in INNER[type(node)]:
            child = getattr(node, name, None)
            if type(child) is list:
                found += [one for one in child if isinstance(one, ast.AST)]
            elif isinstance(child, ast.AST):
                found.append(child)
