"""Python source as facts, by the interpreter's own parser; nothing of it is imported or run."""

import ast
from bisect import bisect_left
from functools import partial
from typing import Any

from twelve.checker.python_names import READERS, package_of
from twelve.checker.python_nodes import INNER, LEAVES, within
from twelve.checker.python_older import parse
from twelve.checker.python_values import Values
from twelve.checker.python_wrappers import wrapped
from twelve.picture.code import Assign, Call, Function, Guard, Import, Later, Module, Raise
from twelve.picture.mentions import mention
from twelve.picture.value import Value

SETTINGS_BASES = ("BaseSettings", "BaseAppSettings", "EnvironmentSettings", "EnvConfig")
NESTED = ("update", "from_mapping", "setdefault")
ENV = mention("environ", "getenv", "env(", "env[")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def read_python(path: str, text: str, role: str = "app") -> Module:
    """The facts of one file; a file that does not parse has its error and line instead."""
    module = Module(path, "python", role, source=text.encode("utf-8", "surrogateescape"))
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        module.error = getattr(error, "msg", None) or type(error).__name__
        module.error_line = getattr(error, "lineno", 0) or 0
        return module
    try:
        _Reader(module).body(tree.body)
    except RecursionError:
        module.error = "nested too deeply"
    return module


class _Reader:
    """Walks one module with the function, class and conditions it is in."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.readers: dict[str, int] = {}
        self.values = Values(module.aliases, self.readers)
        self.function: Function | None = None
        self.owner = ""
        self.bases: tuple[str, ...] = ()
        self.guards: tuple[Guard, ...] = ()
        self.loop = False
        self.optional = False
        self.typing_only = False
        self.assigned = ""
        self.reads = module.lines_of(ENV)

    def body(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        make = STATEMENTS.get(type(node))
        if make:
            make(self, node)
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expression(child)
            elif isinstance(child, ast.stmt):
                self.statement(child)

    def expression(self, root: ast.expr | None, assigned: str = "") -> None:
        """Record the calls in an expression; lambdas and comprehensions included."""
        if root is None or type(root) in LEAVES:
            return
        pending: list[ast.AST] = [root]
        while pending:
            node = pending.pop()
            kind = type(node)
            if kind is ast.Call:
                self._record(node, assigned if node is root else "")  # type: ignore[arg-type]
                within(node, pending)  # type: ignore[arg-type]
                continue
            if kind is ast.NamedExpr:
                self._assign(node.target, node.value, node)  # type: ignore[attr-defined,arg-type]
            for name in INNER[kind]:
                child = getattr(node, name)
                if type(child) is list:
                    pending += [one for one in child if type(one) not in LEAVES]
                elif type(child) not in LEAVES:
                    pending.append(child)

    def on_expr(self, node: ast.Expr | ast.Return) -> None:
        self.expression(node.value)

    on_return = on_expr

    def _record(self, node: ast.Call, assigned: str) -> None:
        func, values = node.func, self.values
        name = values.name(func)
        method = type(func) is ast.Attribute
        call = Call(
            name,
            partial(values.called, node, name),
            node.lineno,
            self.module.path,
            node.col_offset + 1,
            partial(values.value, func.value) if method else None,  # type: ignore[attr-defined]
            self.function,
            self.guards,
            self.loop,
            assigned,
            node.end_lineno or node.lineno,
        )
        self.module.calls.append(call)
        if method and call.last in NESTED:
            base = values.name(func.value)  # type: ignore[attr-defined]
            for keyword in node.keywords:
                if keyword.arg:
                    self._add(
                        f"{base}.{keyword.arg}", self.values.value(keyword.value), keyword.value
                    )
            for argument in node.args[:1]:
                if isinstance(argument, ast.Dict):
                    made = self.values.value(argument)
                    for key, item in made.items():
                        self._add(f"{base}.{key}", item, argument, line=item.line)
        if name in ("sys.exit", "exit", "os._exit", "SystemExit"):
            self.module.raises.append(Raise(node.lineno, self.guards, self.function))

    def _add(
        self,
        target: str,
        value: Later,
        node: ast.expr | ast.stmt,
        *,
        line: int = 0,
        augmented: bool = False,
    ) -> Assign:
        made = Assign(
            target,
            value,
            line or node.lineno,
            self.module.path,
            node.col_offset + 1,
            self.function,
            self.owner,
            self.bases,
            self.guards,
            augmented,
            node.end_lineno or node.lineno,
        )
        self.module.assigns.append(made)
        return made

    def _assign(self, target: ast.expr, node: ast.expr, at: ast.stmt | ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            if isinstance(node, ast.Tuple | ast.List) and len(node.elts) == len(target.elts):
                for one, item in zip(target.elts, node.elts, strict=True):
                    self._assign(one, item, at)
            else:
                for one in target.elts:
                    self._add(self.values.name(one), Value("other"), at)
            return
        name = target.id if isinstance(target, ast.Name) else self.values.name(target)
        make = self._field if self._is_settings() else self.values.assigned
        made = self._add(name, partial(make, name, node), at)
        if self.function is None and not self.owner and isinstance(target, ast.Name):
            if not (name in self.module.constants and self.guards):
                self.module.constants[name] = made
            if isinstance(node, ast.Call) and self.values.name(node.func) in READERS:
                self.readers[name] = 0

    def _field(self, name: str, node: ast.expr) -> Value:
        """A field of a settings class: its value is the default of the variable of that name."""
        value = self.values.value(node)
        if value.kind == "env":
            return value
        return Value("env", name, (value,), (), value.line, value.column)

    def _is_settings(self) -> bool:
        if not self.owner or self.function is not None:
            return False
        return any(
            base.rpartition(".")[2] in SETTINGS_BASES
            or base.rpartition(".")[2].endswith("Settings")
            for base in self.bases
        )

    def on_assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._assign(target, node.value, node)
        first = (
            self.values.name(node.targets[0])
            if isinstance(node.targets[0], ast.Name | ast.Attribute | ast.Subscript)
            else ""
        )
        self.expression(node.value, first)

    def on_annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assign(node.target, node.value, node)
            self.expression(node.value, self.values.name(node.target))
        elif self._is_settings() and isinstance(node.target, ast.Name):
            self._add(node.target.id, Value("env", node.target.id), node)

    def on_augassign(self, node: ast.AugAssign) -> None:
        self._add(
            self.values.name(node.target),
            partial(self.values.value, node.value),
            node,
            augmented=True,
        )
        self.expression(node.value)

    def on_import(self, node: ast.Import) -> None:
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            self.module.aliases[bound] = alias.name if alias.asname else bound
            self._imported(alias.name, bound, node)

    def on_importfrom(self, node: ast.ImportFrom) -> None:
        base = (package_of(self.module.path, node.level) + "." if node.level else "") + (
            node.module or ""
        )
        base = base.rstrip(".") or "."
        for alias in node.names:
            self.module.aliases[alias.asname or alias.name] = f"{base}.{alias.name}"
        self._imported(base, ",".join(alias.name for alias in node.names), node)

    def _imported(self, module: str, name: str, node: ast.stmt) -> None:
        self.module.imports.append(
            Import(
                module,
                name,
                node.lineno,
                self.optional or bool(self.guards),
                self.function is not None,
                self.module.path,
                self.typing_only,
            )
        )

    def on_global(self, node: ast.Global) -> None:
        for name in node.names:
            self.module.globals.append((name, self.function, node.lineno))

    def on_if(self, node: ast.If) -> None:
        test = partial(self.values.value, node.test)
        self.expression(node.test)
        self.module.guards.append(Guard(test, True, node.lineno))
        typing_only, self.typing_only = (
            self.typing_only,
            self.typing_only or self.values.name(node.test).endswith("TYPE_CHECKING"),
        )
        before = self.guards
        self.guards = (*before, Guard(test, True, node.lineno))
        self.body(node.body)
        self.typing_only = typing_only
        self.guards = (*before, Guard(test, False, node.lineno))
        self.body(node.orelse)
        self.guards = before

    def _loop(self, node: ast.For | ast.While | ast.AsyncFor) -> None:
        before, self.loop = self.loop, True
        if isinstance(node, ast.While):
            self.expression(node.test)
        else:
            self.expression(node.iter)
        self.body(node.body)
        self.loop = before
        self.body(node.orelse)

    on_for = _loop
    on_while = _loop
    on_asyncfor = _loop

    def on_try(self, node: ast.Try) -> None:
        caught = {
            self.values.name(h.type).rpartition(".")[2]
            if isinstance(h.type, ast.Name | ast.Attribute)
            else ""
            for h in node.handlers
        }
        names = {
            self.values.name(e)
            for h in node.handlers
            if isinstance(h.type, ast.Tuple)
            for e in h.type.elts
        }
        before = self.optional
        self.optional = before or bool(
            (caught | names) & {"ImportError", "ModuleNotFoundError", "Exception", ""}
        )
        self.body(node.body)
        self.body([s for handler in node.handlers for s in handler.body])
        self.optional = before
        self.body(node.orelse)
        self.body(node.finalbody)

    on_trystar = on_try

    def on_with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            target = (
                self.values.name(item.optional_vars)
                if isinstance(item.optional_vars, ast.Name)
                else ""
            )
            self.expression(item.context_expr, target)
        self.body(node.body)

    on_asyncwith = on_with

    def on_match(self, node: ast.Match) -> None:
        self.expression(node.subject)
        for case in node.cases:
            self.body(case.body)

    def on_raise(self, node: ast.Raise) -> None:
        self.module.raises.append(Raise(node.lineno, self.guards, self.function))
        self.expression(node.exc)

    def on_classdef(self, node: ast.ClassDef) -> None:
        before = (self.owner, self.bases, self.function)
        for decorator in node.decorator_list:
            self.expression(decorator)
        self.owner = node.name
        self.bases = tuple(self.values.name(base) for base in node.bases)
        self.function = None
        self.body(node.body)
        self.owner, self.bases, self.function = before

    def on_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.expression(decorator)
        args = node.args
        for default in (*args.defaults, *args.kw_defaults):
            self.expression(default)
        names = tuple(arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs))
        decorators = tuple(
            self.values.name(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list
        )
        outer = self.function.qualified if self.function else ""
        made = Function(
            node.name,
            node.lineno,
            node.end_lineno or node.lineno,
            names,
            decorators,
            self.owner,
            self.bases,
            isinstance(node, ast.AsyncFunctionDef),
            outer,
        )
        if self.function is None and names and self._reads_env(node):
            # Statements without a word of the environment hold no read of it.
            held = [one for one in node.body if self._reads_env(one)]
            if (position := wrapped(self.values, names, node.args, *held)) is not None:
                self.readers[node.name] = position
        self.module.functions.append(made)
        before = (self.function, self.loop, self.guards)
        self.function, self.loop = made, False
        self.body(node.body)
        self.function, self.loop, self.guards = before

    on_asyncfunctiondef = on_functiondef

    def _reads_env(self, node: ast.stmt) -> bool:
        at = bisect_left(self.reads, node.lineno)
        return at < len(self.reads) and self.reads[at] <= (node.end_lineno or node.lineno)


STATEMENTS: dict[type[ast.stmt], Any] = {
    kind: getattr(_Reader, f"on_{kind.__name__.lower()}")
    for kind in (
        ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Import, ast.ImportFrom, ast.Global, ast.If, ast.For, ast.While, ast.AsyncFor, ast.Try, ast.TryStar,
        ast.With, ast.AsyncWith, ast.Match, ast.Expr, ast.Return, ast.Raise, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef,
    )
}  # fmt: skip
