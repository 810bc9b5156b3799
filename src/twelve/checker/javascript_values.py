"""JavaScript expressions as values: literals, reads of process.env, calls and joins."""

from typing import Any

from twelve.picture.value import Value

ENV_OBJECTS = ("process.env", "import.meta.env", "Bun.env")
ENV_CALLS = {
    "config.get",
    "configService.get",
    "this.configService.get",
    "this.config.get",
    "configService.getOrThrow",
    "Deno.env.get",
    "env.get",
}
JOINS = (
    "path.join",
    "path.resolve",
    "node:path.join",
    "node:path.resolve",
    "join",
    "resolve",
    "String",
    "path.posix.join",
)
DEPTH = 10
WRAPPERS = (
    "parenthesized_expression",
    "as_expression",
    "non_null_expression",
    "satisfies_expression",
    "await_expression",
    "type_assertion",
)
TRANSFORMS = ("toLowerCase", "toUpperCase", "trim", "toString", "replace", "split", "concat")
CASTS = ("parseInt", "Number", "parseFloat", "Boolean", "String")


def string_of(node: Any) -> str:
    """The text in a string node."""
    return "".join(
        _text(child)
        for child in node.named_children
        if child.type in ("string_fragment", "escape_sequence")
    )


def _text(node: Any) -> str:
    return str(node.text.decode("utf-8", "replace"))


