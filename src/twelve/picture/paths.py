"""What each file is for. Tests, docs, samples and vendored code cause most noise, so this comes first."""

import re
from functools import cache

from twelve.picture.pattern import pattern
from twelve.picture.tree import Role

TEST_FOLDERS = frozenset(
    [
        "test",
        "tests",
        "testing",
        "spec",
        "specs",
        "__tests__",
        "e2e",
        "cypress",
        "fixtures",
        "testdata",
        "test_data",
        "__mocks__",
        "test-utils",
        "test_utils",
        "__fixtures__",
        "mocks",
        "fixture",
        "playwright",
        "bench",
        "benchmark",
        "benchmarks",
        "tests_e2e",
        "test_project",
        "testproject",
        "test_app",
        "testapp",
    ]
)
DOC_FOLDERS = frozenset(["doc", "docs", "documentation", "book", "mkdocs", "website"])
EXAMPLE_FOLDERS = frozenset(
    [
        "example",
        "examples",
        "sample",
        "samples",
        "demo",
        "demos",
        "tutorial",
        "tutorials",
        "templates_example",
        "cookiecutter",
        "snippets",
    ]
)
VENDORED_FOLDERS = frozenset(
    [
        "vendor",
        "vendors",
        "third_party",
        "third-party",
        "thirdparty",
        "external",
        "bower_components",
        "site-packages",
        "_vendor",
        "extern",
        "node_modules",
        "libs_ext",
    ]
)
GENERATED_FOLDERS = frozenset(["dist", "build", "out", "generated", "__generated__", ".output"])
ASSET_FOLDERS = frozenset(
    ["static", "public", "assets", "locale", "locales", "i18n", "lang", "translations"]
)
DEV_FOLDERS = frozenset(
    [".devcontainer", ".vscode", ".github", ".gitlab", ".circleci", "dev-env", "devcontainer"]
)
DEV_WORDS = pattern(
    r"(^|[._/-])(dev|devel|develop|development|devstack|devserver|local|test|tests|testing|e2e|ci|override|debug|windows)([._-]|$)",
    re.IGNORECASE,
)
TEST_FILE = pattern(
    r"(^(vitest|jest|cypress|playwright|karma|test)[.-](setup|global)[\w.-]*\.[cm]?[jt]s$|^test_.*\.py$|_test\.(py|go|js|ts)$|^tests?\.(py|js|ts)$|\.(test|spec|e2e|stories|cy)\.[cm]?[jt]sx?$|^conftest\.py$|^test[-_.].*\.[cm]?[jt]s$)"
)
GENERATED_FILE = pattern(
    r"(\.min\.(js|css)$|\.bundle\.js$|_pb2(_grpc)?\.py$|\.d\.ts$|\.generated\.|\.map$|-lock\.(json|yaml)$|\.lock$|\.snap$)"
)
EXAMPLE_FILE = pattern(
    r"([._-](example|exempl[eo]|ejemplo|beispiel|sample|dist|template|tmpl|tpl)([._-]|$)|^(example|sample)[._-])",
    re.IGNORECASE,
)
BUILD_FILES = frozenset(
    [
        "Makefile",
        "setup.py",
        "noxfile.py",
        "tasks.py",
        "fabfile.py",
        "webpack.config.js",
        "vite.config.js",
        "vite.config.ts",
        "rollup.config.js",
        "gulpfile.js",
        "Gruntfile.js",
        "babel.config.js",
        "jest.config.js",
        "jest.config.ts",
        "eslint.config.js",
        "eslint.config.mjs",
        "postcss.config.js",
        "tailwind.config.js",
        "tailwind.config.ts",
        "playwright.config.ts",
        "vitest.config.ts",
        "vitest.config.js",
        "karma.conf.js",
        "esbuild.js",
        "cypress.config.js",
        "cypress.config.ts",
        "hatch_build.py",
        "tsup.config.ts",
        "rollup.config.mjs",
        "postcss.config.mjs",
        "vite.config.mjs",
        "webpack.config.cjs",
        "next.config.js",
        "next.config.mjs",
        "next.config.ts",
        "drizzle.config.ts",
        "commitlint.config.js",
        "prettier.config.js",
        "stylelint.config.js",
        "lint-staged.config.js",
        "Gruntfile.coffee",
        "rspack.config.js",
    ]
)
TEST_SETTINGS = pattern(
    r"(^|/)(settings|config|conf)/?(_|-|\.)?(.*[_/.-])?(test|tests|testing|ci|e2e)\w*\.(py|js|ts|json|ya?ml)$"
)


