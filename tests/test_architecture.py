"""The law of this house, read aloud: who imports whom, what a room may do, how large things get."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import twelve
from twelve.methodology import ROOMS

ROOT = Path(twelve.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py"))

LAYERS = (
    {"cli", "__main__"},
    {"client"},
    {"control", "starting", "development"},
    {"api", "web"},
    {"operations", "checker", "prover"},
    {"manifest"},
    {"reconciler", "store"},
    {"engines", "services"},
    {"factors"},
    {"picture"},
    {"methodology", "errors", "finding", "settings", "units"},
)
"""From the doors down to the ground; a layer imports itself and what is below it."""

ALONE = {"static", "__init__"}
"""A program of its own, and the version: they import nothing of ours."""

GROUND = {*LAYERS[-1], "picture"}

ROOMS_MAY_IMPORT = {
    *("ast", "base64", "bisect", "calendar", "collections", "collections.abc", "dataclasses"),
    *("datetime", "difflib", "enum", "fnmatch", "fractions", "functools", "graphlib", "hashlib"),
    *("heapq", "hmac", "html", "io", "ipaddress", "itertools", "json", "math", "operator"),
    *("posixpath", "re", "shlex", "signal", "statistics", "string", "struct", "textwrap"),
    *("tomllib", "types", "typing", "unicodedata", "urllib.parse", "xml.sax.saxutils", "zlib"),
    *("cronsim", "idna", "msgspec", "yaml"),
}
"""What computes, and reaches for nothing."""

IMPURE_CALLS = {"open", "print", "input", "eval", "exec", "compile", "breakpoint", "__import__"}
IMPURE_ATTRIBUTES = {
    *("now", "today", "utcnow", "read_text", "read_bytes", "write_text", "write_bytes", "getenv"),
}
PURE_SYS = {"stdlib_module_names"}

HAVE_SOCKETS = {"client", "api"}
"""The small client of the API, and the server that it talks to."""

SPEAK_TO_PEOPLE = {"api", "cli", "development", "factors", "manifest", "operations", "store"}
"""Parts whose refusals come to the one who called."""

DRAWERS = {"util", "utils", "helper", "helpers", "common", "manager", "misc", "base", "tools"}

MOST_LINES = 400
MOST_FUNCTION_LINES = 60
MOST_MODULES = 6
MOST_EXCEPTIONS = 15


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def part(path: Path) -> str:
    """The top-level part of the package that a module belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Dotted names of every module that is imported, wherever in the file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name(path)}:{node.lineno} imports relatively"
            yield node.module or ""
            if node.module == "twelve":
                yield from (f"twelve.{alias.name}" for alias in node.names)


def own_imports(path: Path) -> Iterator[str]:
    """The same for our own modules, without the package's name."""
    for dotted in imports(path):
        if dotted.startswith("twelve."):
            yield dotted.removeprefix("twelve.")


def layer_of(part_name: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if part_name in layer)


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "factors" and len(parts) > 2 else ""


ROOM_MODULES = [path for path in MODULES if room_of(path)]


def test_every_part_of_the_package_has_its_place_in_the_law():
    parts = {part(path) for path in MODULES} - ALONE

    assert parts - set().union(*LAYERS) == set()


def test_nothing_imports_upward():
    offences = [
        f"{name(path)} imports {module}, which is above it"
        for path in MODULES
        if part(path) not in ALONE
        for module in own_imports(path)
        if module.split(".")[0] not in ALONE and module != "__version__"
        if layer_of(module.split(".")[0]) < layer_of(part(path))
    ]

    assert offences == []


def test_what_stands_alone_imports_nothing_of_ours():
    alone = {name(path): list(own_imports(path)) for path in MODULES if part(path) in ALONE}

    assert {path: found for path, found in alone.items() if found} == {}


def test_the_command_line_calls_no_operation_itself():
    behind_the_api = {"operations", "store", "reconciler", "services", "web"}
    offences = [
        f"{name(path)} imports {module}"
        for path in MODULES
        if part(path) == "cli"
        for module in own_imports(path)
        if module.split(".")[0] in behind_the_api
    ]

    assert offences == []


def test_the_command_line_calls_the_api_by_its_typed_client():
    by_hand = {"get", "ask", "call", "upload"}
    offences = [
        f"{name(path)}:{node.lineno}: {ast.unparse(node)[:60]}"
        for path in MODULES
        if part(path) == "cli"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in by_hand and ast.unparse(node.func.value).endswith("client")
    ]

    assert offences == []


def test_a_room_imports_only_the_ground_and_the_rooms_before_it():
    offences = []
    for path in ROOM_MODULES:
        before = ROOMS[: ROOMS.index(room_of(path)) + 1]
        for module in own_imports(path):
            parts = module.split(".")
            if parts[0] not in GROUND and not (parts[0] == "factors" and parts[1] in before):
                offences.append(f"{name(path)} imports {module}")

    assert offences == []


