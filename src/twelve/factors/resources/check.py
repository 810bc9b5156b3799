"""What reading can judge of factor IV: backing services are attached resources."""

import re
from collections.abc import Iterator

from twelve.finding import Place
from twelve.picture.code import Call, Module
from twelve.picture.origin import DEV_TESTS, LOCAL, call_env, development_only, replaceable, trace
from twelve.picture.paths import is_development
from twelve.picture.rule import Example, Hold, Judgement, Picture, Rule, find, grouped
from twelve.picture.value import Value, env_keys, fixed_strings, from_env, plain, text_of, walk

HANDLE = re.compile(
    r"^(sqlalchemy_)?(database|db|redis|mongo(db)?|broker|amqp|rabbit(mq)?|elastic(search)?|cache|celery(_broker)?|celery_result|postgres(ql)?|mysql|smtp|mail|kafka|queue|result_backend|memcached)_?(url|uri|dsn|host|hosts|connection_string|server|backend|address|bootstrap_servers|database_uri)?$|^(database_uri|connection_?string|dsn|result_backend|bootstrap_servers)$",
    re.IGNORECASE,
)
SCHEME = re.compile(
    r"^(postgres(ql)?|mysql|mariadb|redis|rediss|mongodb|amqp|amqps|kafka|nats|memcached|mssql|oracle|clickhouse|sqlite|elasticsearch|smtp)(\+\w+)?:",
    re.IGNORECASE,
)
CONNECTS = (
    "create_engine", "create_async_engine", "Redis", "StrictRedis", "from_url", "MongoClient", "AsyncIOMotorClient", "ConnectionParameters", "URLParameters", "SMTP", "SMTP_SSL",
    "psycopg2.connect", "psycopg.connect", "asyncpg.connect", "asyncpg.create_pool", "pymysql.connect", "MySQLdb.connect", "mysql.connector.connect", "Elasticsearch", "Celery", "KafkaProducer",
    "KafkaConsumer", "memcache.Client", "Sequelize", "mongoose.connect", "IORedis", "ioredis", "createClient", "Pool", "createConnection", "createPool", "createTransport", "amqp.connect",
    "amqplib.connect", "knex", "sequelize", "MongoClient.connect", "pg.Client", "Chatterbot", "ChatBot", "DataSource",
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
PRIVATE = re.compile(
    r"^https?://(localhost|127\.0\.0\.1|0\.0\.0\.0|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(1[6-9]|2\d|3[01])\.\d+\.\d+|[a-z][a-z0-9_-]*)(:\d+)?(/|$)"
)
KEYS = re.compile(
    r"^(host|hostname|url|uri|server|servers|bootstrap_servers|broker|backend|dsn|endpoint_url|database_uri|connection|connectionString|hosts|address|node)$",
    re.IGNORECASE,
)
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
SQLITE = re.compile(r"dialects/sqlite|^(@[\w-]+/)?(better-)?sqlite3$|^sqlite$")
WRITES = re.compile(r"\b(insert|update|delete|replace|create)\b", re.IGNORECASE)


def by_handle(picture: Picture) -> Iterator[Judgement]:
    """IV-1."""
    found = list(grouped([*_named(picture), *_connected(picture), *_fetched(picture)]))
    seen = set()
    for one in found:
        if one.places[0] not in seen:
            seen.add(one.places[0])
            yield one
    if not found:
        for module, assign in picture.assigns():
            if module.role == "app" and any(
                re.search(
                    r"(DATABASE|REDIS|MONGO|BROKER|AMQP|POSTGRES|MYSQL)\w*(URL|URI|HOST|DSN)?$", key
                )
                for key in env_keys(assign.value)
            ):
                yield Hold("the handle of a resource is read from the environment", assign.place)
                return


def _spared(module: Module, path: str) -> bool:
    return module.role != "app" or is_development(path) or "health" in path.lower()


def _literal_handle(text: str) -> bool:
    return (
        bool(SCHEME.match(text))
        and ":memory:" not in text
        and text not in ("sqlite://", "sqlite:///")
        or bool(LOCAL.search(text))
        or bool(re.fullmatch(r"([\w-]+\.)+[a-z]{2,}(:\d+)?", text))
    )


def _named(picture: Picture) -> Iterator[Judgement]:
    for module, assign in picture.assigns():
        if (
            _spared(module, assign.path)
            or assign.value.kind != "str"
            or not HANDLE.match(assign.name)
            or not _literal_handle(assign.value.text)
        ):
            continue
        if (
            not (assign.name.isupper() or "." in assign.target)
            or replaceable(module, assign)
            or development_only(module, assign.guards)
        ):
            continue
        yield find(
            "IV-1",
            "high",
            f"{assign.name} is fixed to {_shown(assign.value.text)}",
            assign.place,
            fix=f"read {assign.name} from the environment",
        )


def _shown(text: str) -> str:
    return re.sub(r"://[^@/]+@", "://…@", text)[:60]


def _connected(picture: Picture) -> Iterator[Judgement]:
    for module, call in picture.calls(*CONNECTS):
        if (
            _spared(module, call.path)
            or development_only(module, call.guards)
            or call_env(module, call)
        ):
            continue
        for value in _handles(call):
            for text in fixed_strings(trace(module, value, call.function)):
                if _literal_handle(text.text) or (PRIVATE.match(text.text)):
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


def _handles(call: Call) -> Iterator[Value]:
    value = call.value
    for argument in value.arguments[:1]:
        if argument.kind in ("str", "name", "join"):
            yield argument
    for held in (value, *value.arguments):
        if held.kind == "dict" or held is value:
            for key, item in held.items():
                if KEYS.match(key) and item.kind in ("str", "name", "join"):
                    yield item
                elif key == "connection" and item.kind == "dict":
                    yield from (inner for name, inner in item.items() if KEYS.match(name))


def _keyword(module: Module) -> Iterator[Judgement]:
    """A resource's URL handed to any call under a name that says so."""
    for call in module.calls:
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


def _fetched(picture: Picture) -> Iterator[Judgement]:
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
    elif any("DATABASE_URL" in env_keys(a.value) for m, a in picture.assigns() if m.role == "app"):
        yield Hold(
            "the kind of service follows from the URL",
            next(
                a.place
                for m, a in picture.assigns()
                if m.role == "app" and "DATABASE_URL" in env_keys(a.value)
            ),
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
            and not set(call.value.keys) & {"timeout", "**"}
            and len(call.value.parts) < 4
        ):  # noqa: PLR2004
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


def _django(picture: Picture) -> Iterator[Judgement]:
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


def _uris(picture: Picture) -> Iterator[Judgement]:
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


def _node_files(picture: Picture) -> Iterator[Judgement]:
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


def _embedded(picture: Picture) -> Iterator[Judgement]:
    names = {
        path.rpartition("/")[2] for path, file in picture.files.items() if file.tracked is not False
    }
    for module, call in picture.calls("sqlite3.connect", "aiosqlite.connect", *FILES):
        if module.role != "app" or is_development(call.path) or not call.value.parts:
            continue
        text = text_of(trace(module, call.value.parts[0], call.function))
        shipped = text.rpartition("/")[2] in names or "mode=ro" in text
        if text == ":memory:" or shipped or not _stores(module, call):
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
    if call.last not in ("connect",):
        return True
    return any(
        WRITES.search(text.text)
        for other in module.calls
        if other.last in ("execute", "executemany", "executescript")
        for text in walk(other.value)
        if text.kind == "str"
    ) or any(o.last == "commit" for o in module.calls)


DB = {
    "a/settings.py": "import os\nDATABASES = {'default': {\n 'ENGINE': 'django.db.backends.sqlite3',\n 'NAME': 'db.sqlite3'}}\n"
}
RULES = (
    Rule(
        "IV-1", "M", "Each backing service is reached through a URL/handle kept in config", "backing-services", "high", by_handle,
        found=(
            Example({"a/app.py": "app.config['SQLALCHEMY_DATABASE_URI'] = 'postgresql://db.shop.io/app'\n"}, "a/app.py:1"),
            Example({"a/v.py": "import requests\ndef view(request):\n    url = 'http://127.0.0.1:8000/x'\n    requests.get(url)\n"}, "a/v.py:3"),
            Example({"a.js": "const mongoose = require('mongoose')\nmongoose.connect('mongodb://localhost/app')\n"}, "a.js:2"),
        ),
        spared=(
            Example({"a.py": "import dj_database_url\nDATABASES = {'default': dj_database_url.config(env='DATABASE_URL', default='postgres://a:a@localhost/a')}\n"}),
            Example({"db.js": "module.exports = { host: process.env.MYSQL_HOST || 'mysql-db' }\n"}),
            Example({"a.py": "import requests\nrequests.get('https://api.stripe.com/v1', timeout=3)\n"}),
            Example({"compose.yml": "services:\n  a:\n    build: .\n    healthcheck:\n      test: [CMD, curl, 'http://localhost:8000/']\n"}),
        ),
        why="A service that is named in code cannot be exchanged without a change of code.",
        way_out="Read its URL from the environment.",
        tokens=("create_engine", "create_async_engine", "Redis(", "from_url", "MongoClient", "MotorClient", "ConnectionParameters", "URLParameters", "SMTP(", "SMTP_SSL", "psycopg", "asyncpg", "pymysql", "MySQLdb", "mysql", "Elasticsearch(", "Celery(", "Kafka", "memcache", "equelize", "mongoose", "ioredis", "IORedis", "createClient", "Pool(", "createConnection", "createPool", "createTransport", "amqp", "knex", "pg.Client", "DataSource", "ChatBot", "database_uri"),
        near=((('http://', 'https://'), '(?#window)https?://(localhost|127\\.0|0\\.0\\.0\\.0|10\\.|192\\.168|172\\.|[a-z][a-z0-9_-]*[:/\\"\'`])'), (('_ur', '_UR', '_HOST', '_host', '_DSN', 'dsn', 'DSN', '_SERVER', '_BACKEND', 'backend', 'BROKER', 'broker', '_hosts', 'servers', 'onnection'), '(?#window)(?i)(database|db|redis|mongo|broker|amqp|rabbit|elastic|cache|celery|postgres|mysql|smtp|mail|kafka|queue|result|memcache|bootstrap|connection|dsn)\\w*[\\"\'\\]]*\\s*(:[^=\\n]{1,40})?[:=]\\s*\\(?\\s*[\\"\']')),
        never="defaults of a read, public APIs of vendors, health probes of oneself",
        
    ),
    Rule(
        "IV-2", "M", "Code makes no distinction between local and third-party services", "backing-services", "low", same_code,
        found=(Example({"a/settings.py": "DEBUG = True\nif DEBUG:\n    DATABASES = {'default': {'ENGINE': 'x'}}\n"}, "a/settings.py:2"),),
        spared=(Example({"a/settings.py": "import os\nCACHES = {'default': {'LOCATION': os.environ['REDIS_URL']}}\n"}),),
        why="A branch for the local service is code that production never runs.", way_out="Choose by the URL alone.", never="TLS that follows from the URL's scheme",
        tokens=("DATABASES", "CACHES", "EMAIL_BACKEND", "DEFAULT_FILE_STORAGE", "BROKER_URL"),
    ),
    Rule(
        "IV-3", "M", "A service can be swapped without code change", "backing-services", "info", swappable,
        found=(Example({"a/settings.py": "import os\nif os.getenv('DB') == 'postgres':\n    DATABASES = {}\n"}, "a/settings.py:2"),),
        spared=(Example({"a/settings.py": "import dj_database_url\nDATABASES = {'default': dj_database_url.config()}\n"}),),
        why="Each new kind needs a new block.", way_out="Let the URL's scheme say the kind.", never="-", tokens=("DATABASES", "CACHES", "DATABASE_URL"),
    ),
    Rule(
        "IV-4", "S", "Each distinct service is its own resource with its own handle", "backing-services", "info", own_handles,
        found=(Example({"a.py": "import os\nCACHE_URL = os.environ['REDIS_URL']\nBROKER_URL = os.environ['REDIS_URL']\n"}, "a.py:2"),),
        spared=(Example({"a.py": "import os\nCACHE_URL = os.environ['CACHE_URL']\nBROKER_URL = os.environ['BROKER_URL']\n"}),),
        why="One handle cannot be moved apart.", way_out="A variable for each use.", tokens=(),
        near=((('_URL',), '(BROKER|CACHE|SESSION|RESULT|CHANNEL|QUEUE)\\w*[\\"\'\\]]*\\s*='),),
        never="-", 
    ),
    Rule(
        "IV-5", "S", "Resources can come and go while the app runs", "backing-services + disposability", "low", come_and_go,
        found=(Example({"a.py": "from sqlalchemy import create_engine\nengine = create_engine(url)\n"}, "a.py:2"), Example({"a.py": "import requests\nrequests.get(url)\n"}, "a.py:2")),
        spared=(Example({"a.py": "from sqlalchemy import create_engine\nengine = create_engine(url, pool_pre_ping=True)\n"}), Example({"a.py": "import requests\nrequests.get(url, timeout=3)\n"})),
        why="A resource is exchanged or restarted under the running app.", way_out="Check pooled connections, and bound each wait.", tokens=("create_engine", "create_async_engine"),
        near=((('requests',), 'requests\\.(get|post|put|delete|patch|request)\\('),),
        never="programs that live for seconds",
        
    ),
    Rule(
        "IV-6", "M", "Backing services are network services, not files or embedded engines", 'backing-services ("over the network")', "medium", over_the_network,
        found=(Example(DB, "a/settings.py:3"), Example({"a.js": "const { spawn } = require('child_process')\nspawn('mariadbd', ['--datadir=x'])\n"}, "a.js:2")),
        spared=(
            Example({"a.py": "import sqlite3\ncon = sqlite3.connect('search.db')\ncon.execute('select 1')\n", "search.db": ""}),
            Example({"tests/settings.py": DB["a/settings.py"]}),
            Example({"a/settings.py": "import os\nif 'DYNO' in os.environ:\n    DATABASES = {}\nelse:\n    DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n"}),
        ),
        why="A file is lost with the machine, and no second process on another one can open it.",
        way_out="Attach a database.",
        tokens=("sqlite", "DATABASES", "shelve", "TinyDB", "dbm.open", "nedb", "lowdb", "leveldb", "plyvel", "mariadb", "mysqld", "duckdb", "forRoot", "DataSource", "redis-server", "mongod", "JSONFile", "FileStorage", "pg_ctl", "lmdb", "memcached"),
        near=((('level',), '[\\"\']level[\\"\']'), (('postgres',), '[\\"\']postgres[\\"\' ]')),
        never="read-only indexes that ship with the code; a fallback for local work (see X-1)",
        
    ),
)  # fmt: skip
