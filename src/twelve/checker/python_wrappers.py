"""Functions of the app's own that read the environment: the variable's name is one of their parameters."""

import ast

from twelve.checker.python_names import ENV_CALLS, ENV_OBJECTS
from twelve.checker.python_nodes import breadth_first
from twelve.checker.python_values import Values


def wrapped(values: Values, names: tuple[str, ...], *parts: ast.AST) -> int | None:
    """The position of the parameter that names the variable which one of these parts reads, if one does."""
    for inner in breadth_first(*parts):
        key: ast.expr | None = None
        if isinstance(inner, ast.Call) and values.name(inner.func) in ENV_CALLS and inner.args:
            key = inner.args[0]
        elif isinstance(inner, ast.Subscript) and values.name(inner.value) in ENV_OBJECTS:
            key = inner.slice
        for name in ast.walk(key) if key is not None else ():
            if isinstance(name, ast.Name) and name.id in names:
                return names.index(name.id) - (1 if names[:1] == ("self",) else 0)
    return None
