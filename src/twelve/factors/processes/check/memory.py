"""How VI-3 and VI-4 are judged."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.code import Call, Function, Module, is_handler
from twelve.picture.origin import development_only, for_tests, replaceable, trace
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped
from twelve.picture.secrets import is_key_name
from twelve.picture.value import from_env, plain, walk

RANDOM = pattern(
    r"(^|\.)(token_urlsafe|token_hex|token_bytes|urandom|uuid4|uuid1|get_random_secret_key|randomBytes|randomUUID|getrandbits|generate_key|nanoid|choices?|random)$"
)
CONTAINERS = (
    "dict",
    "list",
    "set",
    "collections.defaultdict",
    "collections.OrderedDict",
    "collections.deque",
    "collections.Counter",
    "new Map",
    "new Set",
    "new WeakMap",
    "defaultdict",
    "deque",
    "OrderedDict",
)
APP = pattern(r"(self\.)?_?(\w*app|application|\w*config|\w*settings|conf|server|api)\b")
"""What holds the settings of the whole app: a key of any other object is that object's own, and may be stored."""
BASE = pattern(r"(\[\]|\.).*$")
MUTATORS = frozenset(
    [
        "append",
        "add",
        "update",
        "setdefault",
        "pop",
        "extend",
        "insert",
        "remove",
        "clear",
        "push",
        "set",
        "delete",
        "unshift",
        "splice",
        "appendleft",
        "popitem",
        "discard",
        "shift",
    ]
)
CACHE_NAMES = pattern(
    r"cache|memo|registry|pool|_client|clients?_by|compiled|patterns?|handlers|routes|loaders?|plugins?|metrics?|lock|schema",
    re.IGNORECASE,
)


LIMITERS = ("flask_limiter", "slowapi", "limiter", "rate-limiter-flexible")
"""Libraries whose Limiter counts in the process unless it is told where."""


def nothing_in_memory(picture: Picture) -> Iterator[Judgement]:
    """VI-3."""
    yield from grouped([*_random_keys(picture), *_containers(picture), *_backends(picture)])


def _random_keys(picture: Picture) -> Iterator[Finding]:
    for module, assign in picture.assigns():
        if (
            module.role != "app"
            or is_development(assign.path)
            or not is_key_name(assign.name)
            or development_only(module, assign.guards)
        ):
            continue
        if not (assign.name.isupper() or "." in assign.target) or (
            assign.function is not None and "." not in assign.target
        ):
            continue
        if assign.function is not None and (
            _asks(module, assign.function) or not APP.match(assign.target)
        ):
            continue
        for part in walk(trace(module, assign.value, assign.function)):
            if part.kind == "call" and RANDOM.search(part.text):
                severity = (
                    "low" if from_env(assign.value) or replaceable(module, assign) else "high"
                )
                yield find(
                    "VI-3",
                    severity,
                    f"{assign.name} is made anew by each process: what one signs, another refuses",
                    Place(assign.path, part.line or assign.line),
                    fix=f"set {assign.name} in the deploy's config",
                )
                break


def _asks(module: Module, function: Function) -> bool:
    """Does the function ask a person? Then it is a command that writes the config once."""
    return any(
        call.name in ("input", "getpass", "getpass.getpass")
        or call.name.endswith(("prompt", "Prompt.ask", "Confirm.ask"))
        for call in module.calls
        if call.function is function
    )


def _containers(picture: Picture) -> Iterator[Finding]:
    for module in picture.modules:
        if module.role != "app":
            continue
        values = {name: module.constants[name].value for name in _touched(module)}
        held = {
            name
            for name, value in values.items()
            if value.kind in ("dict", "list") or (value.kind == "call" and value.text in CONTAINERS)
        }
        counters = {name for name, value in values.items() if value.kind in ("num", "none", "bool")}
        if not held and not counters:
            continue
        for name, place, function in _mutations(module, held, counters):
            if _serves(function) and not CACHE_NAMES.search(name) and not name.startswith("__"):
                yield find(
                    "VI-3",
                    "medium",
                    f"{name} in memory is changed by requests: other processes do not see it",
                    place,
                    fix="keep it in a resource",
                )


def _touched(module: Module) -> set[str]:
    """The names of the top level that a function may change."""
    names = {name for call in module.calls for name in (call.name.rpartition(".")[0],)}
    names |= {BASE.sub("", assign.target) for assign in module.assigns if assign.function}
    return names & module.constants.keys()


def _serves(function: Function | None) -> bool:
    if is_handler(function):
        return True
    return function is not None and bool(
        re.search(r"(socket|io|client|ws|wss)\.on$|connection$", function.passed_to)
    )


def _mutations(
    module: Module, held: set[str], counters: set[str]
) -> Iterator[tuple[str, Place, Function | None]]:
    either = held | counters
    for call in module.calls:
        base, _, last = call.name.rpartition(".")
        if last in MUTATORS and base in held and not _shadowed(module, base, call.function):
            yield base, call.place, call.function
    declared = {
        (name, function.qualified) for name, function, _ in module.globals if function is not None
    }
    for assign in module.assigns:
        if assign.function is None:
            continue
        base = BASE.sub("", assign.target)
        if base not in either or _shadowed(module, base, assign.function):
            continue
        if (
            assign.target != base
            and base in held
            and (assign.target.startswith(base + "[]") or module.language != "python")
        ):
            yield base, assign.place, assign.function
        elif assign.target == base and base in either:
            if module.language == "python" and (base, assign.function.qualified) not in declared:
                continue
            if assign.augmented or base in held:
                yield base, assign.place, assign.function


