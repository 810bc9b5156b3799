"""III-5, III-6 and III-10: no named environments, one variable controls one thing, and it does so for life."""

import re
from collections.abc import Iterator

from twelve.finding import Place
from twelve.picture.code import Assign, Module, is_handler, is_task
from twelve.picture.mentions import mention
from twelve.picture.origin import ENV_NAMES, trace
from twelve.picture.paths import is_settings
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, saying
from twelve.picture.value import Value, env_keys, plain, walk

DEPLOYS = {
    "production": "production",
    "prod": "production",
    "live": "production",
    "staging": "staging",
    "stage": "staging",
    "qa": "qa",
    "uat": "uat",
    "heroku": "heroku",
    "aws": "aws",
    "docker": "docker",
    "dev": "development",
    "development": "development",
    "local": "development",
}
MODULE = pattern(
    r"(^|/)(settings|config|configs|conf|environments?)/((?:env|config|settings)[._-])?(\w+)\.(py|[cm]?js|ts|json|ya?ml)$|(^|/)(settings|config|environment)[_.-](\w+)\.(py|[cm]?js|ts|json|ya?ml)$"
)
OF_DEPLOY = pattern(r"^\.{1,2}/(?:.*[/._-])?(production|prod|staging|live)(?:\.[cm]?[jt]s)?$")
BUILD_MODE = ("NODE_ENV", "RACK_ENV", "BABEL_ENV")
WARN = 3
TOPIC = pattern(r"^[A-Z]+|^[a-z]+")
HANDLE = pattern(
    r"(URL|URI|DSN|KEY|TOKEN|_ID|SECRET|BUCKET|BUCKET_NAME|HOST|ENABLED|NAME|PASSWORD|USER|ENDPOINT|BACKEND|PORT|DIR|PATH|FILE)$"
)


NAMED = mention("ENV", "STAGE")
ENVIRONMENT = mention("environ", "process.env")
LOCATED = mention("_FILE", "_PATH")
PRODUCTION = mention("prod", "live", small=True)


def no_named_environments(picture: Picture) -> Iterator[Judgement]:
    """III-5."""
    found = [*_modules(picture), *_tables(picture), *_required(picture), *_branches(picture)]
    yield from found
    if not found:
        yield Hold("no settings are grouped by the name of an environment", Place("."))


def _modules(picture: Picture) -> Iterator[Judgement]:
    groups: dict[str, dict[str, str]] = {}
    for path, file in picture.files.items():
        match = MODULE.search(path) if file.role in ("app", "build") else None
        if match:
            word = (match[4] or match[7] or "").lower()
            if word in DEPLOYS:
                groups.setdefault(f"{file.folder}:{file.name.rpartition('.')[2]}", {})[
                    DEPLOYS[word]
                ] = path
    for held in groups.values():
        if len(held) > 1 and (set(held) & {"production", "staging", "qa", "uat"}):
            yield find(
                "III-5", "medium", f"settings are grouped by environment ({', '.join(sorted(held))})", *[Place(path, 1) for path in sorted(held.values())],
                fix="one settings module; each value from a variable of its own",
            )  # fmt: skip


def _tables(picture: Picture) -> Iterator[Judgement]:
    """``config = {"development": DevelopmentConfig, "production": ProductionConfig}``."""
    for _, assign in saying(picture, PRODUCTION):
        if assign.value.kind == "dict" and (assign.function is None or is_settings(assign.path)):
            names = {DEPLOYS[key.lower()] for key in assign.value.keys if key.lower() in DEPLOYS}
            if (
                len(names) > 1
                and "production" in names
                and re.search(
                    r"config|settings|environment|env|module\.exports", assign.target, re.IGNORECASE
                )
            ):
                yield find(
                    "III-5",
                    "medium",
                    f"{assign.target} groups config by environment ({', '.join(sorted(names))})",
                    assign.place,
                    fix="one set of variables",
                )


def _required(picture: Picture) -> Iterator[Judgement]:
    """``if (process.env.NODE_ENV === "production") module.exports = require("./keys_prod")``."""
    for module, call in picture.calls("require"):
        match = OF_DEPLOY.search(plain(call.value.argument(0)) or "")
        if match and module.role == "app" and is_settings(call.path):
            read = [key for guard in call.guards for key in env_keys(guard.test)]
            keys = [key for key in read if ENV_NAMES.match(key)]
            if keys:
                yield find(
                    "III-5", "medium", f"{keys[0]} chooses a file of settings by the name of an environment ({match[1]})", call.place,
                    fix="one settings module; each value from a variable of its own",
                )  # fmt: skip
                return


