"""How IV-1 and IV-4 are judged."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.certainty import has_variants
from twelve.picture.code import Assign, Call, Module
from twelve.picture.mentions import mention
from twelve.picture.origin import LOCAL, call_env, development_only, for_tests, replaceable, trace
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, by_prefix, find, grouped, saying
from twelve.picture.value import Value, env_keys, fixed_strings, from_env, text_of

HANDLE = pattern(
    r"^(sqlalchemy_)?(database|db|redis|mongo(db)?|broker|amqp|rabbit(mq)?|elastic(search)?|cache|celery(_broker)?|celery_result|postgres(ql)?|mysql|smtp|mail|kafka|queue|result_backend|memcached)_?(url|uri|dsn|host|hosts|connection_string|server|backend|address|bootstrap_servers|database_uri)?$|^(database_uri|connection_?string|dsn|result_backend|bootstrap_servers)$",
    re.IGNORECASE,
)
SCHEME = pattern(
    r"^(postgres(ql)?|mysql|mariadb|redis|rediss|mongodb|amqp|amqps|kafka|nats|memcached|mssql|oracle|clickhouse|sqlite|elasticsearch|smtp)(\+\w+)?:",
    re.IGNORECASE,
)
CONNECTS = (
    "create_engine", "create_async_engine", "Redis", "StrictRedis", "from_url", "MongoClient", "AsyncIOMotorClient", "ConnectionParameters", "URLParameters", "SMTP", "SMTP_SSL",
    "psycopg2.connect", "psycopg.connect", "asyncpg.connect", "asyncpg.create_pool", "pymysql.connect", "MySQLdb.connect", "mysql.connector.connect", "Elasticsearch", "Celery", "KafkaProducer",
    "KafkaConsumer", "memcache.Client", "Sequelize", "mongoose.connect", "IORedis", "ioredis", "createClient", "Pool", "createConnection", "createPool", "createTransport", "amqp.connect",
    "amqplib.connect", "knex", "sequelize", "MongoClient.connect", "pg.Client", "Chatterbot", "ChatBot", "DataSource",
    "TypeOrmModule.forRoot",
    "SequelizeModule.forRoot",
    "MongooseModule.forRoot",
)  # fmt: skip
HTTP = (
    "requests.get",
    "requests.post",
    "requests.put",
    "requests.patch",
    "requests.delete",
    "requests.request",
    "httpx.get",
    "httpx.post",
    "httpx.request",
    "urllib.request.urlopen",
    "axios.get",
    "axios.post",
    "axios",
    "fetch",
    "axios.create",
    "got",
    "http.get",
)
PRIVATE = pattern(
    r"^https?://(localhost|127\.0\.0\.1|0\.0\.0\.0|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(1[6-9]|2\d|3[01])\.\d+\.\d+|[a-z][a-z0-9_-]*)(:\d+)?(/|$)"
)
STORE_KEY = pattern(r"(DATABASE|REDIS|MONGO|BROKER|AMQP|POSTGRES|MYSQL)\w*(URL|URI|HOST|DSN)?$")
STORES = mention("database", "redis", "mongo", "broker", "amqp", "postgres", "mysql", small=True)
OPEN = pattern(r"^[\w+.-]+:(//)?$|@$")
"""The head of a URL whose host comes from somewhere else."""
SCHEMES = mention("://", "sqlite:", "amqp:", "redis:")
LOOKS = pattern(r"(^|\.)(getattr|get|setdefault)$")
"""Calls whose literal is only what is taken when nothing is found."""
KEYS = pattern(
    r"^(host|hostname|url|uri|server|servers|bootstrap_servers|broker|backend|dsn|endpoint_url|database_uri|connection|connectionString|hosts|address|node)$",
    re.IGNORECASE,
)


def by_handle(picture: Picture) -> Iterator[Judgement]:
    """IV-1."""
    found = list(grouped([*_named(picture), *_connected(picture), *_fetched(picture)]))
    seen = set()
    for one in found:
        if one.places[0] not in seen:
            seen.add(one.places[0])
            yield one
    if not found:
        for _, assign in saying(picture, STORES):
            if any(STORE_KEY.search(key) for key in env_keys(assign.value)):
                yield Hold("the handle of a resource is read from the environment", assign.place)
                return


def _spared(module: Module, path: str) -> bool:
    return module.role != "app" or is_development(path) or "health" in path.lower()


def _literal_handle(text: str) -> bool:
    return (
        (
            bool(SCHEME.match(text))
            and ":memory:" not in text
            and text not in ("sqlite://", "sqlite:///")
            and not OPEN.search(text)
        )
        or bool(LOCAL.search(text))
        or bool(re.fullmatch(r"([\w-]+\.)+[a-z]{2,}(:\d+)?", text))
    )


def _named(picture: Picture) -> Iterator[Finding]:
    for module, assign in picture.assigns():
        if (
            not HANDLE.match(assign.name)
            or _spared(module, assign.path)
            or assign.value.kind != "str"
            or not _literal_handle(assign.value.text)
        ):
            continue
        if (
            not (assign.name.isupper() or "." in assign.target)
            or replaceable(module, assign)
            or development_only(module, assign.guards)
            or ((assign.owner or "config" in assign.target) and by_prefix(picture))
            or (assign.owner and module.imports_any("class-validator"))
            or for_tests(assign)
            or _given(picture, assign)
        ):
            continue
        yield find(
            "IV-1",
            "medium" if assign.owner or _several(picture, assign) else "high",
            f"{assign.name} is fixed to {_shown(assign.value.text)}",
            assign.place,
            fix=f"read {assign.name} from the environment",
        )


def _several(picture: Picture, assign: Assign) -> bool:
    """May other settings stand in its place: a module for an environment beside it, or the same name once more?"""
    folder = assign.path.rpartition("/")[0]
    return has_variants(picture, assign.path) or any(
        other.path != assign.path and other.path.rpartition("/")[0] == folder
        for _, other in picture.assigns(assign.name)
    )


def _given(picture: Picture, assign: Assign) -> bool:
    """Does the app put another value in its config under this name, one that it looks up?"""
    put = re.compile(rf"config\[[\"']{re.escape(assign.name)}[\"']\]\s*=\s*[a-z_]\w*[\[.]")
    return assign.name.isupper() and any(
        path.endswith(".py") and path != assign.path and put.search(picture.text(path))
        for path in picture.holding(assign.name)
    )


def _shown(text: str) -> str:
    return re.sub(r"://[^@/]+@", "://…@", text)[:60]


def _connected(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls(*CONNECTS):
        if (
            _spared(module, call.path)
            or development_only(module, call.guards)
            or call_env(module, call)
        ):
            continue
        for value in _handles(call):
            traced = trace(module, value, call.function)
            for text in fixed_strings(traced):
                # What is handed to another call may be a key of a settings object: it must look like a URL.
                if traced.kind == "call" and "://" not in text.text:
                    continue
                if _literal_handle(text.text) or (PRIVATE.match(text.text)):
                    if _looked_up(module, value) or (
                        traced.kind == "call" and LOOKS.search(traced.text)
                    ):
                        continue
                    yield find(
                        "IV-1",
                        "high",
                        f"{call.last.removeprefix('new ')} connects to {_shown(text.text)}, whatever the environment says",
                        Place(call.path, text.line or call.line),
                        fix="take the URL from the environment",
                    )
    for module in picture.modules:
        if not _spared(module, module.path):
            yield from _keyword(module)


def _looked_up(module: Module, value: Value) -> bool:
    """Is the name also given what the environment says, so that the literal is its default?"""
    return value.kind == "name" and any(
        from_env(trace(module, one.value, one.function)) for one in module.assigned(value.text)
    )


def _handles(call: Call) -> Iterator[Value]:
    value = call.value
    for argument in value.arguments[:1] if call.last != "Celery" else ():
        if argument.kind in ("str", "name", "join"):
            yield argument
    for held in (value, *value.arguments):
        if held.kind == "dict" or held is value:
            for key, item in held.items():
                if KEYS.match(key) and item.kind in ("str", "name", "join"):
                    yield item
                elif key == "connection" and item.kind == "dict":
                    yield from (inner for name, inner in item.items() if KEYS.match(name))


def _keyword(module: Module) -> Iterator[Finding]:
    """A resource's URL handed to any call under a name that says so."""
    for call in module.holding(SCHEMES, module.calls):
        for key, item in call.value.items() if call.value.kind == "call" else ():
            if (
                HANDLE.match(key)
                and item.kind == "str"
                and SCHEME.match(item.text)
                and ":memory:" not in item.text
                and not development_only(module, call.guards)
            ):
                yield find(
                    "IV-1",
                    "high",
                    f"{key} is fixed to {_shown(item.text)}",
                    Place(call.path, item.line or call.line),
                    fix="take the URL from the environment",
                )


