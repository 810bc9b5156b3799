"""What a codebase looks like: the process types to propose for it, and Django's static files."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from twelve.errors import TwelveError
from twelve.factors.dependencies.node import Package, read_package
from twelve.factors.dependencies.python.locks.pipfile import pipfile_names
from twelve.factors.dependencies.python.locks.uv import locked_names
from twelve.factors.dependencies.python.project import read_project
from twelve.factors.dependencies.python.requirements import read_requirements

Read = Callable[[str], bytes | None]

STATIC_FOLDERS = ("", "public", "dist", "site", "_site", "build")
ENTRY_MODULES = ("app", "main", "wsgi", "asgi", "server", "application", "api", "run")
ASGI = ("FastAPI", "Starlette", "Litestar", "Quart")
WSGI = ("Flask", "Bottle", "Falcon")


class Proposal(NamedTuple):
    """A process type as it could be written into the Procfile, and why."""

    type: str
    command: str
    why: str
    missing: str = ""
    """A package that the command needs and that is not declared."""


def propose(names: Iterable[str], read: Read) -> tuple[Proposal, ...]:
    """Propose process types for a codebase; ``release`` stands for the release command."""
    known = frozenset(names)
    declared = declared_packages(known, read)
    if "manage.py" in known and (settings := _django_settings(known, read)):
        return _django(known, settings, declared)
    if found := _python_app(known, read, declared):
        return (found, *_celery(known, declared))
    if found := _node_app(known, read):
        return (found,)
    folder = static_folder(known, read)
    if folder is not None:
        where = f"{folder}/index.html" if folder else "index.html"
        return (
            Proposal("web", f"python -m twelve.static {folder or '.'}", f"a static site: {where}"),
        )
    return ()


def declared_packages(names: frozenset[str], read: Read) -> frozenset[str]:
    """Give the normalised names of declared Python packages; unreadable files declare none."""
    try:
        for path in ("uv.lock", "poetry.lock", "pylock.toml"):
            if path in names:
                return locked_names(read(path) or b"")
        if "Pipfile.lock" in names:
            return pipfile_names(read)
        if "requirements.txt" in names:
            return read_requirements(read).names
        project = read_project(read)
    except TwelveError:
        return frozenset()
    return project.dependencies if project else frozenset()


def collects_static(names: frozenset[str], read: Read) -> bool:
    """Tell whether this is a Django project with staticfiles installed and a STATIC_ROOT."""
    if "manage.py" not in names:
        return False
    module = _django_settings(names, read)
    texts = [_text(read, path) for path in _settings_files(names, module)] if module else []
    installed = any("django.contrib.staticfiles" in text for text in texts)
    rooted = any(
        re.search(r"^\s*STATIC_ROOT\s*(:[^=]+)?=(?!\s*(None|\"\"|'')\s*(#|$))", text, re.MULTILINE)
        for text in texts
    )
    return installed and rooted


def static_folder(names: frozenset[str], read: Read) -> str | None:
    """Give the folder of a static site, ``""`` for the root; None when this is no static site."""
    package = _package(read)
    if package and "start" in package.scripts:
        return None
    if package and "build" in package.scripts and "vite" in package.tools | package.dependencies:
        return "dist"
    for folder in STATIC_FOLDERS:
        if (f"{folder}/index.html" if folder else "index.html") in names:
            return folder
    return None


def _django(names: frozenset[str], settings: str, declared: frozenset[str]) -> tuple[Proposal, ...]:
    package = settings.partition(".settings")[0]
    base = package.replace(".", "/")
    asgi = "uvicorn" in declared and "gunicorn" not in declared and f"{base}/asgi.py" in names
    if asgi:
        web = Proposal(
            "web",
            f"uvicorn {package}.asgi:application --host $HOST --port $PORT",
            "a Django project",
        )
    else:
        web = _gunicorn(f"{package}.wsgi", "a Django project", declared)
    migrate = Proposal("release", "python manage.py migrate --noinput", "Django's migrations")
    return (web, *_celery(names, declared), migrate)


def _gunicorn(target: str, why: str, declared: frozenset[str]) -> Proposal:
    missing = "" if "gunicorn" in declared else "gunicorn"
    return Proposal("web", f"gunicorn --bind $HOST:$PORT {target}", why, missing)


def _celery(names: frozenset[str], declared: frozenset[str]) -> tuple[Proposal, ...]:
    folder = min((name for name in names if name.endswith("/celery.py")), default="")
    if "celery" not in declared or not folder:
        return ()
    module = folder.removesuffix("/celery.py").removeprefix("src/").replace("/", ".")
    return (Proposal("worker", f"celery -A {module} worker", folder),)


def _python_app(names: frozenset[str], read: Read, declared: frozenset[str]) -> Proposal | None:
    for path, module in _entry_files(names):
        found = _application(_text(read, path))
        if found is None:
            continue
        kind, attribute = found
        if kind in ASGI:
            missing = "" if "uvicorn" in declared or _brings_server(read) else "uvicorn"
            command = f"uvicorn {module}:{attribute} --host $HOST --port $PORT"
            factory = attribute.endswith("()")
            if factory:
                command = command.replace("()", "", 1) + " --factory"
            return Proposal("web", command, f"{kind} in {path}", missing)
        target = f"'{module}:{attribute}'" if attribute.endswith("()") else f"{module}:{attribute}"
        return _gunicorn(target, f"{kind} in {path}", declared)
    return None


def _brings_server(read: Read) -> bool:
    files = ("requirements.txt", "pyproject.toml")
    return any(re.search(r"fastapi\[[^\]]*(standard|all)", _text(read, path)) for path in files)


def _entry_files(names: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Give the files where an application usually stands, with their modules: the root first."""
    yield from ((f"{module}.py", module) for module in ENTRY_MODULES if f"{module}.py" in names)
    inner = sorted(name for name in names if name.count("/") in (1, 2) and name.endswith(".py"))
    for name in inner:
        module = name.removesuffix(".py").removeprefix("src/").replace("/", ".")
        package, _, last = module.rpartition(".")
        if last == "__init__" and package:
            yield name, package
        elif last in ENTRY_MODULES and not package.startswith("test"):
            yield name, module


