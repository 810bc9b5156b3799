"""What reading makes certain: severity high is for that alone, and what hangs on something unread is medium."""

import re
from functools import cache

from twelve.finding import Finding
from twelve.picture.code import Assign, Call, is_handler
from twelve.picture.origin import is_main
from twelve.picture.paths import is_development, is_settings
from twelve.picture.pattern import pattern
from twelve.picture.rule import Picture

CODE = (".py", ".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".jsx", ".tsx")
ASIDE = frozenset(
    {
        "archive", "backup", "bak", "bench", "benchmark", "check", "checks", "ci", "cli", "debug", "demo", "demos", "deprecated", "dev", "devel", "develop",
        "development", "devstack", "dummy", "e2e", "example", "examples", "experiment", "experiments", "fake", "fakes", "faker", "fixture", "fixtures", "generate",
        "generator", "hack", "legacy", "local", "localdev", "lint", "mock", "mocks", "notebook", "notebooks", "obsolete", "old", "playground", "poc", "preview",
        "prototype", "sample", "samples", "sandbox", "scratch", "script", "scripts", "seed", "seeder", "seeders", "spike", "spikes", "spiking", "seeds", "setup", "stub", "stubs", "test",
        "testing", "tests", "tool", "tooling", "tools", "training", "tutorial", "unused",
    }
)  # fmt: skip
"""Words of a path that say: this may well be no part of what is deployed."""
DEPLOYING = frozenset(
    {"alembic", "ansible", "cicd", "deploy", "deployment", "devops", "infra", "migrate", "migration", "migrations", "ops", "terraform"}
)  # fmt: skip
"""And of code beside it: what brings the app to its machines, or changes its tables."""
TRYING = pattern(
    r"^_?(test|demo|example|try|debug|sample|mock|fake|seed|dummy|local|dev)(_|[A-Z]|$)|[a-z_](Tests?|Testing)$|_tests?$"
)
CALLED = pattern(
    r"^(create_app|make_app|create_application|get_application|application|lifespan|ready|startup|main|bootstrap|handler|default|GET|POST|PUT|PATCH|DELETE|onModuleInit)$"
)
"""Functions that a framework or a server calls by their name."""
STARTS = ("VII-2", "VII-5")
"""These are about how a server is started by hand, so in the main part of a file."""
ENTRIES = pattern(
    r"(^|/)(app|application|main|server|index|wsgi|asgi|run|manage|celery|worker|bot|urls|views?|models?|tasks|admin|apps|signals|middlewares?|proxy|instrumentation|routes?|page|layout|\w*gunicorn\w*)\.(py|[cm]?[jt]sx?)$"
)
"""Files that a server, a platform or a framework finds by their name."""
FOUND = pattern(r"(^|/)(pages|routes|views|models|tasks|app|api|templatetags|middlewares?)/")
"""Folders in which a framework finds them."""
SERVES = pattern(r"\b(app|application|uvicorn|server|io|web)\.(run|listen)\(")
"""A file that starts a server is one that is started."""
VARIANT = pattern(
    r"(^|/)(\w*[_.-])?(prod|production|live|staging|stage|heroku|deploy|deployment|env|environment)([_.-]\w*)?\.(py|[cm]?[jt]s)$"
)
CAMEL = pattern(r"(?<=[a-z])(?=[A-Z])")


@cache
def words_of(path: str) -> frozenset[str]:
    """The words of a path's folders and of its name, in small letters."""
    return frozenset(re.split(r"[^a-z0-9]+", CAMEL.sub("_", path).lower()))


def is_aside(path: str) -> bool:
    """Do the words of the path say that it may be no part of what is deployed?"""
    return is_development(path) or bool(words_of(path) & ASIDE)


def works(picture: Picture, path: str) -> bool:
    """Is the code one that something of the app reaches: a run command, a framework, another module?"""
    if ENTRIES.search(path) or FOUND.search(path) or is_settings(path):
        return True
    if SERVES.search(picture.text(path)):
        return True
    name = path.rpartition("/")[2]
    stem = name.partition(".")[0] if not name.endswith(".py") else name[:-3]
    if stem in ("__init__", "index"):
        stem = path.rpartition("/")[0].rpartition("/")[2]
    if any(
        word.rpartition("/")[2] == name or re.search(rf"\b{re.escape(stem)}:", word)
        for process in picture.processes
        if process.stage in ("run", "hook", "release", "job")
        for step in process.steps
        for word in step.words[1:]
    ):
        return True
    told = re.compile(
        rf"^\s*(?:from|import)\b[^\n]*\b{re.escape(stem)}\b"
        rf"|(?:from|require\(|import\()\s*[\"'`][^\"'`\n]*\b{re.escape(stem)}(?:\.[\w.]+)?[\"'`]"
        rf"|[\"'][\w.]+\.{re.escape(stem)}(?:[.:][\w.]+)?[\"']"
        rf"|^\s*{re.escape(stem)},?\s*$",
        re.MULTILINE,
    )
    return bool(stem) and any(
        other != path
        and other.endswith(CODE)
        and picture.files[other].role == "app"
        and told.search(picture.text(other))
        for other in picture.holding(stem)
    )


def has_variants(picture: Picture, path: str) -> bool:
    """Do settings of a named environment (production, staging) lie beside, which may replace what these say?"""
    folder = path.rpartition("/")[0]
    return not VARIANT.search(path) and any(
        other != path and other.rpartition("/")[0] == folder and VARIANT.search(other)
        for other in picture.files
    )


def calibrated(picture: Picture, found: Finding) -> Finding:
    """The finding as it was judged; medium, not high, where it lies in what may not be deployed."""
    if found.severity != "high" or not found.places:
        return found
    path, line = found.places[0].path, found.places[0].line
    if is_aside(path) or (
        path.endswith(CODE)
        and path in picture.files
        and (
            words_of(path) & DEPLOYING
            or not works(picture, path)
            or not _reached(picture, path, line, found.requirement)
        )
    ):
        return found._replace(severity="medium")
    return found


def _reached(picture: Picture, path: str, line: int | None, requirement: str) -> bool:
    """Does anything call the function that holds the line, and not only the main part of the file?"""
    module = picture.module(path)
    if module is None:
        return True
    held: tuple[Call | Assign, ...] = (*module.calls, *module.assigns)
    here = [one for one in held if one.line == line]
    if requirement not in STARTS and any(is_main(one.guards) for one in here):
        return False
    function = next((one.function for one in here if one.function is not None), None)
    if function is None or function.owner or not function.name:
        return True
    if TRYING.search(function.name):
        return False
    if (
        function.decorators
        or is_handler(function)
        or function.passed_to
        or CALLED.match(function.name)
    ):
        return True
    name = re.compile(rf"(?<![\w$]){re.escape(function.name)}(?![\w$])")
    seen = sum(len(name.findall(picture.text(other))) for other in picture.holding(function.name))
    return seen > 1
