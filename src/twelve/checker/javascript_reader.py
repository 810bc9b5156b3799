"""JavaScript and TypeScript source as facts, by tree-sitter."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from twelve.checker.javascript_values import JsValues, string_of
from twelve.errors import Missing
from twelve.picture.code import Assign, Call, Function, Guard, Import, Later, Module, Raise
from twelve.picture.value import Value

FUNCTIONS = frozenset(
    {
        "function_declaration",
        "function_expression",
        "arrow_function",
        "method_definition",
        "function",
        "generator_function_declaration",
    }
)
MAX_DEPTH = 400


@cache
def _parser(language: str) -> Any:
    try:
        import tree_sitter
        import tree_sitter_javascript
        import tree_sitter_typescript
    except ImportError:
        raise Missing(
            "twelve check: JavaScript needs the extra 'check'", "pip install 'twelve[check]'"
        ) from None
    makers: dict[str, Callable[[], object]] = {
        "javascript": tree_sitter_javascript.language,
        "typescript": tree_sitter_typescript.language_typescript,
        "tsx": tree_sitter_typescript.language_tsx,
    }
    return tree_sitter.Parser(tree_sitter.Language(makers[language]()))


def read_javascript(path: str, data: bytes, role: str = "app") -> Module:
    """The facts of one file; what does not parse is passed over, and the first such line is kept."""
    language = (
        "tsx"
        if path.endswith(".tsx")
        else "typescript"
        if path.endswith((".ts", ".mts", ".cts"))
        else "javascript"
    )
    module = Module(path, language, role, source=data)
    tree = _parser(language).parse(data)
    reader = _Reader(module)
    try:
        for child in tree.root_node.children:
            reader.node(child)
    except RecursionError:
        module.error = "nested too deeply"
    return module


class _Reader:
    """Walks one module with the function, class and conditions it is in."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.values = JsValues(module.aliases)
        self.function: Function | None = None
        self.owner = ""
        self.guards: tuple[Guard, ...] = ()
        self.loop = False
        self.assigned = ""
        self.passed_to = ""
        self.name = ""
        self.decorators: tuple[str, ...] = ()

    def node(self, node: Any) -> None:
        kind = node.type
        if kind in FUNCTIONS:
            self._function(node)
            return
        make = getattr(self, "on_" + kind, None)
        if make is None or make(node):
            self.children(node)

    def children(self, node: Any) -> None:
        for child in node.named_children:
            self.node(child)

    def _function(self, node: Any) -> None:
        name_node = node.child_by_field_name("name")
        params = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
        names: tuple[str, ...] = ()
        if params is not None:
            held = params.named_children if params.type == "formal_parameters" else [params]
            names = tuple(self.values.text(p.child_by_field_name("pattern") or p) for p in held)
        outer = self.function.qualified if self.function else ""
        made = Function(
            self.values.text(name_node) if name_node is not None else self.name,
            node.start_point[0] + 1,
            node.end_point[0] + 1,
            names,
            self.decorators,
            self.owner,
            outer=outer,
            passed_to=self.passed_to,
        )
        self.module.functions.append(made)
        before = (
            self.function,
            self.loop,
            self.assigned,
            self.passed_to,
            self.name,
            self.decorators,
        )
        self.function, self.loop, self.assigned, self.passed_to, self.name, self.decorators = (
            made,
            False,
            "",
            "",
            "",
            (),
        )
        body = node.child_by_field_name("body")
        if body is not None:
            self.node(body)
        self.function, self.loop, self.assigned, self.passed_to, self.name, self.decorators = before

    def on_import_statement(self, node: Any) -> bool:
        source = node.child_by_field_name("source")
        module = string_of(source) if source is not None else ""
        typing_only = any(child.type == "type" for child in node.children)
        for clause in node.named_children:
            if clause.type == "import_clause":
                self._clause(clause, module)
        self._imported(module, "", node, typing_only=typing_only)
        return False

    def _clause(self, clause: Any, module: str) -> None:
        for child in clause.named_children:
            if child.type == "identifier":
                self.module.aliases[self.values.text(child)] = module
            elif child.type == "namespace_import":
                self.module.aliases[self.values.text(child.named_children[0])] = module
            elif child.type == "named_imports":
                for item in child.named_children:
                    names = [self.values.text(n) for n in item.named_children]
                    if names:
                        self.module.aliases[names[-1]] = f"{module}.{names[0]}"

    def _imported(self, module: str, name: str, node: Any, *, typing_only: bool = False) -> None:
        line = node.start_point[0] + 1
        self.module.imports.append(
            Import(
                module,
                name,
                line,
                bool(self.guards),
                self.function is not None,
                self.module.path,
                typing_only,
            )
        )

    def on_variable_declarator(self, node: Any) -> bool:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if value is None:
            return False
        if (required := self.values.required(value)) is not None:
            self._require(name, *required, node)
        if name.type == "object_pattern":
            self._destructure(name, value)
        else:
            self._assigned(self.values.text(name), value, node)
            return False
        self.node(value)
        return False

    def _destructure(self, pattern: Any, value: Any) -> None:
        base = self.values.name(value)
        for child in pattern.named_children:
            key = self.values.text(
                child.child_by_field_name("key") or child.child_by_field_name("left") or child
            )
            bound = self.values.text(
                child.child_by_field_name("value") or child.child_by_field_name("left") or child
            )
            if base in ("process.env", "import.meta.env", "Bun.env"):
                default = child.child_by_field_name("right")
                parts = (self.values.value(default),) if default is not None else ()
                self._add(bound, Value("env", key, parts, (), child.start_point[0] + 1), child)
            elif base and "?" not in base:
                self.module.aliases.setdefault(bound, f"{base}.{key}")

    def _require(self, name: Any, module: str, attribute: str, node: Any) -> None:
        self._imported(module, attribute, node)
        dotted = f"{module}.{attribute}" if attribute else module
        if name.type == "identifier":
            self.module.aliases[self.values.text(name)] = dotted
        elif name.type == "object_pattern":
            for child in name.named_children:
                key = self.values.text(child.child_by_field_name("key") or child)
                bound = self.values.text(child.child_by_field_name("value") or child)
                self.module.aliases[bound] = f"{dotted}.{key}"

    def _assigned(self, target: str, value_node: Any, node: Any) -> None:
        made = self._add(target, partial(self.values.value, value_node), node)
        if self.function is None and not self.owner:
            self.module.constants.setdefault(target, made)
        before = (self.assigned, self.name)
        self.assigned, self.name = target, target.rpartition(".")[2]
        self.node(value_node)
        self.assigned, self.name = before

    def _add(self, target: str, value: Later, node: Any, *, augmented: bool = False) -> Assign:
        row, column = node.start_point
        made = Assign(
            target,
            value,
            row + 1,
            self.module.path,
            column + 1,
            self.function,
            self.owner,
            (),
            self.guards,
            augmented,
            node.end_point[0] + 1,
        )
        self.module.assigns.append(made)
        return made

    def on_assignment_expression(self, node: Any) -> bool:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        self._assigned(self.values.name(left), right, node)
        return False

    def on_augmented_assignment_expression(self, node: Any) -> bool:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        value = partial(self.values.value, right)
        self._add(self.values.name(left), value, node, augmented=True)
        self.node(right)
        return False

    def on_update_expression(self, node: Any) -> bool:
        self._add(
            self.values.name(node.child_by_field_name("argument")),
            Value("num", "1"),
            node,
            augmented=True,
        )
        return False

    def on_public_field_definition(self, node: Any) -> bool:
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        value = node.child_by_field_name("value")
        if value is None or name is None:
            return True
        self._assigned(self.values.text(name), value, node)
        return False

    on_field_definition = on_public_field_definition

    def on_pair(self, node: Any) -> bool:
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if value is not None and value.type in FUNCTIONS:
            before, self.name = self.name, self.values.key(key)
            self.node(value)
            self.name = before
            return False
        return True

    def on_class_declaration(self, node: Any) -> bool:
        before, name = self.owner, node.child_by_field_name("name")
        self.owner = self.values.text(name) if name is not None else ""
        body = node.child_by_field_name("body")
        pending: list[str] = []
        for child in body.named_children if body is not None else ():
            if child.type == "decorator":
                pending.append(self.values.decorator(child))
                self.children(child)
                continue
            self.decorators = tuple(pending)
            pending = []
            self.node(child)
            self.decorators = ()
        self.owner = before
        return False

    on_class = on_class_declaration

    def on_if_statement(self, node: Any) -> bool:
        condition = node.child_by_field_name("condition")
        test = partial(self.values.value, condition)
        line = node.start_point[0] + 1
        self.node(condition)
        self.module.guards.append(Guard(test, True, line))
        before = self.guards
        for field, wanted in (("consequence", True), ("alternative", False)):
            branch = node.child_by_field_name(field)
            if branch is not None:
                self.guards = (*before, Guard(test, wanted, line))
                self.node(branch)
        self.guards = before
        return False

    def _loop(self, node: Any) -> bool:
        before, self.loop = self.loop, True
        self.children(node)
        self.loop = before
        return False

    on_for_statement = on_for_in_statement = on_while_statement = on_do_statement = _loop

    def on_throw_statement(self, node: Any) -> bool:
        self.module.raises.append(Raise(node.start_point[0] + 1, self.guards, self.function))
        return True

    def on_call_expression(self, node: Any) -> bool:
        function = node.child_by_field_name("function")
        required = self.values.required(node)
        if required is not None and not required[1]:
            self._imported(required[0], "", node)
        name = self.values.name(function)
        self._call(name, node, function)
        if name == "process.exit":
            self.module.raises.append(Raise(node.start_point[0] + 1, self.guards, self.function))
        before = (self.assigned, self.passed_to)
        self.assigned, self.passed_to = "", name
        for child in self._arguments(node):
            self.node(child)
        self.assigned, self.passed_to = before
        if function is not None and function.type == "member_expression":
            self.node(function.child_by_field_name("object"))
        elif function is not None and function.type not in ("identifier", "import"):
            self.node(function)
        return False

    def on_new_expression(self, node: Any) -> bool:
        constructor = node.child_by_field_name("constructor")
        self._call("new " + self.values.name(constructor), node, constructor)
        before, self.assigned = self.assigned, ""
        for child in self._arguments(node):
            self.node(child)
        self.assigned = before
        return False

    def _arguments(self, node: Any) -> Iterator[Any]:
        arguments = node.child_by_field_name("arguments")
        if arguments is not None:
            yield from arguments.named_children

    def _call(self, name: str, node: Any, function: Any) -> None:
        receiver = None
        row, column = node.start_point
        if function is not None and function.type == "member_expression":
            receiver = partial(self.values.value, function.child_by_field_name("object"))
            held = function.child_by_field_name("property")
            if held is not None:
                row, column = held.start_point
        self.module.calls.append(
            Call(
                name,
                partial(self.values.call, name, node),
                row + 1,
                self.module.path,
                column + 1,
                receiver,
                self.function,
                self.guards,
                self.loop,
                self.assigned,
                node.end_point[0] + 1,
            )
        )
