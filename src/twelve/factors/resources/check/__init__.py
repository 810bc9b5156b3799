"""What reading can judge of factor IV: backing services are attached resources."""

from twelve.factors.resources.check.handles import by_handle, own_handles
from twelve.factors.resources.check.kinds import come_and_go, over_the_network, same_code, swappable
from twelve.picture.origin import ENVIRONMENT
from twelve.picture.rule import Example, Rule

DB = {
    "a/settings.py": "import os\nDATABASES = {'default': {\n 'ENGINE': 'django.db.backends.sqlite3',\n 'NAME': 'db.sqlite3'}}\n"
}
URLS = "|".join(
    rf"{word}\w*[\"'\]]*\s*="
    for word in ("BROKER", "CACHE", "SESSION", "RESULT", "CHANNEL", "QUEUE")
)
"""Names of several handles of one service."""
RULES = (
    Rule(
        "IV-1", "M", "Each backing service is reached through a URL/handle kept in config", "backing-services", "high", by_handle,
        doubt="settings of a class, or with others beside them for a named environment: which of them a deploy takes, its config says",
        found=(
            Example({"a/app.py": "app.config['SQLALCHEMY_DATABASE_URI'] = 'postgresql://db.shop.io/app'\n"}, "a/app.py:1"),
            Example({"a/v.py": "import requests\ndef view(request):\n    url = 'http://127.0.0.1:8000/x'\n    requests.get(url)\n"}, "a/v.py:3"),
            Example({"a.js": "const mongoose = require('mongoose')\nmongoose.connect('mongodb://localhost/app')\n"}, "a.js:2"),
            Example({"app.py": "import redis\ndef view(request):\n    return redis.Redis(host='localhost').get('a')\n"}, "app.py:3", severity="high"),
            Example({"app.py": "import redis\ndef test_cache():\n    return redis.Redis(host='localhost').get('a')\n"}, "app.py:3", severity="medium"),
            Example({"config.py": "class Config:\n    REDIS_URL = 'redis://localhost:6379/0'\n"}, "config.py:2", severity="medium"),
        ),
        spared=(
            Example({"a.py": "import redis\nfrom django.conf import settings\ndef view(request):\n    url = getattr(settings, 'BROKER_URL', 'redis://localhost:6379/0')\n    return redis.Redis.from_url(url).ping()\n"}, note="taken when the settings have none"),
            Example({"a.py": "import os, redis\ndef cache():\n    host = os.getenv('REDIS_HOST')\n    if host is None:\n        host = 'localhost'\n    return redis.Redis(host=host)\n"}, note="the default of a variable that is asked first"),
            Example({"a.js": "const mongoose = require('mongoose')\nmongoose.connect(`mongodb://${db.user}:${db.password}@${db.host}/${db.name}`)\n"}), Example({"a.py": "from pymongo import MongoClient\nuri = Config.get_value(key='mongodb.uri')\nclient = MongoClient(uri)\n"}), Example({"a.py": "class Default:\n    REDIS_URL = 'redis://localhost:6379'\napp.config.from_object(Default)\napp.config.from_prefixed_env()\n"}), Example({"a.py": "import dj_database_url\nDATABASES = {'default': dj_database_url.config(env='DATABASE_URL', default='postgres://a:a@localhost/a')}\n"}),
            Example({"config.py": "class Config:\n    SQLALCHEMY_DATABASE_URI = 'postgresql://localhost/shop'\n", "app.py": "def create_app():\n    app.config['SQLALCHEMY_DATABASE_URI'] = services['postgres'][0]['uri']\n"}, note="what the platform says replaces it"),
            Example({"config.py": "class Test(Config):\n    SQLALCHEMY_DATABASE_URI = 'postgresql://localhost/shop_test'\n"}),
            Example({"celery.py": "from celery import Celery\napp = Celery('shop.tasks')\n"}, note="the first word is its own name"),
            Example({"conf.ts": "import { IsUrl } from 'class-validator';\nexport class EnvironmentVariables {\n  @IsUrl()\n  MONGO_URI: string = 'mongodb://localhost:27017/app';\n}\n"}, note="the default of a variable that is validated"),
            Example({"db.js": "module.exports = { host: process.env.MYSQL_HOST || 'mysql-db' }\n"}),
            Example({"a.py": "import requests\nrequests.get('https://api.stripe.com/v1', timeout=3)\n"}),
            Example({"compose.yml": "services:\n  a:\n    build: .\n    healthcheck:\n      test: [CMD, curl, 'http://localhost:8000/']\n"}),
        ),
        why="A service that is named in code cannot be exchanged without a change of code.",
        way_out="Read its URL from the environment.",
        calls=("create_engine", "create_async_engine", "Redis", "from_url", "MongoClient", "MotorClient", "ConnectionParameters", "URLParameters", "SMTP", "Elasticsearch", "Celery", "KafkaProducer", "KafkaConsumer", "memcache.Client", "ChatBot", "Chatterbot"),
        sets=("database_uri",),
        script_tokens=("mysql", "memcache", "Kafka", "equelize", "mongoose", "ioredis", "IORedis", "createClient", "Pool(", "createConnection", "createPool", "createTransport", "amqp", "knex", "pg.Client", "DataSource", "forRoot"),
        near=((("psycopg", "asyncpg", "pymysql", "MySQLdb", "mysql"), r"\bconnect\b|\bcreate_pool\b"), (("memcache",), "Client"), (("http://", "https://"), '(?#window)https?://(localhost|127\\.0|0\\.0\\.0\\.0|10\\.|192\\.168|172\\.|[a-z][a-z0-9_-]*[:/\\"\'`])'), (("database", "db", "redis", "mongo", "broker", "amqp", "rabbit", "elastic", "cache", "celery", "postgres", "mysql", "smtp", "mail", "kafka", "queue", "result_backend", "memcached", "connection_string", "connectionstring", "dsn", "bootstrap_servers"), r"(?#here)(?i)(?:(?:database|db|redis|mongo(?:db)?|broker|amqp|rabbit(?:mq)?|elastic(?:search)?|cache|celery(?:_broker)?|celery_result|postgres(?:ql)?|mysql|smtp|mail|kafka|queue|result_backend|memcached)_?(?:url|uri|dsn|host|hosts|connection_string|server|backend|address|bootstrap_servers|database_uri)?|connection_?string|dsn|bootstrap_servers)[\"'\]]*\s*(?::[^=\n]{1,40})?[:=]\s*\(?\s*\w?[\"'`](?:[^\"'`\n]*[:.]|localhost)")),
        never="defaults of a read, public APIs of vendors, health probes of oneself",

    ),
    Rule(
        "IV-2", "M", "Code makes no distinction between local and third-party services", "backing-services", "low", same_code,
        found=(Example({"a/settings.py": "DEBUG = True\nif DEBUG:\n    DATABASES = {'default': {'ENGINE': 'x'}}\n"}, "a/settings.py:2"),),
        spared=(Example({"a/settings.py": "import os\nCACHES = {'default': {'LOCATION': os.environ['REDIS_URL']}}\n"}),),
        why="A branch for the local service is code that production never runs.", way_out="Choose by the URL alone.", never="TLS that follows from the URL's scheme",
        sets=("DATABASES", "CACHES", "EMAIL_BACKEND", "DEFAULT_FILE_STORAGE", "BROKER_URL"),
    ),
    Rule(
        "IV-3", "M", "A service can be swapped without code change", "backing-services", "info", swappable,
        found=(Example({"a/settings.py": "import os\nif os.getenv('DB') == 'postgres':\n    DATABASES = {}\n"}, "a/settings.py:2"),),
        spared=(Example({"a/settings.py": "import dj_database_url\nDATABASES = {'default': dj_database_url.config()}\n"}),),
        why="Each new kind needs a new block.", way_out="Let the URL's scheme say the kind.", never="-", sets=("DATABASES", "CACHES"), near=((("DATABASE_URL",), ENVIRONMENT),),
    ),
    Rule(
        "IV-4", "S", "Each distinct service is its own resource with its own handle", "backing-services", "info", own_handles,
        found=(Example({"a.py": "import os\nCACHE_URL = os.environ['REDIS_URL']\nBROKER_URL = os.environ['REDIS_URL']\n"}, "a.py:2"),),
        spared=(Example({"a.py": "import os\nCACHE_URL = os.environ['CACHE_URL']\nBROKER_URL = os.environ['BROKER_URL']\n"}),),
        why="One handle cannot be moved apart.", way_out="A variable for each use.", tokens=(),
        near=(
            (("_URL",), rf"(?#script){URLS}", ENVIRONMENT),
            (("_URL",), rf"(?#python){URLS}", r"[\w\])][\[(][^\"'()]*[\"']\w*_URL[\"']", ENVIRONMENT),
        ),
        never="-",
    ),
    Rule(
        "IV-5", "S", "Resources can come and go while the app runs", "backing-services + disposability", "low", come_and_go,
        found=(Example({"a.py": "from sqlalchemy import create_engine\nengine = create_engine(url)\n"}, "a.py:2"), Example({"a.py": "import requests\nrequests.get(url)\n"}, "a.py:2")),
        spared=(Example({"a.py": "from sqlalchemy import create_engine\nengine = create_engine(url, pool_pre_ping=True)\n"}), Example({"a.py": "import requests\nrequests.get(url, timeout=3)\n"})),
        why="A resource is exchanged or restarted under the running app.", way_out="Check pooled connections, and bound each wait.", calls=("create_engine", "create_async_engine"),
        near=((("requests",), r"(?#here)requests\.(?:get|post|put|delete|patch|request)\("),),
        never="programs that live for seconds",

    ),
    Rule(
        "IV-6", "M", "Backing services are network services, not files or embedded engines", 'backing-services ("over the network")', "medium", over_the_network,
        found=(Example(DB, "a/settings.py:3"), Example({"a.js": "const { spawn } = require('child_process')\nspawn('mariadbd', ['--datadir=x'])\n"}, "a.js:2")),
        spared=(
            Example({"a.py": "level = logger.level(record.levelname).name\nlogger.level(name)\n"}), Example({"a.py": "import sqlite3\ncon = sqlite3.connect('search.db')\ncon.execute('select 1')\n", "search.db": ""}),
            Example({"tests/settings.py": DB["a/settings.py"]}),
            Example({"a/settings.py": "import os\nif 'DYNO' in os.environ:\n    DATABASES = {}\nelse:\n    DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n"}),
        ),
        why="A file is lost with the machine, and no second process on another one can open it.",
        way_out="Attach a database.",
        sets=("DATABASES",), calls=("TinyDB", "FileStorage", "open_lmdb"), script_tokens=("nedb", "lowdb", "leveldb", "forRoot", "DataSource", "JSONFile", "equelize", "knex", "sqlite"),
        near=((("sqlite",), r"sqlite3?\.connect|sqlite3? import|import sqlite3 as|sqlite:|backends\.(?:\w+\.)?sqlite3|\.sqlite3[\"']"), (("level",), r"(?#script)(?:require\(\s*|from\s+)[\"']level[\"']"), (("shelve", "dbm", "plyvel", "duckdb"), r"\b(?:shelve|dbm|plyvel|duckdb)\b", r"\b(?:open|DB|connect)\b"), (("mariadbd", "mysqld", "postgres", "redis-server", "mongod", "memcached", "pg_ctl"), r"(?#here)(?:mariadbd|mysqld|mysqld_safe|postgres|redis-server|mongod|memcached|pg_ctl)[\"'` ]", "|".join(rf"\b{word}\(" for word in ("spawn", "spawnSync", "Popen", "run", "execFile", "execSync", "exec", "call")))),
        never="read-only indexes that ship with the code; a fallback for local work (see X-1)",

    ),
)  # fmt: skip