def test_a_room_imports_nothing_that_acts():
    offences = [
        f"{name(path)} imports {module}"
        for path in ROOM_MODULES
        for module in imports(path)
        if module.split(".")[0] not in {"twelve", "sys"} and module not in ROOMS_MAY_IMPORT
    ]

    assert offences == []


def test_a_room_reads_writes_and_asks_nothing():
    offences = [
        f"{name(path)}:{node.lineno}: {ast.unparse(node)[:60]}"
        for path in ROOM_MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.expr) and acts(node)
    ]

    assert offences == []


def acts(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in IMPURE_CALLS
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in IMPURE_ATTRIBUTES
    from_sys = isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "sys"
    return from_sys and node.attr not in PURE_SYS


@pytest.mark.parametrize(
    "line",
    ["open('x')", "print()", "x.now()", "path.read_text()", "sys.argv", "eval('1')"],
)
def test_the_check_for_purity_sees_what_acts(line):
    assert any(acts(node) for node in ast.walk(ast.parse(line)) if isinstance(node, ast.expr))


def test_every_room_belongs_to_a_factor():
    rooms = {path.name for path in (ROOT / "factors").iterdir() if path.is_dir()}

    assert rooms - {"__pycache__"} <= set(ROOMS)


def test_programs_and_sockets_belong_to_engines_and_services():
    acting = {"subprocess", "asyncio.subprocess", "socket", "socketserver"}
    offences = [
        f"{name(path)} imports {module}"
        for path in MODULES
        if part(path) not in {"engines", "services"}
        for module in acting & set(imports(path))
        if module != "socket" or part(path) not in HAVE_SOCKETS
    ]

    assert offences == []


def test_no_module_imports_itself_over_others():
    graph = {dotted(path): set(modules_imported(path)) for path in MODULES}
    done: set[str] = set()

    def walk(module: str, way: list[str]) -> None:
        assert module not in way, " -> ".join([*way[way.index(module) :], module])
        if module not in done:
            for other in sorted(graph.get(module, ())):
                walk(other, [*way, module])
            done.add(module)

    for module in sorted(graph):
        walk(module, [])
    assert done >= set(graph)


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def modules_imported(path: Path) -> Iterator[str]:
    """Our modules that are imported when this one is: not those that a function imports late."""
    known = {dotted(other) for other in MODULES}
    for node in tree(path).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (other for other in inner if other in known)
            if any(other not in known for other in inner) and node.module != dotted(path):
                yield node.module


def test_no_module_outgrows_one_sitting():
    sizes = {name(path): path.read_text().count("\n") for path in MODULES}

    # Find the second noun in it.
    assert {path: lines for path, lines in sizes.items() if lines > MOST_LINES} == {}


def test_no_function_outgrows_one_look():
    offences = [
        f"{name(path)}:{node.lineno}: {node.name} has {lines} lines"
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MOST_FUNCTION_LINES
    ]

    assert offences == []


def test_no_room_is_crowded():
    for room in ROOMS:
        nouns = {p.stem for p in (ROOT / "factors" / room).glob("*")}
        nouns -= {"__init__", "__pycache__", "check", "probe"}

        # One place is kept for the room's rules.
        assert len(nouns) <= MOST_MODULES - 1, f"{room} holds {', '.join(sorted(nouns))}"


def test_there_are_few_exceptions():
    raised = [
        node.name
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if getattr(base, "id", "").endswith(("Error", "Exception"))
    ]

    assert len(raised) <= MOST_EXCEPTIONS, ", ".join(raised)


def test_every_refusal_names_the_next_step():
    kinds = {
        node.name
        for node in tree(ROOT / "errors.py").body
        if isinstance(node, ast.ClassDef) and node.name not in {"TwelveError", "Bug"}
    }
    offences = [
        f"{name(path)}:{node.lineno}: {ast.unparse(node)[:80]}"
        for path in MODULES
        if part(path) in SPEAK_TO_PEOPLE
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in kinds
        if len(node.args) < 2 and not any(word.arg == "hint" for word in node.keywords)
    ]

    assert offences == []


def test_no_module_is_a_drawer():
    assert [name(path) for path in MODULES if path.stem in DRAWERS] == []


def test_every_module_says_what_it_is():
    silent = [path for path in MODULES if path.read_text() and not ast.get_docstring(tree(path))]

    assert [name(path) for path in silent] == []


def test_nothing_is_left_for_later():
    words = ("TODO", "FIXME", "XXX", "HACK", "NotImplementedError")
    texts = {path: path.read_text() for path in MODULES}

    assert [name(path) for path in MODULES for word in words if word in texts[path]] == []


def test_nothing_is_global():
    offences = [
        f"{name(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Global)
    ]

    assert offences == []
