"""How IV-2, IV-3, IV-5 and IV-6 are judged."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.code import Call, Module
from twelve.picture.mentions import mention
from twelve.picture.origin import DEV_TESTS, development_only, replaceable, trace
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped, saying
from twelve.picture.value import env_keys, from_env, plain, text_of, walk

FILES = (
    "shelve.open",
    "dbm.open",
    "TinyDB",
    "better-sqlite3",
    "sqlite3.Database",
    "nedb",
    "nedb-promises",
    "@seald-io/nedb",
    "lowdb",
    "JSONFilePreset",
    "JSONFile",
    "level",
    "leveldb",
    "plyvel.DB",
    "duckdb.connect",
    "open_lmdb",
    "ZODB.FileStorage",
)
SERVERS = (
    "mariadbd",
    "mysqld",
    "postgres",
    "redis-server",
    "mongod",
    "memcached",
    "mysqld_safe",
    "pg_ctl",
)
DATABASE_URL = mention("database_url", small=True)
SQLITE = pattern(r"dialects/sqlite|^(@[\w-]+/)?(better-)?sqlite3$|^sqlite$")
WRITES = pattern(r"\b(insert|update|delete|replace|create)\b", re.IGNORECASE)


def same_code(picture: Picture) -> Iterator[Judgement]:
    """IV-2."""
    for module, assign in picture.assigns(
        "DATABASES", "CACHES", "EMAIL_BACKEND", "DEFAULT_FILE_STORAGE", "BROKER_URL"
    ):
        if (
            module.role != "app"
            or is_development(assign.path)
            or not assign.guards
            or assign.function is not None
        ):
            continue
        guard = assign.guards[-1]
        words = [
            part.text.rpartition(".")[2]
            for part in walk(guard.test)
            if part.kind in ("name", "env", "str")
        ]
        if any(DEV_TESTS.search(word) or "localhost" in word for word in words) and guard.wanted:
            yield find(
                "IV-2",
                "low",
                f"{assign.name} is another for development: the code knows which service is local",
                Place(assign.path, guard.line),
                fix="choose by the URL alone",
            )


def swappable(picture: Picture) -> Iterator[Judgement]:
    """IV-3."""
    places = []
    for module, assign in picture.assigns("DATABASES", "CACHES"):
        for guard in (
            assign.guards if module.role == "app" and not is_development(assign.path) else ()
        ):
            test = trace(module, guard.test)
            if (
                guard.wanted
                and test.kind == "compare"
                and test.text == "eq"
                and env_keys(test)
                and any(part.kind == "str" for part in test.parts)
            ):
                places.append(Place(assign.path, guard.line))
    if places:
        yield find(
            "IV-3",
            "info",
            "the kind of service is chosen by name in code, not by its URL",
            *places,
            fix="dj_database_url, or another reader of URLs",
        )
        return
    for _, assign in saying(picture, DATABASE_URL):
        if "DATABASE_URL" in env_keys(assign.value):
            yield Hold("the kind of service follows from the URL", assign.place)
            return


def come_and_go(picture: Picture) -> Iterator[Judgement]:
    """IV-5."""
    held = []
    for module, call in picture.calls("create_engine", "create_async_engine"):
        given = call.value.argument(0, "url")
        text = text_of(trace(module, given, call.function)) if given is not None else ""
        keys = set(call.value.keys)
        if (
            module.role == "app"
            and not text.startswith("sqlite")
            and not keys & {"pool_pre_ping", "poolclass", "pool_recycle", "**"}
            and module.imports_any("sqlalchemy", "sqlmodel")
        ):
            held.append(
                find(
                    "IV-5",
                    "low",
                    "no pool_pre_ping: after the database came back the first requests fail",
                    call.place,
                    fix="pool_pre_ping=True",
                )
            )
    for module, call in picture.calls(
        "requests.get",
        "requests.post",
        "requests.put",
        "requests.delete",
        "requests.patch",
        "requests.request",
    ):
        if (
            module.role == "app"
            and module.language == "python"
            and not set(call.value.keys) & {"timeout", "**"}
            and len(call.value.parts) < 4
        ):
            held.append(
                find(
                    "IV-5",
                    "low",
                    "a request without a time-out waits as long as the other side likes",
                    call.place,
                    fix="timeout=10",
                )
            )
    yield from grouped(held)


def over_the_network(picture: Picture) -> Iterator[Judgement]:
    """IV-6."""
    yield from grouped([*_django(picture), *_uris(picture), *_embedded(picture)])


def _django(picture: Picture) -> Iterator[Finding]:
    for module, assign in picture.assigns("DATABASES"):
        if (
            module.role != "app"
            or is_development(assign.path)
            or development_only(module, assign.guards)
        ):
            continue
        for part in walk(assign.value):
            engine = part.get("ENGINE") if part.kind == "dict" else None
            if engine is None or not text_of(engine).endswith("sqlite3"):
                continue
            others = [o for o in module.assigned("DATABASES") if o is not assign]
            if assign.guards and any(
                from_env(g.test) or from_env(trace(module, g.test)) for g in assign.guards
            ):
                continue
            name = part.get("NAME")
            places = [Place(assign.path, engine.line)] + (
                [Place(assign.path, name.line)]
                if name is not None and name.line != engine.line
                else []
            )
            severity = "low" if others or from_env(assign.value) else "medium"
            yield find(
                "IV-6",
                severity,
                "the database is a file of this machine (sqlite)",
                *places,
                fix="attach Postgres: twelve resources create postgres --as DATABASE_URL",
            )


def _uris(picture: Picture) -> Iterator[Finding]:
    for module, assign in picture.assigns(
        "SQLALCHEMY_DATABASE_URI",
        "DATABASE_URL",
        "DATABASE_URI",
        "SQLALCHEMY_DATABASE_URL",
        "DB_URL",
    ):
        value = trace(module, assign.value, assign.function)
        if (
            module.role == "app"
            and not is_development(assign.path)
            and not (assign.owner and DEV_TESTS.search(assign.owner))
            and text_of(value).startswith("sqlite:")
            and ":memory:" not in text_of(value)
            and not replaceable(module, assign)
        ):
            yield find(
                "IV-6",
                "medium",
                "the database is a file of this machine (sqlite)",
                assign.place,
                fix="attach Postgres: twelve resources create postgres --as DATABASE_URL",
            )


def _node_files(picture: Picture) -> Iterator[Finding]:
    for module in picture.modules:
        if module.language == "python" or module.role != "app" or is_development(module.path):
            continue
        for one in module.imports:
            if SQLITE.search(one.module) and not one.typing_only:
                yield find(
                    "IV-6",
                    "medium",
                    "data is kept in a file of this machine (sqlite)",
                    one.place,
                    fix="attach a database",
                )
                break


def _embedded(picture: Picture) -> Iterator[Finding]:
    names = {
        path.rpartition("/")[2] for path, file in picture.files.items() if file.tracked is not False
    }
    for module, call in picture.calls("sqlite3.connect", "aiosqlite.connect", *FILES):
        if module.role != "app" or is_development(call.path) or not call.value.parts:
            continue
        text = text_of(trace(module, call.value.parts[0], call.function))
        shipped = text.rpartition("/")[2] in names or "mode=ro" in text
        other = call.last in ("level", "leveldb") and not module.imports_any("level", "leveldb")
        if text == ":memory:" or shipped or other or not _stores(module, call):
            continue
        yield find(
            "IV-6",
            "medium",
            f"data is kept in a file of this machine ({call.last.removeprefix('new ')})",
            call.place,
            fix="attach a database",
        )
    yield from _node_files(picture)
    for module, call in picture.calls(
        "spawn", "spawnSync", "Popen", "run", "execFile", "execSync", "exec", "call"
    ):
        first = call.value.parts[0] if call.value.parts else None
        while first is not None and first.kind == "list" and first.parts:
            first = first.parts[0]
        first = trace(module, first, call.function) if first is not None else None
        word = (plain(first) or "").split(" ")[0].rpartition("/")[2]
        if module.role == "app" and word in SERVERS:
            yield find(
                "IV-6",
                "high",
                f"the app starts a database server of its own ({word})",
                call.place,
                fix="attach the server as a resource",
            )
    for module, call in picture.calls(
        "DataSource", "Sequelize", "knex", "TypeOrmModule.forRoot", "forRoot"
    ):
        for part in walk(call.value):
            if (
                module.role == "app"
                and part.kind == "dict"
                and any(
                    (plain(part.get(key)) or "") in ("sqlite", "sqlite3", "better-sqlite3", "sqljs")
                    for key in ("type", "dialect", "client")
                )
            ):
                yield find(
                    "IV-6",
                    "medium",
                    "the database is a file of this machine (sqlite)",
                    call.place,
                    fix="attach a database",
                )
                break


def _stores(module: Module, call: Call) -> bool:
    """Does the module change what it opened? Kept true for stores that serve nothing else."""
    if call.last != "connect":
        return True
    return any(
        WRITES.search(text.text)
        for other in module.calls
        if other.last in ("execute", "executemany", "executescript")
        for text in walk(other.value)
        if text.kind == "str"
    ) or any(o.last == "commit" for o in module.calls)