def _shadowed(module: Module, name: str, function: Function | None) -> bool:
    if function is None:
        return False
    if name in function.params:
        return True
    declared = any(n == name and f is function for n, f, _ in module.globals)
    own = [a for a in module.assigned(name) if a.function is function and not a.augmented]
    return bool(own) and not declared and module.language == "python"


def _backends(picture: Picture) -> Iterator[Finding]:
    for module, assign in picture.assigns(
        "CHANNEL_LAYERS", "CACHES", "CACHE_TYPE", "RATELIMIT_STORAGE_URL", "RATELIMIT_STORAGE_URI"
    ):
        if (
            module.role != "app"
            or is_development(assign.path)
            or development_only(module, assign.guards)
            or for_tests(assign)
        ):
            continue
        for part in walk(assign.value):
            if (
                part.kind == "str"
                and re.search(r"InMemoryChannelLayer|^(SimpleCache|simple)$|^memory://", part.text)
                and not from_env(assign.value)
                and not replaceable(module, assign)
            ):
                yield find(
                    "VI-3",
                    "medium",
                    f"{assign.name} lives in one process's memory ({part.text.rpartition('.')[2]})",
                    Place(assign.path, part.line or assign.line),
                    fix="attach Redis",
                )
    for module, call in picture.calls(
        "socket.io.Server",
        "socket.io",
        "SocketIO",
        "express-rate-limit",
        "rateLimit",
        "express-rate-limit.rateLimit",
        "Limiter",
        "RateLimiter",
        "limiter.RateLimiter",
        "RateLimiterMemory",
        "ThrottlerModule.forRoot",
    ):
        own = call.last in ("Limiter", "RateLimiter") and not module.imports_any(*LIMITERS)
        if module.role == "app" and not own and not development_only(module, call.guards):
            yield from _in_memory(picture, call)


def _in_memory(picture: Picture, call: Call) -> Iterator[Finding]:
    keys = set(call.value.keys) | {
        key for part in call.value.arguments if part.kind == "dict" for key in part.keys
    }
    last = call.last.removeprefix("new ")
    if last in ("Server", "socket.io", "SocketIO", "io"):
        adapter = (
            any("adapter" in one.module for m in picture.modules for one in m.imports)
            or "message_queue" in keys
            or "adapter" in keys
        )
        if (
            not adapter
            and (last != "Server" or "socket.io" in call.name)
            and not call.name.startswith("socket.io-client")
        ):
            yield find(
                "VI-3",
                "medium",
                "sockets are known to one process alone: there is no adapter between processes",
                call.place,
                fix="add the Redis adapter",
            )
    elif not keys & {"store", "storage_uri", "storage_url", "storage", "**"}:
        yield find(
            "VI-3",
            "medium",
            "the rate limit is counted in one process's memory",
            call.place,
            fix="count in Redis",
        )


def no_sticky_sessions(picture: Picture) -> Iterator[Judgement]:
    """VI-4."""
    found = [*_sessions(picture), *_sticky(picture)]
    yield from found
    if not found:
        for module, assign in picture.assigns("SESSION_ENGINE"):
            if module.role == "app":
                yield Hold("sessions are kept outside the process", assign.place)
                return


def _sessions(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls("express-session", "session"):
        if (
            module.role != "app"
            or not module.imports_any("express-session")
            or module.aliases.get("session", "express-session") != "express-session"
        ):
            continue
        options = call.value.argument(0)
        if (
            options is not None
            and options.kind == "dict"
            and not set(options.keys) & {"store", "**"}
        ):
            yield find(
                "VI-4",
                "high",
                "sessions are kept in the memory of one process (express-session without a store)",
                call.place,
                fix="give it a store in Redis",
            )
    for module, assign in picture.assigns("SESSION_TYPE", "SESSION_ENGINE"):
        text = plain(assign.value) or ""
        if (
            module.role == "app"
            and not is_development(assign.path)
            and (text == "filesystem" or text.endswith("sessions.backends.file"))
            and not replaceable(module, assign)
        ):
            yield find(
                "VI-4",
                "high",
                "sessions are kept in local files",
                assign.place,
                fix="keep them in Redis or the database",
            )


def _sticky(picture: Picture) -> Iterator[Finding]:
    for one in picture.workloads:
        if one.affinity:
            yield find(
                "VI-4",
                "high",
                "the router binds each client to one process",
                Place(one.path, one.line),
                fix="keep sessions in a resource, and drop the affinity",
            )
    for path, file in picture.files.items():
        if (
            file.name.endswith(".conf")
            and file.role == "app"
            and file.size < 100_000
            and "nginx" in path
        ):
            for number, line in enumerate(picture.text(path).splitlines(), 1):
                if re.match(r"^\s*(ip_hash|sticky)\b", line):
                    yield find(
                        "VI-4",
                        "high",
                        "the router binds each client to one process",
                        Place(path, number),
                        fix="keep sessions in a resource",
                    )
