"""What reading can judge of factor III: config in the environment."""

from twelve.factors.config.check.environments import (
    fixed_for_life,
    no_named_environments,
    orthogonal,
)
from twelve.factors.config.check.files import only_environment
from twelve.factors.config.check.leaks import (
    no_deploy_files,
    no_guessable_default,
    no_secret_in_artefact,
)
from twelve.factors.config.check.secrets import no_credential
from twelve.factors.config.check.values import (
    declared,
    no_constant,
    read_once,
    static_keys,
)
from twelve.picture.code import HANDLES
from twelve.picture.origin import ENVIRONMENT
from twelve.picture.rule import Example, Rule

ENV_WORDS = (
    "environ",
    "getenv",
    "process.env",
    "BaseSettings",
    "decouple",
    "envparse",
    "prettyconf",
    "import.meta.env",
)
GIVEN = r"[\w\])][\[(][^\"'()]*[\"']\w*"
"""How Python gives a variable's name to what reads it."""
FIELD = r"\n[ \t]+\w*"
SETTINGS = r"(?#python)Settings\b|EnvConfig\b"
"""A class of settings: its fields are read from variables of their names."""
READ = ("environ.get", "environ.pop", "environ.setdefault")
ASKED = r"[sS]ecret|SECRET|[pP]assw|PASSW|[tT]oken|TOKEN|api_?key|API_?KEY|ACCESS_?KEY|access_key|PRIVATE_?KEY|[sS]igning|SIGNING|CREDENTIAL|credential|DEBUG|debug|_key|_KEY|JWT|jwt|PWD"