@cache
def _parts(folders: str) -> tuple[frozenset[str], Role | None]:
    """The names of the folders, and what they say by themselves; asked once for all files of a folder."""
    parts = frozenset(folders.lower().split("/")) if folders else frozenset()
    if parts & VENDORED_FOLDERS:
        return parts, "vendored"
    return parts, "test" if parts & TEST_FOLDERS else None


def classify(path: str) -> Role:
    """The role of a file, by its path alone."""
    folders, _, name = path.rpartition("/")
    parts, known = _parts(folders)
    if known == "vendored":
        return "vendored"
    if GENERATED_FILE.search(name):
        return "generated"
    if known == "test" or TEST_FILE.search(name):
        return "test"
    if ("settings" in path or "conf" in path) and TEST_SETTINGS.search(path):
        return "test"
    if "migrations" in parts or "alembic/versions" in folders:
        return "migration"
    if (
        parts & DOC_FOLDERS
        or name.endswith((".md", ".rst", ".adoc"))
        or name in ("mkdocs.yml", "LICENSE")
    ):
        return "docs"
    if EXAMPLE_FILE.search(name) or parts & EXAMPLE_FOLDERS:
        return "example"
    if name in BUILD_FILES or "fabfile" in parts:
        return "build"
    if parts & DEV_FOLDERS or any(part.startswith((".", "dev-", "dev_")) for part in parts):
        return "dev"
    return _code_role(path, parts, name)


def _code_role(path: str, parts: frozenset[str], name: str) -> Role:
    if parts & GENERATED_FOLDERS and not name.lower().startswith(
        ("dockerfile", "docker-compose", "compose")
    ):
        return "generated"
    if name.endswith((".js", ".css", ".html", ".json")) and parts & ASSET_FOLDERS:
        return "asset"
    if name.endswith(".ts") and "static" in parts:
        return "asset"
    code = name.endswith((".py", ".js", ".ts", ".mjs", ".cjs", ".mts", ".cts"))
    first = path.partition("/")[0].lower()
    if code and (
        first
        in (
            "scripts",
            "script",
            "tools",
            "bin",
            "hack",
            "contrib",
            "ci",
            "dev",
            "extra",
            "devtools",
            "utils_dev",
            "infra",
            "infrastructure",
        )
        or "scripts" in parts
        or "tooling" in parts
    ):
        return "script"
    return "app"


@cache
def is_development(path: str) -> bool:
    """Does the file's own name say that it only serves development or tests?"""
    name = path.rpartition("/")[2]
    folder = path.rpartition("/")[0].lower().split("/")
    if any(
        piece.startswith((".", "dev-", "dev_"))
        or piece in ("dev", "development", "local", ".devcontainer", "test", "tests", "e2e", "ci")
        for piece in folder
    ):
        return True
    return bool(DEV_WORDS.search(name))


@cache
def is_settings(path: str) -> bool:
    """Is the file one where an app keeps its settings?"""
    return bool(
        re.search(
            r"(^|/)(settings?|config(uration)?|conf)(/[^/]+)?\.(py|[cm]?js|ts)$|(^|/)(settings?|config)/[^/]+\.(py|[cm]?js|ts)$|(^|/)\w*(settings|config)\.(py|[cm]?js|ts)$",
            path,
        )
    )
