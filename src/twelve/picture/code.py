"""A source file as facts: its imports, assignments, calls, functions and raises, the same for every language."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from twelve.finding import Place
from twelve.picture.mentions import ASKED, Lines, Mention
from twelve.picture.pattern import pattern
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


class Guard:
    """A condition that must hold (or, when not ``wanted``, fail) for the code to run."""

    __slots__ = ("held", "line", "wanted")

    def __init__(self, held: "Later", wanted: bool, line: int) -> None:
        self.held = held
        self.wanted = wanted
        self.line = line

    @property
    def test(self) -> Value:
        if not isinstance(self.held, Value):
            self.held = self.held()
        return self.held


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


Later = Value | Callable[[], Value]
"""A value, or what makes it when a rule first asks: most are never asked for."""


class Assign:
    """A name, attribute, key or field that gets a value."""

    __slots__ = (
        "augmented", "bases", "column", "end", "function", "guards", "held", "line", "owner", "path", "target",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917 - plain data
        self, target: str, held: Later, line: int, path: str, column: int = 0, function: Function | None = None, owner: str = "",
        bases: tuple[str, ...] = (), guards: tuple[Guard, ...] = (), augmented: bool = False, end: int = 0,
    ) -> None:  # fmt: skip
        self.target = target
        self.held = held
        self.line = line
        self.path = path
        self.column = column
        self.function = function
        self.owner = owner
        self.bases = bases
        self.guards = guards
        self.augmented = augmented
        self.end = end

    @property
    def value(self) -> Value:
        if not isinstance(self.held, Value):
            self.held = self.held()
        return self.held

    @property
    def name(self) -> str:
        """The last word of the target: ``SECRET_KEY`` of ``app.config.SECRET_KEY``."""
        return self.target.rpartition(".")[2]

    @property
    def place(self) -> Place:
        return Place(self.path, self.line, self.column)


class Call:
    """One call, with what it is called on and where it stands; ``assigned`` takes its result at once."""

    __slots__ = (
        "assigned", "called_on", "column", "end", "function", "guards", "held", "in_loop", "last", "line", "name", "path",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917 - plain data
        self, name: str, held: Later, line: int, path: str, column: int = 0, called_on: Later | None = None,
        function: Function | None = None, guards: tuple[Guard, ...] = (), in_loop: bool = False, assigned: str = "", end: int = 0,
    ) -> None:  # fmt: skip
        self.name = name
        self.last = name.rpartition(".")[2]
        self.held = held
        self.line = line
        self.path = path
        self.column = column
        self.called_on = called_on
        self.function = function
        self.guards = guards
        self.in_loop = in_loop
        self.assigned = assigned
        self.end = end

    @property
    def value(self) -> Value:
        if not isinstance(self.held, Value):
            self.held = self.held()
        return self.held

    @property
    def receiver(self) -> Value | None:
        """What the method is called on."""
        if self.called_on is not None and not isinstance(self.called_on, Value):
            self.called_on = self.called_on()
        return self.called_on

    @property
    def place(self) -> Place:
        return Place(self.path, self.line, self.column)


class Raise(NamedTuple):
    """A raise (or throw, or exit) and the conditions before it."""

    line: int
    guards: tuple[Guard, ...]
    function: Function | None = None


Spans = TypeVar("Spans", Assign, Call)


class Module:
    """One parsed source file."""

    def __init__(self, path: str, language: str, role: str = "app", source: bytes = b"") -> None:
        self.path = path
        self.language = language
        self.role = role
        self.source = source
        self.imports: list[Import] = []
        self.assigns: list[Assign] = []
        self.calls: list[Call] = []
        self.functions: list[Function] = []
        self.raises: list[Raise] = []
        self.guards: list[Guard] = []
        self.globals: list[tuple[str, Function | None, int]] = []
        self.aliases: dict[str, str] = {}
        self.constants: dict[str, Assign] = {}
        self.error = ""
        self.error_line = 0
        self.targets: dict[str, list[Assign]] = {}
        """Assignments by target, made when first asked for."""
        self.sinks: tuple[Any, ...] | None = None
        """Writes to paths, once they were looked for."""
        self.lines: Lines = {}
        """The lines that hold what a rule asks for, once one has asked."""

    def lines_of(self, words: Mention) -> list[int]:
        """The lines on which the source holds one of these words, counted from 1."""
        if words not in self.lines:
            self.lines = ASKED.lines(self.source)
        return self.lines[words]

    def holding(self, words: Mention, items: Iterable[Spans]) -> Iterator[Spans]:
        """Those of the items whose lines hold one of these words: the others need no look."""
        lines = self.lines_of(words)
        if lines:
            first, last = lines[0], lines[-1]
            for item in items:
                end = item.end or item.line
                if (
                    first <= end
                    and item.line <= last
                    and lines[bisect_left(lines, item.line)] <= end
                ):
                    yield item

    def on_lines(self, words: Mention, item: Assign | Call) -> bool:
        """Does a line of the item hold one of these words?"""
        lines = self.lines_of(words)
        at = bisect_left(lines, item.line)
        return at < len(lines) and lines[at] <= max(item.end, item.line)

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
COMMAND_LINE = pattern(r"(^|/)(cli(/[^/]+)*|commands|manage)\.py$")
"""A module of commands, by its name."""
COMMAND_WORDS = frozenset(["command", "group", "cli", "callback", "option", "argument"])


HANDLES = (
    r"@(?:[\w$]+\.)*(?:" + "|".join(sorted(ROUTE_WORDS)) + r")\b"
    r"|\(\s*(?:(?:self|_req|_),\s*)?(?:request|req|_req|res|ctx)\b|\b(?:req|request|ctx)\s*=>"
    rf"|class \w+\([^){{]*(?:{'|'.join(VIEW_BASES)})\b|extends [^){{]*(?:{'|'.join(VIEW_BASES)})\b"
)
"""What a file says in which a function answers requests, or may."""


def is_handler(function: Function | None) -> bool:
    """Does the function answer requests?"""
    if function is None:
        return False
    words = {decorator.rpartition(".")[2] for decorator in function.decorators}
    if words & (ROUTE_WORDS | {"Get", "Post"}) and not words & {"command"}:
        return True
    if is_command("", function):
        return False
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


TASKS = r"@(?:\w+\.)*(?:" + "|".join(sorted(TASK_WORDS)) + r")\b"
"""What a file says in which a function is a job of a queue."""


def is_task(function: Function | None) -> bool:
    """Is the function work for a queue's worker?"""
    return function is not None and any(
        d.rpartition(".")[2] in TASK_WORDS for d in function.decorators
    )


def is_command(path: str, function: Function | None) -> bool:
    """Is the function an admin command of its own, run by hand?"""
    if "/management/commands/" in path or path.startswith("management/commands/"):
        return True
    if COMMAND_LINE.search(path):
        return True
    return function is not None and any(
        d.rpartition(".")[2] in COMMAND_WORDS and not d.startswith(("bot.", "client.", "tree."))
        for d in function.decorators
    )