RULES = (
    Rule(
        "III-1", "M", "Nothing that varies between deploys is a constant in code", "config", "high", no_constant,
        doubt="a value of a class, or of settings with others beside them for a named environment, which may say another one",
        found=(
            Example({"shop/settings.py": "ALLOWED_HOSTS = ['shop.herokuapp.com']\n"}, "shop/settings.py:1"),
            Example({"shop/settings.py": "DEBUG = True\n"}, "shop/settings.py:1"),
            Example({"shop/settings/__init__.py": "DEBUG = True\n", "shop/settings/dev.py": "import os\nDEBUG = os.environ.get('DEBUG', '0') == '1'\n"}, "shop/settings/__init__.py:1"),
            Example({"a.py": "from fastapi import FastAPI\napp = FastAPI(debug=True)\n"}, "a.py:2"),
            Example({"a.py": "from flask import Flask\nDEBUG = True\napp = Flask(__name__)\napp.config.from_object(__name__)\n"}, "a.py:2"),
            Example({"shop/settings.py": "DEBUG = True\n"}, "shop/settings.py:1", severity="high"),
            Example({"config.py": "class Config:\n    DEBUG = True\nclass Live(Config):\n    DEBUG = False\n"}, "config.py:2", severity="medium"),
        ),
        spared=(
            Example({"shop/settings.py": "import os\nDEBUG = os.getenv('DEBUG', 'False') == 'True'\nALLOWED_HOSTS = ['localhost', '127.0.0.1']\n"}),
            Example({"shop/settings.py": "import os\nif 'DYNO' in os.environ:\n    ALLOWED_HOSTS = ['*']\nelse:\n    ALLOWED_HOSTS = ['shop.example.org']\n"}),
            Example({"a/settings/base.py": "DEBUG = True\n", "a/settings/production.py": "from .base import *\nwith open(os.environ['CONFIG']) as f:\n    vars().update(yaml.safe_load(f))\n"}, note="the deploy's own file replaces it: see III-3"),
            Example({"shop/settings/dev.py": "DEBUG = True\n"}), Example({"shop/match.py": "DEBUG = True\ndef match(a):\n    return a\n"}, note="a word of that file, no setting"),
            Example({"shop/settings/base.py": "DEBUG = True\n", "shop/settings/production.py": "from .base import *\nDEBUG = False\n"}),
            Example({"shop/settings/__init__.py": "DEBUG = True\n", "shop/settings/settings_docker.py": "import os\nDEBUG = os.environ.get('DEBUG', '0') == '1'\n"}, note="another file of settings takes it from the environment"),
            Example({"a.py": "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    FRONTEND_URL: str = 'https://shop.io'\n"}),
        ),
        why="A constant makes the code belong to one deploy.",
        way_out="Read it from the environment, and declare the key.",
        script_tokens=("debug=True",), sets=("ALLOWED_HOSTS",),
        near=((("debug=True",), "(?#python)(?#code)"), (("DEBUG", "SITE_ID", "_ORIGINS", "ORIGIN_WHITELIST", "SERVER_NAME", "COOKIE_DOMAIN", "_URL", "SITE_", "MAIL", "SMTP_", "BUCKET", "AZURE_", "DOMAIN", "HOSTNAME", "_HOST"), '(?#window)(?<![!=]= [\\"\'])\\b(?:DEBUG|SITE_ID|ALLOWED_HOSTS|CSRF_TRUSTED_ORIGINS|CORS_ALLOWED_ORIGINS|CORS_ORIGIN_WHITELIST|CORS_ORIGINS|ALLOWED_ORIGINS|SERVER_NAME|SESSION_COOKIE_DOMAIN|CSRF_COOKIE_DOMAIN|INTERNAL_ALLOWED_HOSTS|SITE_URL|BASE_URL|SITE_DOMAIN|FRONTEND_URL|BACKEND_URL|PUBLIC_URL|ROOT_URL|SITE_ROOT|DOMAIN|SITE_HOST|APP_URL|HOSTNAME|API_URL|EMAIL_HOST|DEFAULT_FROM_EMAIL|SERVER_EMAIL|EMAIL_HOST_USER|MAIL_SERVER|MAIL_DEFAULT_SENDER|MAIL_USERNAME|SMTP_HOST|SMTP_SERVER|AWS_STORAGE_BUCKET_NAME|GS_BUCKET_NAME|S3_BUCKET|S3_BUCKET_NAME|AWS_S3_BUCKET|BUCKET_NAME|AZURE_CONTAINER|AZURE_ACCOUNT_NAME|AWS_BUCKET)[\\"\'\\]]*\\s*(?::[^=\\n]{1,60})?[:=]')),
        never="defaults of a read, settings classes, routes, wiring, example.com, files for development and tests",

        fixable=True,
    ),
    Rule(
        "III-2", "M", "No credential in code or history (could be open-sourced now)", "config (litmus test)", "high", no_credential,
        doubt="a value that says itself that a real one takes its place; settings with others beside them for a named environment; the key of a certificate in a file of its own",
        found=(
            Example({"app/settings.py": "class Settings:\n    SMTP_PASSWORD = 'qwxzplmtrvbnkscd'\n"}, "app/settings.py:2"),
            Example({"shop/settings.py": "SECRET_KEY = 'lr66-a!km5ed@n5ug!tya5bv0yqwa1tn'\n"}, "shop/settings.py:1"),
            Example({"server.js": "const session = require('express-session')\napp.use(session({\n  secret: 'keyboard cat' }))\n"}, "server.js:3"),
            Example({"k8s/keys.yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: keys\ndata:\n  API_TOKEN: ZzdLcTJ4VjltUDR0\n"}, "k8s/keys.yaml:6"),
            Example({"db.py": "engine = create_engine('postgres://app:" + "s3cr3t99@db.shop.io/app')\n"}, "db.py:1"),
            Example({"shop/settings.py": "SECRET_KEY = 'lr66-a!km5ed@n5ug!tya5bv0yqwa1tn'\n"}, "shop/settings.py:1", severity="high"),
            Example({"shop/settings.py": "SECRET_KEY = 'replace-me-in-production'\n"}, "shop/settings.py:1", severity="medium"),
            Example({"shop/settings/base.py": "SECRET_KEY = 'lr66-a!km5ed@n5ug!tya5bv0yqwa1tn'\n", "shop/settings/production.py": "from .base import *\n"}, "shop/settings/base.py:1", severity="medium"),
            Example({"page/map.js": "load('https://maps.googleapis.com/maps/api/js?key=AIza" + "SyB7kQw2LmZx9TnV4cR8dYp3HsJf6GaEu1o&callback=show')\n", "app.js": "import './page/map'\n"}, "page/map.js:1", severity="medium"),
        ),
        spared=(
            Example({"app/web.py": "THEME_SESSION_KEY = 'theme'\nDISABLED_SECRET = '!'\nclass Codes:\n    INVALID_CREDENTIALS = 'ACCOUNT_ERR_03'\n"}),
            Example({"lib/firebase_options.dart": "const android = FirebaseOptions(apiKey: 'AIza" + "SyDsA2wgQIwbVgwODNMIF482gVRn5xdANU1');\n"}),
            Example({"shop/models.py": "class User(Model):\n    password = CharField(max_length=300)\n    token_type = 'bearer'\n"}),
            Example({"shop/settings.py": "import os\nSECRET_KEY = os.environ['SECRET_KEY']\nDB_PASSWORD = ''\n"}),
            Example({"tests/test_a.py": "PASSWORD = 'hunter2!x'\n"}),
            Example({"a/settings.py": "REST_FRAMEWORK = {'RATES': {'apikey': '500/minute'}}\n"}), Example({"a/store.py": "session_key = 'session:cookies:user.%s'\n"}), Example({"a/words.ts": "export const INVALID_ADMIN_SECRET = 'Invalid access secret';\n"}),
            Example({"a/dto.ts": "const example = 'https://s3.example.com/a?X-Amz-Credential=AKIA" + "3SGQVQG7FGA6KKA6%2F2022';\n"}, note="a signed URL names its key, not the secret"),
            Example({"shop/config.py": "class TestingConfig(Config):\n    SECRET_KEY = 'AAAAAAAAAAAAAAAA'\n"}, note="a class for tests"),
            Example({"k8s/keys.yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: keys\nstringData:\n  API_TOKEN: '{{ token }}'\n"}),
            Example({"app/schemas.py": "class Login(BaseModel):\n    model_config = {'json_schema_extra': {'examples': [\n        {'password': 'passw0rd8x'}]}}\n"}),
            Example({"a.py": "ACCESS_TOKEN_EXPIRE_MINUTES = 60\nLABELS = {'password': 'Password'}\nTOKEN_URL = '/api/token'\n"}),
            Example({"Dockerfile": "FROM python:3.12\nRUN SECRET_KEY=dummy ./manage.py collectstatic\n"}),
        ),
        why="The litmus test of the factor: could the code be made public now?",
        way_out="Read it from the environment; change the credential, for it stays in the history.",
        calls=("jwt.encode", "jwt.decode", "URLSafeTimedSerializer", "SessionMiddleware"),
        script_tokens=("jwt.sign", "jsonwebtoken", "cookie-parser", "cookieParser", "cookie-session", "express-session", "JwtModule", "fastify-jwt", "expressjwt"),
        near=((("secret", "passw", "passphrase", "token", "api_key", "apikey", "api-key", "access_key", "accesskey", "access-key", "private_key", "privatekey", "private-key", "pwd", "_pass", "credential", "auth_key", "authkey", "signing_", "signing", "encryption_", "crypto_key", "cryptokey", "hmac", "fernet", "account_key", "accountkey", "session_key", "sessionkey", "cookie_key", "cookiekey", "jwt_key", "jwtkey", "pass:", "pass'", 'pass"', "pass=", "pass "), r"(?#code)(?i)(?!_pass(?:ed|es|ing|age|able|ion|ive|port|enger))[\w-]{3,34}[\"'\]]{0,3}\s*(:[ \t]*[\w.\[\], |]+)?\s*(?::(?!\s*\n\s*\"\"\")|=)\s*\(?\s*[rbfu]?[\"'`](?![\"'](?![\"']))"), (("://",), '(?#here)://[^\\s\\"\'/@:]+:(?!(?:[A-Z_]+|x+|\\.+|pass\\w*|pw|user\\w*)@)[^\\s\\"\'/@{]+@')),
        never="fixtures, placeholders, fields and labels called password, dummies for one build step",
        fixable=True,
    ),
    Rule(
        "III-3", "M", "Config is read from environment variables, not from files or other channels", "config", "medium", only_environment,
        found=(
            Example({"config/production.json": '{"database": {\n"password": "k3mGh7"}}', "package.json": '{"dependencies": {"config": "1.30.0"}}'}, "config/production.json:2"), Example({"shop/settings.py": "import os\nA = os.getenv('A')\nfrom .local_settings import *\n"}, "shop/settings.py:3"),
            Example({"shop/settings/base.py": "import os\nfrom .keys import (\n    DB_HOST,\n    SECRET_KEY,\n)\n", ".gitignore": "keys.py\n"}, "shop/settings/base.py:2"),
            Example({"ormconfig.json": '{"type": "mysql",\n"host": "localhost"}'}, "ormconfig.json:2"),
            Example({"a.js": "const fs = require('fs')\nconst c = JSON.parse(fs.readFileSync('db-config.json'))\n"}, "a.js:2"),
            Example({"a.py": "import b\nc = b.load('./config/main.yaml')\n", "config/main.yaml": "db:\n  host: db1\n  password: kw8s2x\n"}, "a.py:2"),
        ),
        spared=(
            Example({"shop/settings/base.py": "from .keys import SECRET_KEY\nfrom .more import LANGUAGES\n", "shop/settings/keys.py": "import os\nSECRET_KEY = os.environ['SECRET_KEY']\n"}),
            Example({"a.py": "import os\nURL = os.environ['URL']\nwith open('logging-config.yaml') as f:\n    pass\n"}),
            Example({"a.py": "import b\nc = b.load('./config/main.yaml')\n", "config/main.yaml": "colour: red\nhost: example\n"}),
            Example({"a.py": "import os\nwith open(os.environ['APP_SETTINGS']) as f:\n    pass\n"}),
        ),
        why="A file is easily checked in, and each kind of file has its own place and format.",
        way_out="One variable for each value.",
        tokens=(),
        near=((("local_settings", "settings_local", "local_config", "localsettings", "config_local"), r"\b(?:import|from|require)\b[^\n]*(?:local_?settings|settings_local|local_config|config_local)"), (("onfig", "ettings", "ecret", "redential", "atabase"), r"(?#here)(?i)(?:(?<![tj]sc)onfig(?:uration)?|ettings|ecrets?|redentials?|atabase)[\w./-]*\.(?:json|ya?ml|ini|toml|conf|cfg)")),
        never="logging files, routes, schemas, files that a variable locates",

    ),
    Rule(
        "III-4", "M", "Files with deploy values are not checked in", "config", "high", no_deploy_files,
        doubt="values that all say themselves that real ones take their place",
        found=(
            Example({".env": "PORT=1\nSECRET_KEY=changethis\n"}, ".env:2"),
            Example({"prod.env": "API_TOKEN=a8Kd82jf02Ls\n"}, "prod.env:1"),
            Example({"page/.env.production": "LEVEL=1\nAPI_URL=https://api-7.shop.io/v1\n"}, "page/.env.production:2"),
            Example({".env": "SECRET_KEY=shop-dev-8842-xk\n"}, ".env:1", severity="medium"),
            Example({".env": "SECRET_KEY=lr66-a!km5ed@n5ug!tya5bv0yqwa1tn\n"}, ".env:1", severity="high"),
        ),
        spared=(
            Example({".env.example": "SECRET_KEY=changethis\n", ".gitignore": ".env\n"}),
            Example({".env": 'ENVIRONMENT="development"\n'}),
            Example({"page/.env.production": "API_URL=https://your-domain.com\nBASE=/v1\nDB=postgres://db:5432/a\n", "page/.env": "A=https://api-7.shop.io\n"}),
            Example({"docker/compose.env": "APP_SECRET_KEY=change-me\n"}),
        ),
        why="A file of values is one deploy's, and the codebase is of all.",
        way_out="Ignore the file, and check in an example without values.",
        never="examples, and env files that hold no secret",
        fixable=True,
    ),
    Rule(
        "III-5", "M", "Config is not batched into named environments", "config", "medium", no_named_environments,
        found=(
            Example({"a/settings/dev.py": "X = 1\n", "a/settings/production.py": "X = 2\n"}, "a/settings/dev.py:1"),
            Example({"a/settings.py": "import os\nDEBUG = os.environ.get('ENVIRONMENT') == 'development'\n"}, "a/settings.py:2"),
            Example({"config.py": "config = {'development': Dev, 'production': Prod}\n"}, "config.py:1"),
            Example({"config.py": "import os\ndef settings():\n    configs = {'development': Dev, 'production': Prod}\n    return configs[os.environ['MODE']]()\n"}, "config.py:3"),
            Example({"config/keys.js": "if (process.env.NODE_ENV === 'production') {\n  module.exports = require('./keys_prod')\n} else {\n  module.exports = require('./keys_dev')\n}\n"}, "config/keys.js:2"),
        ),
        spared=(
            Example({"index.js": "var env = process.env.NODE_ENV || 'development'\n"}),
            Example({"store.js": "if (process.env.NODE_ENV === 'production') {\n  module.exports = require('./store.prod')\n}\n"}),
            Example({"a/settings/base.py": "X = 1\n", "a/settings/test.py": "X = 2\n"}),
        ),
        why="Groups multiply: with each new deploy there is another set to keep.",
        way_out="Give each setting its own variable.",
        tokens=(),
        near=(
            (("ENV", "STAGE"), r"(?#script)(?:ENV|ENVIRONMENT|STAGE)(?:[\"'`]|\s*[:=|?)},;])", ENVIRONMENT),
            (("ENV", "STAGE"), r"(?#python)(?#here)(?:ENV(?:IRONMENT)?|STAGE)[\"']", rf"{GIVEN}(?:ENV|ENVIRONMENT|STAGE)[\"']|[\"']\w*(?:ENV|ENVIRONMENT|STAGE)[\"']\s+(?:not\s+)?in\b", ENVIRONMENT),
            (("ENV", "STAGE"), SETTINGS, rf"{FIELD}(?:ENV|ENVIRONMENT|STAGE)\s*[:=]"),
            (("production", "Production"), r"(?#script)(?:production|prod|live)[\"']?\s*:"),
            (("production", "prod'", 'prod"', "live'", 'live"'), r"(?#python)(?#here)(?:(?<=[\"'])(?:production|prod|live)[\"']|production)\s*:", "production|Production"),
        ),
        never="NODE_ENV as the switch of a build, settings for tests",

    ),
    Rule(
        "III-6", "M", "Env vars are orthogonal: one key controls one thing", "config", "low", orthogonal,
        found=(
            Example({
                "a/settings.py": "import os\nON_PLATFORM = 'DYNO' in os.environ\nif ON_PLATFORM:\n    ALLOWED_HOSTS = ['*']\n    SECURE_SSL = True\n    DATABASES = {}\n",
            }, "a/settings.py:2"),
        ),
        spared=(Example({"a/settings.py": "import os\nif os.getenv('REDIS_URL'):\n    CACHES = {}\n    SESSION_ENGINE = 'x'\n    BROKER = 'y'\n"}),),
        why="A variable that moves several things cannot be set for one of them.",
        way_out="Give each setting its own variable.",
        never="a test whether one resource is attached",
        near=(
            (("environ", "getenv"), r"(?#here)environb?\b|getenv", r"\n(?:[ \t]++(?:[\w.,]*[^\w\n])??|(?:if\b|el|\}).*?\b)[A-Z][A-Z0-9_]*+[\"'\]]*+\s*+(?::[^=\n]*+)?=[^=]"),
            (("SECRET_KEY", "DATABASES", "DATABASE_URL"), r"\b(?:SECRET_KEY|DATABASES|DATABASE_URL)[\"'\]]*\s*(?::[^=\n]*)?="),
        ),
    ),
    Rule(
        "III-7", "X", "The needed keys are declared and checked at start", "later texts: a schema of keys", "low", declared,
        found=(Example({"a.py": "import os\nKEY = os.environ['STRIPE_KEY']\n", ".env.example": "PORT=\n"}, "a.py:2"),),
        spared=(Example({"a.py": "import os\nKEY = os.environ['STRIPE_KEY']\n", ".env.example": "STRIPE_KEY=\n"}),),
        why="A key that nobody declared is found missing in production.", way_out="Write it into .env.example.", never="keys with a default", tokens=ENV_WORDS, fixable=True,
    ),
    Rule(
        "III-8", "S", "No guessable default for a secret", "config", "high", no_guessable_default,
        found=(
            Example({"a/settings.py": "import os\nSECRET_KEY = os.getenv('SECRET_KEY', '---')\n"}, "a/settings.py:2"),
            Example({"a.js": "const s = { secret: process.env.SESSION_SECRET || 'keyboard cat' }\n"}, "a.js:1"),
        ),
        spared=(
            Example({"a/conf.py": "from pydantic_settings import BaseSettings\nKEY = 'a-key-for-trials'\nclass Settings(BaseSettings):\n    SECRET_KEY: str = KEY\n    def check(self):\n        errors = []\n        if self.SECRET_KEY == KEY:\n            errors.append('set it')\n        if errors:\n            raise ValueError(errors)\n"}, note="the start refuses it"),
            Example({"a/conf.py": "from pydantic_settings import BaseSettings\nclass TestSettings(BaseSettings):\n    SECRET_KEY: str = 'a-key-for-tests'\n"}, note="settings for tests"),
            Example({"a.py": "import os\nSECRET_KEY = os.getenv('SECRET_KEY', 'change-me')\nif SECRET_KEY == 'change-me':\n    raise ValueError\n"}),
            Example({"a.py": "import os\nSMTP_PASSWORD = os.getenv('SMTP_PASSWORD', '')\n"}),
        ),
        why="With a default the app starts unsafe instead of not at all.",
        way_out="Leave the default out.",
        tokens=(),
        near=(
            (("environ[",), r"environ\[[^\]\n]*\]\s*or\b"), (("Settings",), r"class \w+\([^)]*Settings\b"),
            ((*READ, "getenv", "process.env", "import.meta.env", "env(", "env.", "config("), rf"(?#script)(?#window){ASKED}"),
            ((*READ, "getenv(", "getenvb(", "getenv as"), rf"(?#python)(?#window){ASKED}"),
            (("env(", "env.", "config("), r"(?#python)(?#here)[\w.]+\([^():]*[\"']", ASKED),
        ),
        never="defaults that the app refuses, empty defaults of optional services",

    ),
    Rule(
        "III-10", "S", "Config is fixed for the life of a process; rotating credentials are located by an env var", "config (draft of the next edition)", "low", fixed_for_life,
        found=(
            Example({"a.py": "import os\n\n@app.post('/mode')\ndef change():\n    os.environ['MODE'] = 'fast'\n"}, "a.py:5"),
            Example({"a.js": "app.post('/mode', (req, res) => {\n  process.env.MODE = req.body.mode\n})\n"}, "a.js:2"),
        ),
        spared=(
            Example({"a.py": "import os\np = os.getenv('DB_PASSWORD_FILE')\n"}),
            Example({"a.py": "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'\n"}),
            Example({"a.py": "import os\ndef view(request):\n    mode = os.environ['MODE']\n"}),
        ),
        why="What a request changes in one process, no other process knows; a file that rotates is found through a variable that does not.",
        way_out="A changed config is a new release; NAME_FILE holds the path of what rotates.",
        never="variables that are set before the app is made, and for a program that it starts", prover=True,
        near=(
            (("_FILE", "_PATH"), r"(?#script)(?#here)_(?:FILE|PATH)(?:[\"'`]|\s*[:|)},;?])", ENVIRONMENT),
            (("_FILE", "_PATH"), r"(?#python)(?#here)_(?:FILE|PATH)[\"']", rf"{GIVEN}_(?:FILE|PATH)[\"']|[\"']\w*_(?:FILE|PATH)[\"']\s+(?:not\s+)?in\b", ENVIRONMENT),
            (("_FILE", "_PATH"), SETTINGS, rf"{FIELD}_(?:FILE|PATH)\s*[:=]"),
            (("environ",), r"environ(?:b?\[[^\]\n]*\]\s*[-+|,]?\s*=(?!=)|\.(?:update|setdefault)\()|environ as\b", HANDLES),
            (("process.env",), r"process\.env(?:\.\w+|\[[^\]\n]*\])\s*(?:\?\?|\|\|)?=[^=>]", HANDLES),
        ),
    ),
    Rule(
        "III-11", "S", "No secret in the artefact", "config + build-release-run", "medium", no_secret_in_artefact,
        found=(
            Example({"Dockerfile": "FROM python:3.12\nARG NPM_TOKEN\nENV API_KEY=a8Kd82jf02Ls\n"}, "Dockerfile:2"),
            Example({"Dockerfile": "FROM python:3.12\nCOPY .env /app/\n"}, "Dockerfile:2"),
        ),
        spared=(Example({"Dockerfile": "FROM python:3.12\nRUN SECRET_KEY=dummy ./manage.py collectstatic\nENV TOKEN_URL=/t\n"}),),
        why="Whoever gets the image gets the secret.",
        way_out="Mount it as a build secret; set it in the deploy's config.",
        never="dummies for one RUN line",
    ),
    Rule(
        "ID-1", "X", "Short-lived workload identity instead of static credentials", "later texts: identity", "info", static_keys,
        found=(Example({"a.py": "import os\nK = os.environ['AWS_SECRET_ACCESS_KEY']\n"}, "a.py:2"),),
        spared=(Example({"a.py": "import os\nK = os.environ['STRIPE_KEY']\n"}),),
        why="A static key lives until somebody remembers it.", way_out="Use the platform's identity.", never="third parties without OIDC", tokens=ENV_WORDS,
    ),
    Rule(
        "ID-2", "X", "Identity is found through an env var and re-read", "later texts: identity", "info", read_once,
        found=(Example({"a.py": "import os\nT = open(os.environ['IDENTITY_TOKEN_FILE']).read()\n"}, "a.py:2"),),
        spared=(Example({"a.py": "import os\ndef t():\n    return open(os.environ['IDENTITY_TOKEN_FILE']).read()\n"}),),
        why="A rotated token is stale when it is read once.", way_out="Read it for each use.", never="-", tokens=ENV_WORDS,
    ),
)  # fmt: skip
