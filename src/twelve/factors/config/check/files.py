"""III-3: config comes from the environment alone."""

import re
from collections.abc import Iterator

from twelve.factors.config.check.values import reads
from twelve.finding import Place
from twelve.picture.code import is_handler
from twelve.picture.mentions import mention
from twelve.picture.origin import trace
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find
from twelve.picture.secrets import is_secret_name
from twelve.picture.value import Value, from_env, strings, text_of

CONFIG_FILE = pattern(
    r"(^|[/._-])((db|app|site|server|database|redis|mail|smtp)[-_]?)?(config|settings|secrets?|credentials|database)([-_.]\w+)?\.(json|ya?ml|ini|toml|conf|cfg)$",
    re.IGNORECASE,
)
DATA_FILE = pattern(r"^[\w./-]+\.(ya?ml|json|ini|toml|conf|cfg)$")
CONFIG_PATH = pattern(
    r"(^|/)(conf|config|settings|configuration)(/|[._-])|config[^/]*$", re.IGNORECASE
)
DATA_NAMED = mention(
    ".yaml",
    ".yml",
    ".json",
    ".ini",
    ".toml",
    ".conf",
    ".cfg",
    then=r"\.(?:ya?ml|json|ini|toml|conf|cfg)\b",
)
OPENS = pattern(
    r"^\s*[\"']?(password|passwd|secret|dsn|host|hostname|user|username|database|url)[\"']?\s*[:=]\s*[\"']?[^\s{$<%#\"'\[]+",
    re.IGNORECASE | re.MULTILINE,
)
MOST_CONFIG = 50_000
HANDLE_FILE = pattern(r"(^|/)(ormconfig\.json|database\.json|config/config\.json)$")
NODE_CONFIG = pattern(r"(^|/)config/[\w.-]+\.json$")
"""Where the package called config looks by itself."""
HANDLE_LINE = pattern(r"\"(host|password|storage|url)\"\s*:\s*\"[^\"$]+\"")
NOT_CONFIG = pattern(
    r"logging|log4|route|schema|feature|pyproject|package|tsconfig|eslint|manifest|babel|jest|openapi|swagger|theme|menu|alembic|kube",
    re.IGNORECASE,
)
SETTINGS = pattern(r"(settings|config)[^/]*(/[^/]+)?\.py$")
NEIGHBOUR = pattern(r"^from \.(\w+) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
READS = (
    "open",
    "readFile",
    "readFileSync",
    "from_pyfile",
    "from_json",
    "from_file",
    "read_text",
    "readJson",
    "readJsonSync",
    "load_config",
    "ConfigParser.read",
    "config.read",
    "parser.read",
    "cfg.read",
    "conf.read",
    "config_parser.read",
)


def only_environment(picture: Picture) -> Iterator[Judgement]:
    """III-3."""
    found = False
    for module in picture.modules:
        if module.role != "app" or is_development(module.path):
            continue
        local = [one for one in module.imports if "local" in f"{one.module} {one.name}"]
        for one in local:
            if re.search(
                r"(^|\.)(local_settings|settings_local|localsettings|local_config|config_local)$",
                one.module,
            ) or re.search(r"\b(local_settings|settings_local)\b", one.name):
                found = True
                yield find(
                    "III-3",
                    "high",
                    "a second channel: a file of Python overrides the environment",
                    one.place,
                    fix="read each value from the environment",
                )
    for place, name in _absent(picture):
        found = True
        yield find(
            "III-3",
            "medium",
            f"credentials come from {name}, a file of Python that is not in the codebase",
            place,
            fix="read each value from the environment",
        )
    for place, name in _files_read(picture):
        found = True
        yield find(
            "III-3",
            "medium",
            f"config is read from {name}",
            place,
            fix="read each value from the environment",
        )
    for place in dict.fromkeys((*_handle_files(picture), *_named_files(picture))):
        found = True
        yield find(
            "III-3",
            "medium",
            "handles and credentials are read from a file in the codebase",
            place,
            fix="read each value from the environment",
        )
    if not found:
        first = next((a for a in reads(picture) if a.value.kind == "env"), None)
        if first is not None:
            yield Hold("config is read from the environment", first.place)


def _absent(picture: Picture) -> Iterator[tuple[Place, str]]:
    """``from .keys import SECRET_KEY`` in settings, where nobody else has the file ``keys.py``."""
    for path, file in picture.files.items():
        if not path.endswith(".py") or file.role != "app" or not SETTINGS.search(path):
            continue
        text = picture.text(path)
        for match in NEIGHBOUR.finditer(text):
            beside = f"{path.rpartition('/')[0]}/{match[1]}".lstrip("/")
            named = any(is_secret_name(name) for name in re.findall(r"\w+", match[2]))
            there = f"{beside}.py" in picture.files or f"{beside}/__init__.py" in picture.files
            if named and not there and not is_development(path):
                yield Place(path, text.count("\n", 0, match.start()) + 1), f"{match[1]}.py"


def _handle_files(picture: Picture) -> Iterator[Place]:
    """JSON that an ORM, or the package called config, reads by itself, with literal handles in it."""
    config = any(r.name == "config" for m in picture.manifests for r in m.requirements)
    for path, file in picture.files.items():
        if not path.endswith(".json") or file.role != "app" or file.tracked is False:
            continue
        known = HANDLE_FILE.search(path) or (
            config and NODE_CONFIG.search(path) and not is_development(path)
        )
        if known:
            for number, line in enumerate(picture.text(path).splitlines(), 1):
                if HANDLE_LINE.search(line):
                    yield Place(path, number)
                    break


def _named_files(picture: Picture) -> Iterator[Place]:
    """Code names a file of the tree in which handles and credentials stand."""
    held = {
        path: file
        for path, file in picture.files.items()
        if file.role in ("app", "dev", "asset")
        and not path.endswith(".py")
        and DATA_FILE.search(path)
        and CONFIG_PATH.search(path)
        and not NOT_CONFIG.search(path)
        and file.tracked is not False
        and file.size < MOST_CONFIG
    }
    for module in picture.modules if held else ():
        if module.role != "app" or is_development(module.path):
            continue
        items = [(a.value, a.place) for a in module.holding(DATA_NAMED, module.assigns)]
        items += [(c.value, c.place) for c in module.holding(DATA_NAMED, module.calls)]
        for value, place in items:
            for text in strings(value):
                name = text.removeprefix("./")
                for path in held if DATA_FILE.search(name) else ():
                    if (path == name or path.endswith("/" + name)) and _opens(picture.text(path)):
                        yield place


def _opens(text: str) -> bool:
    """Does the text hold a credential beside a handle?"""
    kinds = {match[1].lower() for match in OPENS.finditer(text)}
    return bool(kinds & {"password", "passwd", "secret", "dsn"}) and len(kinds) > 1


def _files_read(picture: Picture) -> Iterator[tuple[Place, str]]:
    for module, call in picture.calls(*READS):
        if (
            module.role != "app"
            or is_development(call.path)
            or is_handler(call.function)
            or not (call.value.parts or call.receiver)
        ):
            continue
        mode = call.value.argument(1, "mode")
        if (
            call.last == "open"
            and mode is not None
            and mode.text[:1] in "wax"
            and mode.kind == "str"
        ):
            continue
        given = (
            call.receiver
            if call.last == "read_text" and call.receiver is not None
            else (call.value.parts[0] if call.value.parts else None)
        )
        value = trace(module, given, call.function) if given is not None else Value("none")
        text = text_of(value)
        if (
            CONFIG_FILE.search(text)
            and not NOT_CONFIG.search(text)
            and not from_env(value)
            and not text.startswith("/var/run/secrets")
        ):
            yield call.place, text.rpartition("/")[2].replace("{}", "…")
