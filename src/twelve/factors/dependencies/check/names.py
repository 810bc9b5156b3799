"""Import names that differ from the distribution's, and names that no index serves."""

import re
import sys

STANDARD = frozenset(sys.stdlib_module_names) | {
    "__future__",
    "imp",
    "asyncore",
    "asynchat",
    "smtpd",
    "distutils",
    "cgi",
    "pipes",
    "telnetlib",
    "crypt",
    "_typeshed",
    "annotationlib",
    "compression",
    "tomllib",
    "__main__",
}
NODE = frozenset(
    [
        "assert",
        "async_hooks",
        "buffer",
        "child_process",
        "cluster",
        "console",
        "constants",
        "crypto",
        "dgram",
        "dns",
        "domain",
        "events",
        "fs",
        "http",
        "http2",
        "https",
        "inspector",
        "module",
        "net",
        "os",
        "path",
        "perf_hooks",
        "process",
        "punycode",
        "querystring",
        "readline",
        "repl",
        "stream",
        "string_decoder",
        "sys",
        "timers",
        "tls",
        "trace_events",
        "tty",
        "url",
        "util",
        "v8",
        "vm",
        "wasi",
        "worker_threads",
        "zlib",
        "diagnostics_channel",
        "test",
        "bun",
        "electron",
        "vscode",
    ]
)
COMPILED = frozenset(["server-only", "client-only"])
"""Names that Next resolves itself: they mark a module for its compiler and hold no code."""
DISTRIBUTIONS = {
    "yaml": "pyyaml", "PIL": "pillow", "cv2": "opencv", "bs4": "beautifulsoup4", "dateutil": "python-dateutil", "dotenv": "python-dotenv", "jwt": "pyjwt",
    "sklearn": "scikit-learn", "skimage": "scikit-image", "Crypto": "pycrypto", "Cryptodome": "pycryptodomex", "MySQLdb": "mysqlclient", "psycopg2": "psycopg2",
    "magic": "python-magic", "git": "gitpython", "attr": "attrs", "OpenSSL": "pyopenssl", "serial": "pyserial", "docx": "python-docx", "pptx": "python-pptx",
    "jose": "python-jose", "multipart": "python-multipart", "slugify": "python-slugify", "rest_framework": "djangorestframework", "edx_rest_framework_extensions": "edx-drf-extensions", "ldap": "python-ldap",
    "memcache": "python-memcached", "pkg_resources": "setuptools", "setuptools": "setuptools", "win32api": "pywin32", "zmq": "pyzmq", "gi": "pygobject",
    "telegram": "python-telegram-bot", "levenshtein": "python-levenshtein", "Levenshtein": "levenshtein", "markdown": "markdown", "github": "pygithub",
    "gitlab": "python-gitlab", "discord": "discord", "fitz": "pymupdf", "pymupdf": "pymupdf", "usb": "pyusb", "nacl": "pynacl", "socks": "pysocks",
    "corsheaders": "django-cors-headers", "debug_toolbar": "django-debug-toolbar", "environ": "django-environ", "decouple": "python-decouple",
    "allauth": "django-allauth", "crispy_forms": "django-crispy-forms", "storages": "django-storages", "compressor": "django-compressor", "mptt": "django-mptt",
    "graphene_django": "graphene-django", "pgvector": "pgvector", "OpenGL": "pyopengl", "Xlib": "python-xlib", "flask_sqlalchemy": "flask-sqlalchemy",
    "google": "google", "googleapiclient": "google-api-python-client", "ruamel": "ruamel", "zope": "zope", "azure": "azure", "opentelemetry": "opentelemetry", "sphinx": "sphinx", "psycopg": "psycopg",
    "pythonjsonlogger": "python-json-logger", "mod_wsgi": "mod-wsgi", "snowflake": "snowflake", "ibm_db": "ibm-db", "pymssql": "pymssql", "cx_Oracle": "cx-oracle",
    "tabs": "tabs", "textile": "textile", "werkzeug": "flask", "jinja2": "flask", "markupsafe": "jinja2", "click": "flask", "itsdangerous": "flask",
    "starlette": "fastapi", "pydantic": "fastapi", "pydantic_core": "pydantic", "botocore": "boto3", "urllib3": "requests", "kombu": "celery", "billiard": "celery",
    "asgiref": "django", "sqlparse": "django", "sqlalchemy": "sqlalchemy", "graphql": "graphene", "whoosh": "whoosh", "anyio": "starlette", "typing_extensions": "typing-extensions",
    "pytz": "django", "certifi": "requests", "numpy": "pandas", "packaging": "packaging", "greenlet": "sqlalchemy", "amqp": "celery", "vine": "celery", "fcntl": "", "bson": "pymongo", "gridfs": "pymongo", "djmoney": "django-money", "oauth2_provider": "django-oauth-toolkit", "webdav3": "webdavclient3", "import_export": "django-import-export",
    "ckeditor": "django-ckeditor", "taggit": "django-taggit", "widget_tweaks": "django-widget-tweaks", "phonenumber_field": "django-phonenumber-field", "modeltranslation": "django-modeltranslation",
    "simple_history": "django-simple-history", "guardian": "django-guardian", "reversion": "django-reversion", "social_django": "social-auth-app-django", "axes": "django-axes", "constance": "django-constance",
    "waffle": "django-waffle", "hijack": "django-hijack", "barcode": "python-barcode", "ldap3": "ldap3", "jwcrypto": "jwcrypto", "speech_recognition": "speechrecognition", "cpuinfo": "py-cpuinfo", "gnosis": "safe-eth-py", "uwsgi": "uwsgi", "uwsgidecorators": "uwsgi",
}  # fmt: skip
"""Import name to distribution. Where one always brings another, the bringer is named too: that is found by its own rule."""
TOOLS = frozenset(
    [
        "pip",
        "setuptools",
        "wheel",
        "uv",
        "poetry",
        "pipenv",
        "pdm",
        "hatch",
        "build",
        "virtualenv",
        "poetry-core",
        "hatchling",
        "twine",
        "tox",
        "nox",
        "pre-commit",
        "corepack",
        "npm",
        "yarn",
        "pnpm",
        "pm2",
        "nodemon",
    ]
)
BRINGERS = {
    "werkzeug",
    "jinja2",
    "markupsafe",
    "click",
    "itsdangerous",
    "starlette",
    "pydantic",
    "pydantic_core",
    "botocore",
    "urllib3",
    "kombu",
    "billiard",
    "asgiref",
    "sqlparse",
    "anyio",
    "pytz",
    "certifi",
    "numpy",
    "greenlet",
    "amqp",
    "vine",
    "typing_extensions",
    "packaging",
    "graphql",
}