def _application(source: str) -> tuple[str, str] | None:
    """Find ``app = Flask(…)`` at a module's top, or ``create_app``; give its kind and name."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            kind = _made(node.value)
            if kind:
                return kind, node.targets[0].id
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name in ("create_app", "make_app"):
            kinds = [kind for part in ast.walk(node) if (kind := _made(part))]
            if kinds:
                return kinds[0], f"{node.name}()"
    return None


def _made(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name if name in ASGI + WSGI else ""


def _node_app(names: frozenset[str], read: Read) -> Proposal | None:
    package = _package(read)
    if package is None:
        return None
    if "start" in package.scripts:
        return Proposal("web", "npm start", "scripts/start in package.json")
    main = package.main if package.main in names else "server.js"
    return Proposal("web", f"node {main}", f"{main} of package.json") if main in names else None


def _package(read: Read) -> Package | None:
    try:
        return read_package(read)
    except TwelveError:
        return None


def _django_settings(names: frozenset[str], read: Read) -> str:
    found = re.search(r"DJANGO_SETTINGS_MODULE\W+?([\w.]+)[\"']", _text(read, "manage.py"))
    if found:
        return found[1]
    files = sorted(name for name in names if re.fullmatch(r"\w+/settings\.py", name))
    return files[0].removesuffix(".py").replace("/", ".") if files else ""


def _settings_files(names: frozenset[str], module: str) -> list[str]:
    """Give the settings module, or all modules of a settings package: they import each other."""
    path = module.replace(".", "/")
    folder = path if f"{path}/__init__.py" in names else path.rpartition("/")[0]
    if folder.rpartition("/")[2] == "settings":
        return sorted(
            name for name in names if name.startswith(f"{folder}/") and name.endswith(".py")
        )
    return [f"{path}.py"]


def _text(read: Read, path: str) -> str:
    return (read(path) or b"").decode("utf-8", "replace")