def _fetched(picture: Picture) -> Iterator[Finding]:
    for module, call in picture.calls(*HTTP):
        if _spared(module, call.path) or not call.value.parts:
            continue
        for part in (
            *call.value.arguments[:2],
            *(item for key, item in call.value.items() if key == "url"),
        ):
            value = trace(module, part, call.function)
            text = text_of(value)
            first = next(iter(fixed_strings(value)), None)
            if PRIVATE.match(text) and first is not None and not from_env(value):
                yield find(
                    "IV-1",
                    "high",
                    f"calls {text[:40].replace('{}', '…')}, wherever it is deployed",
                    Place(call.path, first.line or call.line),
                    fix="take the address from the environment",
                )


def own_handles(picture: Picture) -> Iterator[Judgement]:
    """IV-4."""
    uses: dict[str, dict[str, Place]] = {}
    for module, assign in picture.assigns():
        word = (
            re.search(r"BROKER|CACHE|SESSION|RESULT|CHANNEL|QUEUE", assign.name)
            if assign.name.isupper() and module.role == "app"
            else None
        )
        for key in env_keys(assign.value) if word else ():
            if key.endswith("URL") and word:
                uses.setdefault(key, {})[word[0]] = assign.place
    for key, held in uses.items():
        if len(held) > 1:
            yield find(
                "IV-4",
                "info",
                f"{key} serves as {' and '.join(sorted(map(str.lower, held)))}: one handle for several resources",
                *held.values(),
            )