SAME = frozenset(
    [
        "aiofiles", "aiohttp", "alembic", "anthropic", "arrow", "asyncpg", "bcrypt", "bleach", "boto3", "cachetools", "celery", "chardet", "cloudinary", "colorama", "cryptography",
        "croniter", "django", "dramatiq", "eventlet", "faker", "fastapi", "feedparser", "flask", "flask_admin", "flask_babel", "flask_bcrypt", "flask_caching", "flask_cors",
        "flask_jwt_extended", "flask_limiter", "flask_login", "flask_mail", "flask_marshmallow", "flask_migrate", "flask_restful", "flask_socketio", "flask_wtf", "gevent",
        "grpc", "gspread", "gunicorn", "h5py", "hexbytes", "html5lib", "httplib2", "httpx", "hypercorn", "isodate", "joblib", "jsonschema", "langchain", "loguru", "lxml", "marshmallow",
        "matplotlib", "minio", "mongoengine", "motor", "nltk", "oauth2client", "oauthlib", "openai", "openpyxl", "orjson", "pandas", "paramiko", "passlib", "peewee", "phonenumbers", "pika",
        "plotly", "prometheus_client", "psutil", "pycountry", "pydantic_settings", "pymongo", "pymysql", "pypdf", "pyotp", "qrcode", "redis", "reportlab", "requests", "requests_oauthlib",
        "rich", "rq", "scipy", "seaborn", "selenium", "sentry_sdk", "simplejson", "six", "sortedcontainers", "spacy", "sqlmodel", "starlette", "streamlit", "stripe", "structlog", "tabulate",
        "tenacity", "tensorflow", "tiktoken", "tornado", "tqdm", "transformers", "twilio", "typer", "tzlocal", "ujson", "uvicorn", "uvloop", "validators", "websockets", "weasyprint",
        "whitenoise", "wtforms", "xlsxwriter", "xlrd", "xmltodict", "zeep", "bs4", "sqlalchemy",
    ]
)  # fmt: skip
"""Distributions whose import name is their own, and which are on every index under it."""
OPEN = frozenset({"google", "azure", "zope", "ruamel", "opentelemetry", "snowflake", "gi", "fcntl"})
"""Names that many distributions share: which of them is meant, an import does not say."""
COMMON = frozenset(
    ["django", "flask", "fastapi", "python", "client", "common", "utils", "helper", "helpers", "tools", "framework", "plugin", "server", "types", "models", "google", "azure", "config", "logger", "logging", "async", "redis", "mongo", "mysql", "postgres", "sqlalchemy", "pytest", "celery"]
)  # fmt: skip
"""Words of many distributions: that two names share one of them says nothing."""


def normal(name: str) -> str:
    """A name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower() if not name.isalnum() else name.lower()


def declared(module: str, names: frozenset[str]) -> bool:
    """May one of the declared distributions serve this import name? Generous: a doubt is no finding."""
    wanted = normal(module)
    known = normal(DISTRIBUTIONS.get(module, module))
    if wanted in names or known in names:
        return True
    flat = wanted.replace("-", "")
    own = {word for word in wanted.split("-") if len(word) > 4} - COMMON
    for name in names:
        if own and own & set(name.split("-")):
            return True
        if len(flat) > 5 and flat in name.replace("-", ""):
            return True
        if name.replace("-", "") == flat or known in name or wanted in name.split("-"):
            return True
        if len(wanted) > 3 and (wanted in name or (name in wanted and len(name) > 4)):
            return True
    return False


def is_settled(module: str) -> bool:
    """Is it certain of which distribution the import name is?"""
    return (module in DISTRIBUTIONS and module not in OPEN) or module.lower() in SAME