def _branches(picture: Picture) -> Iterator[Judgement]:
    """An environment's name that is compared, and what hangs on it."""
    for module in picture.modules:
        if module.role != "app":
            continue
        for key, place in _named(module).items():
            governed = {a.target for a in module.assigns if _governs(module, a, key)}
            chosen = _chooses(module, key)
            if key in BUILD_MODE and not chosen and len(governed) < WARN:
                continue
            if not governed and not chosen and not _compared(module, key):
                continue
            severity = "medium" if chosen or len(governed) >= WARN else "info"
            yield find(
                "III-5",
                severity,
                f"{key} names an environment; {max(len(governed), 1)} settings hang on it",
                place,
                fix="give each setting a variable of its own",
            )


def _named(module: Module) -> dict[str, Place]:
    made: dict[str, Place] = {}
    for assign in module.holding(NAMED, module.assigns):
        for part in walk(assign.value):
            if part.kind == "env" and ENV_NAMES.match(part.text) and part.text not in made:
                made[part.text] = Place(assign.path, part.line or assign.line)
    return made


def _governs(module: Module, assign: Assign, key: str) -> bool:
    if key in env_keys(assign.value) and any(part.kind == "compare" for part in walk(assign.value)):
        return True
    return any(
        key in env_keys(trace(module, guard.test, assign.function)) for guard in assign.guards
    )


def _compared(module: Module, key: str) -> bool:
    for guard in module.guards:
        for part in walk(guard.test):
            if part.kind == "compare" and any(
                key == piece.text
                or piece.text.endswith("." + key)
                or key in env_keys(trace(module, piece))
                for piece in part.parts
            ):
                return True
    return False


def _chooses(module: Module, key: str) -> bool:
    """Is a file or a table of config chosen by the environment's name?"""
    for call in module.calls:
        if call.last in ("require", "import_module", "from_object", "import", "readFileSync"):
            for part in call.value.parts:
                if key in env_keys(trace(module, part, call.function)) and part.kind != "env":
                    return True
    return False


def orthogonal(picture: Picture) -> Iterator[Judgement]:
    """III-6."""
    found = False
    for module in picture.modules:
        if module.role != "app":
            continue
        fan: dict[str, set[str]] = {}
        where: dict[str, Place] = {}
        for assign in module.assigns:
            if assign.function is not None or not assign.name.isupper():
                continue
            for guard in assign.guards:
                for key, place in _keys(module, guard.test, guard.line):
                    fan.setdefault(key, set()).add(assign.name)
                    where.setdefault(key, place)
        for key, names in fan.items():
            topics = {name.partition("_")[0] for name in names}
            if (
                len(topics) >= WARN
                and not HANDLE.search(key)
                and not ENV_NAMES.match(key)
                and "DEBUG" not in key
            ):
                found = True
                yield find(
                    "III-6",
                    "low",
                    f"{key} switches {len(names)} settings at once: {', '.join(sorted(names)[:5])}",
                    where[key],
                    fix="give each its own variable",
                )
    if not found and any(True for _ in picture.assigns("SECRET_KEY", "DATABASES", "DATABASE_URL")):
        yield Hold("no variable switches three settings at once", Place("."))


def _keys(module: Module, test: Value, line: int) -> Iterator[tuple[str, Place]]:
    """The variables that a condition asks for, with the place where each is read."""
    names = [part.text for part in walk(test) if part.kind == "name"]
    held = [a for a in module.assigns if a.target in names and a.function is None]
    if held:
        first = next(iter(env_keys(held[0].value)), "")
        if first:
            yield first, held[0].place
        return
    for key in env_keys(test)[:1]:
        yield key, Place(module.path, line)


def fixed_for_life(picture: Picture) -> Iterator[Judgement]:
    """III-10."""
    for _, assign in saying(picture, ENVIRONMENT):
        if assign.target.startswith(("os.environ.", "process.env.")) and (
            is_handler(assign.function) or is_task(assign.function)
        ):
            yield find(
                "III-10",
                "low",
                f"{assign.name} of the environment is changed while the process serves",
                assign.place,
                fix="pass the value on as an argument; a changed config is a new release",
            )
    for _, assign in saying(picture, LOCATED):
        if any(key.endswith(("_FILE", "_PATH")) for key in env_keys(assign.value)):
            yield Hold("a credential's file is located by the environment", assign.place)
            return
