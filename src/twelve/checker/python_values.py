"""Python expressions as values: literals, reads of the environment, calls and joins."""

import ast
from collections.abc import Callable
from typing import Any

from twelve.checker.python_names import (
    DEPTH,
    ENV_CALLS,
    ENV_CASTS,
    ENV_OBJECTS,
    JOINS,
    METHOD_JOINS,
    READER_CALLS,
    URL_CALLS,
)
from twelve.picture.value import Value


class Values:
    """Turns expressions into values, knowing the file's import names and env readers."""

    def __init__(self, aliases: dict[str, str], readers: dict[str, int]) -> None:
        self.aliases = aliases
        self.readers = readers
        self.known: dict[ast.expr, Value] = {}

    def name(self, node: ast.expr | None) -> str:
        """The dotted name of an expression, import names resolved; ``?`` where a piece has none."""
        tail = ""
        while type(node) is ast.Attribute:
            tail = f".{node.attr}{tail}"
            node = node.value
        if type(node) is ast.Name:
            return self.aliases.get(node.id, node.id) + tail
        if isinstance(node, ast.Call):
            inner = self.name(node.func)
            return (inner + "()" if inner else "?") + tail
        if isinstance(node, ast.Subscript):
            inner = self.name(node.value)
            key = node.slice.value if isinstance(node.slice, ast.Constant) else ""
            return (f"{inner}.{key}" if isinstance(key, str) and key else f"{inner}[]") + tail
        return "?" + tail

    def value(self, node: ast.expr | None, depth: int = 0) -> Value:
        if node is None or depth > DEPTH:
            return Value("other")
        known = self.known.get(node)
        if known is not None:
            return known
        make = MAKERS.get(type(node))
        found = make(self, node, depth + 1) if make else OTHER
        made = new(Value, (*found[:4], node.lineno, node.col_offset + 1))
        if depth < DEPTH - 4:
            self.known[node] = made
        return made

    def assigned(self, _name: str, node: ast.expr) -> Value:
        """The value that a name gets."""
        return self.value(node)

    def called(self, node: ast.Call, name: str) -> Value:
        """A call with its arguments, also where the call stands for something simpler."""
        value = self.value(node)
        if value.kind == "call":
            return value
        parts = self.many([a for a in node.args if not isinstance(a, ast.Starred)], 0)
        keywords = [kw for kw in node.keywords if kw.arg]
        return Value(
            "call",
            name,
            (*parts, *[self.value(kw.value) for kw in keywords]),
            tuple(str(kw.arg) for kw in keywords),
            node.lineno,
        )

    def many(self, nodes: list[ast.expr], depth: int) -> tuple[Value, ...]:
        return tuple([self.value(node, depth) for node in nodes])

    def _constant(self, node: ast.Constant, _depth: int) -> Value:
        value = node.value
        if value is None:
            return Value("none")
        if isinstance(value, bool):
            return Value("bool", str(value))
        if isinstance(value, str):
            return Value("str", value)
        if isinstance(value, bytes):
            return Value("str", value.decode("latin-1"))
        if value is ...:
            return Value("other")
        return Value(
            "num", str(value) if not isinstance(value, int) or abs(value) < 10**30 else "0"
        )

    def _name(self, node: ast.Name, _depth: int) -> Value:
        return Value("name", self.aliases.get(node.id, node.id))

    def _attribute(self, node: ast.Attribute, depth: int) -> Value:
        inner = node.value
        if node.attr in ("parent", "parents"):
            return Value("join", node.attr, (self.value(inner, depth),))
        if isinstance(inner, ast.Call | ast.BinOp):
            return Value("other", node.attr, (self.value(inner, depth),))
        return Value("name", self.name(node))

    def _subscript(self, node: ast.Subscript, depth: int) -> Value:
        base = self.name(node.value)
        if base in ENV_OBJECTS:
            key = self.value(node.slice, depth)
            return Value("env", key.text if key.kind == "str" else "{}")
        if base in self.readers and isinstance(node.slice, ast.Constant):
            return Value("env", str(node.slice.value))
        if "?" in base or base.endswith("()"):
            return Value("other", "", (self.value(node.value, depth),))
        return Value("name", self.name(node))

    def _call(self, node: ast.Call, depth: int) -> Value:
        name = self.name(node.func)
        arguments = [arg for arg in node.args if not isinstance(arg, ast.Starred)]
        keywords = [kw for kw in node.keywords if kw.arg]
        if (env := self._env(name, node, depth)) is not None:
            return env
        parts = self.many(arguments, depth)
        last = name.rpartition(".")[2]
        if name in JOINS or last == "__file__":
            return Value("join", name, parts)
        if isinstance(node.func, ast.Attribute) and (
            last in METHOD_JOINS or name.count("?") or "()" in name
        ):
            receiver = self.value(node.func.value, depth)
            if last in METHOD_JOINS:
                return Value(
                    "join",
                    name,
                    (receiver, *parts) if last in ("format", "joinpath") else (receiver,),
                )
            parts = (*parts, *self.many([kw.value for kw in keywords], depth), receiver)
            return Value("call", name, parts, (*[str(kw.arg) for kw in keywords], "()"))
        parts = (*parts, *self.many([kw.value for kw in keywords], depth))
        return Value("call", name, parts, tuple(str(kw.arg) for kw in keywords))

    def _env(self, name: str, node: ast.Call, depth: int) -> Value | None:
        """The read of the environment that a call is, if it is one."""
        if name in URL_CALLS or (name.endswith(".config") and name.rpartition(".")[0] in URL_CALLS):
            keys = {kw.arg: kw.value for kw in node.keywords}
            key = self.value(keys.get("env") or (node.args[0] if node.args else None), depth)
            default = keys.get("default")
            return Value(
                "env",
                key.text or URL_CALLS.get(name, ""),
                (self.value(default, depth),) if default else (),
            )
        position = self._reader(name, node)
        if position is None or (
            len(node.args) <= position
            and not any(kw.arg in ("key", "name", "var_name", "env") for kw in node.keywords)
        ):
            return None
        first = (
            node.args[position]
            if len(node.args) > position
            else next(
                kw.value for kw in node.keywords if kw.arg in ("key", "name", "var_name", "env")
            )
        )
        key = self.value(first, depth)
        if key.kind not in ("str", "join", "name") or (
            key.kind == "name" and name not in ENV_CALLS
        ):
            return None
        default_nodes = [
            kw.value
            for kw in node.keywords
            if kw.arg in ("default", "fallback", "default_value", "failobj")
        ]
        default_nodes += node.args[position + 1 : position + 2]
        parts = tuple(self.value(default, depth) for default in default_nodes[:1])
        return Value("env", key.text if key.kind == "str" else "{}", parts)

    def _reader(self, name: str, node: ast.Call) -> int | None:
        """The position of the variable's name when the call reads the environment."""
        if name in ENV_CALLS or name in READER_CALLS:
            return 0
        if name in self.readers:
            return self.readers[name]
        head, _, last = name.rpartition(".")
        if head in self.readers and last in ENV_CASTS:
            return 0
        if head in READER_CALLS and last in ENV_CASTS:
            return 0
        low = last.lower()
        looks = low.startswith(
            ("env_", "getenv", "get_env", "envsecret", "envbool", "envint", "env")
        ) or low.endswith(("_env", "from_env", "getenv", "_environ"))
        if (
            looks
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
            and node.args[0].value.replace("_", "").replace(".", "").isalnum()
        ):
            return 0
        return None

    def _joinedstr(self, node: ast.JoinedStr, depth: int) -> Value:
        return Value(
            "join",
            "",
            tuple(
                self.value(part.value if isinstance(part, ast.FormattedValue) else part, depth)
                for part in node.values
            ),
        )

    def _binop(self, node: ast.BinOp, depth: int) -> Value:
        left, right = self.value(node.left, depth), self.value(node.right, depth)
        if isinstance(node.op, ast.Div):
            return Value("join", "/", (left, Value("str", "/"), right))
        if isinstance(node.op, ast.Add | ast.Mod):
            if left.kind == right.kind == "num":
                return Value("num", _sum(left.text, right.text))
            return Value("join", "", (left, right))
        if isinstance(node.op, ast.Mult) and left.kind == right.kind == "num":
            return Value("num", _product(left.text, right.text))
        return Value("other", "", (left, right))

    def _boolop(self, node: ast.BoolOp, depth: int) -> Value:
        parts = self.many(node.values, depth)
        if isinstance(node.op, ast.Or) and parts[0].kind == "env" and not parts[0].parts:
            rest = parts[1:] if len(parts) == 2 else (Value("cond", "", parts[1:]),)
            return Value("env", parts[0].text, rest)
        return Value("cond" if isinstance(node.op, ast.Or) else "other", "", parts)

    def _ifexp(self, node: ast.IfExp, depth: int) -> Value:
        return Value(
            "cond",
            "",
            (
                self.value(node.body, depth),
                self.value(node.orelse, depth),
                self.value(node.test, depth),
            ),
        )

    def _compare(self, node: ast.Compare, depth: int) -> Value:
        left = self.value(node.left, depth)
        if (
            isinstance(node.ops[0], ast.In | ast.NotIn)
            and self.name(node.comparators[0]) in ENV_OBJECTS
            and left.kind == "str"
        ):
            return Value("compare", "in", (Value("env", left.text, (), (), node.lineno),))
        return Value(
            "compare",
            type(node.ops[0]).__name__.lower(),
            (left, *self.many(node.comparators, depth)),
        )

    def _unaryop(self, node: ast.UnaryOp, depth: int) -> Value:
        inner = self.value(node.operand, depth)
        if isinstance(node.op, ast.USub) and inner.kind == "num":
            return Value("num", "-" + inner.text)
        return Value("other", "not" if isinstance(node.op, ast.Not) else "", (inner,))

    def _list(self, node: ast.List | ast.Tuple | ast.Set, depth: int) -> Value:
        return Value("list", type(node).__name__.lower(), self.many(node.elts, depth))

    _tuple = _list
    _set = _list

    def _starred(self, node: ast.Starred, depth: int) -> Value:
        return self.value(node.value, depth)

    def _await(self, node: ast.Await, depth: int) -> Value:
        return self.value(node.value, depth)

    def _namedexpr(self, node: ast.NamedExpr, depth: int) -> Value:
        return self.value(node.value, depth)

    def _dict(self, node: ast.Dict, depth: int) -> Value:
        keys, parts = [], []
        for key, item in zip(node.keys, node.values, strict=True):
            if key is None:
                keys.append("**")
            else:
                made = self.value(key, depth)
                keys.append(made.text if made.kind in ("str", "num", "bool", "name") else "{}")
            parts.append(self.value(item, depth))
        return Value("dict", "", tuple(parts), tuple(keys))

    def _listcomp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, depth: int) -> Value:
        return Value(
            "other",
            "",
            (*[self.value(g.iter, depth) for g in node.generators], self.value(node.elt, depth)),
        )

    _setcomp = _listcomp
    _generatorexp = _listcomp


OTHER = Value("other")
new = tuple.__new__
"""Makes a value of its fields at once."""
MAKERS: dict[type[ast.expr], Callable[[Values, Any, int], Value]] = {
    kind: getattr(Values, f"_{kind.__name__.lower()}")
    for kind in (
        ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.JoinedStr, ast.BinOp, ast.BoolOp, ast.IfExp, ast.Compare, ast.UnaryOp,
        ast.List, ast.Tuple, ast.Set, ast.Starred, ast.Await, ast.NamedExpr, ast.Dict, ast.ListComp, ast.SetComp, ast.GeneratorExp,
    )
}  # fmt: skip


def _product(left: str, right: str) -> str:
    return (
        str(float(left) * float(right)).removesuffix(".0")
        if _numeric(left) and _numeric(right)
        else "0"
    )


def _sum(left: str, right: str) -> str:
    return (
        str(float(left) + float(right)).removesuffix(".0")
        if _numeric(left) and _numeric(right)
        else "0"
    )


def _numeric(text: str) -> bool:
    return len(text) < 18 and text.replace(".", "", 1).lstrip("-").isdigit()