class JsValues:
    """Turns expressions into values, knowing the file's import names."""

    def __init__(self, aliases: dict[str, str]) -> None:
        self.aliases = aliases

    def text(self, node: Any) -> str:
        return _text(node) if node is not None else ""

    def key(self, node: Any) -> str:
        """The name of an object's key."""
        return string_of(node) if node is not None and node.type == "string" else self.text(node)

    def decorator(self, node: Any) -> str:
        inner = node.named_children[0] if node.named_children else node
        if inner.type == "call_expression":
            inner = inner.child_by_field_name("function")
        return self.name(inner)

    def name(self, node: Any) -> str:
        """The dotted name of an expression, import names resolved."""
        if node is None:
            return "?"
        kind = node.type
        if kind in (
            "identifier",
            "property_identifier",
            "this",
            "type_identifier",
            "shorthand_property_identifier",
            "super",
            "meta_property",
        ):
            text = _text(node)
            return self.aliases.get(text, text)
        if kind == "member_expression":
            return f"{self.name(node.child_by_field_name('object'))}.{self.text(node.child_by_field_name('property'))}"
        if kind == "subscript_expression":
            index = node.child_by_field_name("index")
            base = self.name(node.child_by_field_name("object"))
            return (
                f"{base}.{string_of(index)}"
                if index is not None and index.type == "string"
                else f"{base}[]"
            )
        if kind in ("call_expression", "new_expression"):
            if (required := self.required(node)) is not None:
                return ".".join(filter(None, required))
            return (
                self.name(
                    node.child_by_field_name("function") or node.child_by_field_name("constructor")
                )
                + "()"
            )
        if kind in WRAPPERS and node.named_children:
            return self.name(node.named_children[0])
        return "?"

    def required(self, node: Any) -> tuple[str, str] | None:
        """The module and the attribute of ``require("module").attribute``."""
        attribute = ""
        if node.type == "member_expression":
            attribute = self.text(node.child_by_field_name("property"))
            node = node.child_by_field_name("object")
        if node is None or node.type != "call_expression":
            return None
        function = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if function is None or _text(function) not in ("require", "import") or arguments is None:
            return None
        first = arguments.named_children[:1]
        return (string_of(first[0]), attribute) if first and first[0].type == "string" else None

    def value(self, node: Any, depth: int = 0) -> Value:
        if node is None or depth > DEPTH:
            return Value("other")
        made = self._value(node, depth + 1)
        row, column = node.start_point
        return made if made.line else made._replace(line=row + 1, column=column + 1)

    def _value(self, node: Any, depth: int) -> Value:
        kind = node.type
        if kind in WRAPPERS and node.named_children:
            return self.value(node.named_children[0], depth)
        make = getattr(self, "_" + kind, None)
        return make(node, depth) if make else Value("other")

    def _string(self, node: Any, _depth: int) -> Value:
        return Value("str", string_of(node))

    def _number(self, node: Any, _depth: int) -> Value:
        return Value("num", _text(node).replace("_", ""))

    def _true(self, _node: Any, _depth: int) -> Value:
        return Value("bool", "True")

    def _false(self, _node: Any, _depth: int) -> Value:
        return Value("bool", "False")

    def _null(self, _node: Any, _depth: int) -> Value:
        return Value("none")

    _undefined = _null

    def _identifier(self, node: Any, _depth: int) -> Value:
        return Value("name", self.name(node))

    _this = _identifier
    _shorthand_property_identifier = _identifier

    def _member_expression(self, node: Any, depth: int) -> Value:
        base = self.name(node.child_by_field_name("object"))
        prop = self.text(node.child_by_field_name("property"))
        if base in ENV_OBJECTS:
            return Value("env", prop)
        if base.endswith("()") or "?" in base:
            return Value("other", prop, (self.value(node.child_by_field_name("object"), depth),))
        return Value("name", f"{base}.{prop}")

    def _subscript_expression(self, node: Any, depth: int) -> Value:
        base = self.name(node.child_by_field_name("object"))
        index = node.child_by_field_name("index")
        if base in ENV_OBJECTS:
            return Value(
                "env", string_of(index) if index is not None and index.type == "string" else "{}"
            )
        return (
            Value("name", self.name(node))
            if "?" not in base
            else Value("other", "", (self.value(index, depth),))
        )

    def _template_string(self, node: Any, depth: int) -> Value:
        parts = []
        for child in node.named_children:
            if child.type == "template_substitution":
                parts.append(
                    self.value(child.named_children[0] if child.named_children else None, depth)
                )
            else:
                parts.append(Value("str", _text(child)))
        return (
            parts[0]
            if len(parts) == 1 and parts[0].kind == "str"
            else Value("join", "", tuple(parts))
        )

    def _binary_expression(self, node: Any, depth: int) -> Value:
        left = self.value(node.child_by_field_name("left"), depth)
        right = self.value(node.child_by_field_name("right"), depth)
        operator = self.text(node.child_by_field_name("operator"))
        if operator in ("||", "??"):
            return self._either(left, right)
        if operator == "+":
            return Value("join", "", (left, right))
        words = {"===": "eq", "==": "eq", "!==": "noteq", "!=": "noteq"}
        return (
            Value("compare", words[operator], (left, right))
            if operator in words
            else Value("other", operator, (left, right))
        )

    @staticmethod
    def _either(left: Value, right: Value) -> Value:
        if left.kind == "env":
            inner = left.parts[0] if left.parts else None
            default = right if inner is None else JsValues._either(inner, right)
            return left._replace(parts=(default,))
        return Value("cond", "", (left, right))

    def _ternary_expression(self, node: Any, depth: int) -> Value:
        names = ("consequence", "alternative", "condition")
        return Value(
            "cond", "", tuple(self.value(node.child_by_field_name(name), depth) for name in names)
        )

    def _unary_expression(self, node: Any, depth: int) -> Value:
        inner = self.value(node.child_by_field_name("argument"), depth)
        operator = self.text(node.child_by_field_name("operator"))
        return Value("other", "not" if operator == "!" else operator, (inner,))

    def _array(self, node: Any, depth: int) -> Value:
        return Value(
            "list",
            "list",
            tuple(
                self.value(child, depth) for child in node.named_children if child.type != "comment"
            ),
        )

    def _object(self, node: Any, depth: int) -> Value:
        keys, parts = [], []
        for child in node.named_children:
            if child.type == "pair":
                keys.append(self.key(child.child_by_field_name("key")))
                parts.append(
                    self.value(child.child_by_field_name("value"), depth)._replace(
                        line=child.start_point[0] + 1
                    )
                )
            elif child.type == "shorthand_property_identifier":
                keys.append(_text(child))
                parts.append(self.value(child, depth))
            elif child.type == "spread_element":
                keys.append("**")
                parts.append(
                    self.value(child.named_children[0] if child.named_children else None, depth)
                )
        return Value("dict", "", tuple(parts), tuple(keys))

    def _call_expression(self, node: Any, depth: int) -> Value:
        name = self.name(node.child_by_field_name("function"))
        arguments = [
            a
            for a in (node.child_by_field_name("arguments") or node).named_children
            if a.type != "comment"
        ]
        if name in ENV_CALLS and arguments and arguments[0].type == "string":
            return Value(
                "env", string_of(arguments[0]), tuple(self.value(a, depth) for a in arguments[1:2])
            )
        return self.call(name, node, depth)

    def call(self, name: str, node: Any, depth: int = 0) -> Value:
        """The call with its arguments; casts and joins show what they hold."""
        held = node.child_by_field_name("arguments")
        arguments = tuple(
            self.value(a, depth + 1)
            for a in (held.named_children if held is not None else ())
            if a.type != "comment"
        )
        row, column = node.start_point
        if name in JOINS or name in CASTS:
            joined: list[Value] = []
            for one in arguments if name not in CASTS else arguments[:1]:
                joined += [Value("str", "/"), one] if joined else [one]
            return Value("join", name, tuple(joined), (), row + 1, column + 1)
        function = node.child_by_field_name("function")
        if function is not None and function.type == "member_expression":
            receiver = self.value(function.child_by_field_name("object"), depth + 1)
            if receiver.kind in ("env", "join", "call", "cond", "str") or (
                receiver.kind == "name" and name.rpartition(".")[2] in TRANSFORMS
            ):
                return Value("call", name, (*arguments, receiver), ("()",), row + 1, column + 1)
        return Value("call", name, arguments, (), row + 1, column + 1)

    def _new_expression(self, node: Any, depth: int) -> Value:
        return self.call("new " + self.name(node.child_by_field_name("constructor")), node, depth)
