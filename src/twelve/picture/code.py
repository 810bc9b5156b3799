"""A source file as facts: its imports, assignments, calls, functions and raises, the same for every language."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from twelve.finding import Place
from twelve.picture.value import Value


class Function(NamedTuple):
    """A function or method, and what is known about who calls it."""

    name: str
    line: int
    end: int
    params: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    owner: str = ""
    bases: tuple[str, ...] = ()
    is_async: bool = False
    outer: str = ""
    passed_to: str = ""
    """The callee that this anonymous function is an argument of: ``app.get``."""

    @property
    def qualified(self) -> str:
        return ".".join(filter(None, (self.outer, self.owner, self.name)))


class Guard(NamedTuple):
    """A condition that must hold (or, when not ``wanted``, fail) for the code to run."""

    test: Value
    wanted: bool
    line: int


class Import(NamedTuple):
    """One imported module, with the name it binds."""

    module: str
    name: str
    line: int
    optional: bool = False
    function: bool = False
    path: str = ""
    typing_only: bool = False

    @property
    def place(self) -> Place:
        return Place(self.path, self.line)


class Assign(NamedTuple):
    """A name, attribute, key or field that gets a value."""

    target: str
    value: Value
    line: int
    path: str
    column: int = 0
    function: Function | None = None
    owner: str = ""
    bases: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    augmented: bool = False

    @property
    def name(self) -> str:
        """The last word of the target: ``SECRET_KEY`` of ``app.config.SECRET_KEY``."""
        return self.target.rpartition(".")[2]

    @property
    def place(self) -> Place:
        return Place(self.path, self.line, self.column)


class Call(NamedTuple):
    """One call, with what it is called on and where it stands."""

    name: str
    value: Value
    line: int
    path: str
    column: int = 0
    receiver: Value | None = None
    function: Function | None = None
    guards: tuple[Guard, ...] = ()
    in_loop: bool = False
    assigned: str = ""
    """The target that takes the result, when it is assigned at once."""

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def place(self) -> Place:
        return Place(self.path, self.line, self.column)


class Raise(NamedTuple):
    """A raise (or throw, or exit) and the conditions before it."""

    line: int
    guards: tuple[Guard, ...]
    function: Function | None = None


@dataclass(slots=True)
class Module:
    """One parsed source file."""

    path: str
    language: str
    role: str = "app"
    imports: list[Import] = field(default_factory=list)
    assigns: list[Assign] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    raises: list[Raise] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    globals: list[tuple[str, Function | None, int]] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    constants: dict[str, Value] = field(default_factory=dict)
    error: str = ""
    error_line: int = 0
    targets: dict[str, list[Assign]] = field(default_factory=dict)
    """Assignments by target, made when first asked for."""
    sinks: tuple[Any, ...] | None = None
    """Writes to paths, once they were looked for."""

    def assigned(self, target: str) -> list[Assign]:
        """The assignments to one target, in their order."""
        if not self.targets:
            for assign in self.assigns:
                self.targets.setdefault(assign.target, []).append(assign)
        return self.targets.get(target, [])

    def imports_any(self, *roots: str) -> bool:
        """Is one of these packages imported here?"""
        return any(
            found.module == root or found.module.startswith((root + ".", root + "/"))
            for found in self.imports
            for root in roots
        )


ROUTE_WORDS = frozenset(
    [
        "route",
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
        "websocket",
        "websocket_route",
        "api_route",
        "all",
        "use",
        "api_view",
        "csrf_exempt",
        "login_required",
        "require_http_methods",
        "require_POST",
        "require_GET",
        "require_safe",
        "action",
        "permission_required",
        "Get",
        "Post",
        "Put",
        "Patch",
        "Delete",
        "All",
        "before_request",
        "after_request",
        "errorhandler",
        "view_config",
        "http_method",
        "on_event_handler",
    ]
)
VIEW_BASES = (
    "View",
    "APIView",
    "ViewSet",
    "ViewSetMixin",
    "Resource",
    "MethodView",
    "HTTPEndpoint",
    "RequestHandler",
    "Handler",
    "Controller",
)
VIEW_METHODS = frozenset(
    [
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "dispatch",
        "form_valid",
        "create",
        "update",
        "destroy",
        "retrieve",
        "list",
        "head",
        "options",
    ]
)
TASK_WORDS = frozenset(
    [
        "task",
        "shared_task",
        "actor",
        "job",
        "db_task",
        "periodic_task",
        "process",
        "Process",
        "Processor",
        "db_periodic_task",
    ]
)
COMMAND_WORDS = frozenset(["command", "group", "cli", "callback", "option", "argument"])


def is_handler(function: Function | None) -> bool:
    """Does the function answer requests?"""
    if function is None:
        return False
    words = {decorator.rpartition(".")[2] for decorator in function.decorators}
    if words & (ROUTE_WORDS | {"Get", "Post"}) and not words & {"command"}:
        return True
    if function.params[:1] in (("request",), ("req",), ("ctx",)) or function.params[:2] in (
        ("self", "request"),
        ("request", "response"),
    ):
        return function.name not in ("process_request", "process_response", "__init__")
    if function.params[:2] in (("req", "res"), ("_req", "res"), ("_", "res")):
        return True
    if any(base.rpartition(".")[2].endswith(VIEW_BASES) for base in function.bases):
        return function.name in VIEW_METHODS
    return False


def is_task(function: Function | None) -> bool:
    """Is the function work for a queue's worker?"""
    return function is not None and any(
        d.rpartition(".")[2] in TASK_WORDS for d in function.decorators
    )


def is_command(path: str, function: Function | None) -> bool:
    """Is the function an admin command of its own, run by hand?"""
    if "/management/commands/" in path or path.startswith("management/commands/"):
        return True
    return function is not None and any(
        d.rpartition(".")[2] in COMMAND_WORDS and not d.startswith(("bot.", "client.", "tree."))
        for d in function.decorators
    )
