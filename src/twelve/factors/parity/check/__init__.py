"""What reading can judge of factor X: development, staging and production alike."""

from twelve.factors.parity.check.gap import time_gap
from twelve.factors.parity.check.sameness import (
    same_command,
    same_in_tests,
    same_keys,
    same_runtime,
    same_services,
)
from twelve.picture.origin import ENVIRONMENT
from twelve.picture.rule import Example, Rule

RULES = (
    Rule(
        "X-1", "M", "Same type and version of every backing service in all deploys", "dev-prod-parity", "low", same_services,
        found=(
            Example({"a/settings.py": "import dj_database_url, os\nif 'DYNO' in os.environ:\n    DATABASES = {'default': dj_database_url.config()}\nelse:\n    DATABASES = {'default': {\n        'ENGINE': 'django.db.backends.sqlite3'}}\n"}, "a/settings.py:6"),
            Example({"config.py": "import os\nSQLALCHEMY_DATABASE_URI = os.environ.get('DATABASE_URL', '').replace('a', 'b') or 'sqlite:///' + PATH\n"}, "config.py:2"),
            Example({"compose.yml": "services:\n  db:\n    image: postgres:16\n", "compose.prod.yml": "services:\n  db:\n    image: postgres:13\n"}, "compose.yml:3"),
        ),
        spared=(Example({"a/settings.py": "import os\nDATABASE_URL = os.environ.get('A') or os.environ['B']\n"}), Example({"compose.yml": "services:\n  db:\n    image: postgres:16\n"}), Example({"a/settings.py": "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\n"})),
        why="What works on one product breaks on the other, in production.", way_out="The same product and version everywhere.", sets=("DATABASES", "SQLALCHEMY_DATABASE", "CACHES"),
        near=((("DATABASE_URL",), ENVIRONMENT), (("sqlite",), r"sqlite:|sqlite3[\"'`]", ENVIRONMENT)),
        never="doubles in tests: see X-7",

    ),
    Rule(
        "X-2", "M", "Same runtime and OS level", "dev-prod-parity (tools gap)", "low", same_runtime,
        found=(Example({"Dockerfile": "FROM python:3.9\nCMD x\n", ".python-version": "3.12\n"}, "Dockerfile:1"),),
        spared=(Example({"Dockerfile": "FROM python:3.12-slim\nCMD x\n", ".python-version": "3.12.1\n"}),),
        why="Another interpreter has other faults.", way_out="One pin.", never="a library's matrix in CI",
    ),
    Rule(
        "X-3", "M", "Time gap small: deployed within hours", "dev-prod-parity", "low", time_gap,
        found=(Example({".github/workflows/d.yml": "on:\n  schedule:\n    - cron: '0 4 * * 1'\njobs:\n  deploy:\n    steps:\n      - run: make deploy\n"}, ".github/workflows/d.yml:3"),),
        spared=(
            Example({".github/workflows/d.yml": "jobs:\n  deploy:\n    steps:\n      - run: make deploy\n"}),
            Example({".github/workflows/d.yml": "on:\n  push:\n    branches: [main]\n  schedule:\n    - cron: '0 4 * * 1'\njobs:\n  deploy:\n    steps:\n      - run: make deploy\n"}),
            Example({".github/workflows/d.yml": "on:\n  schedule:\n    - cron: '0 4 * * *'\njobs:\n  deploy:\n    steps:\n      - run: make deploy\n"}),
            Example({".github/workflows/d.yml": "on:\n  schedule:\n    - cron: '0 4 * * 1'\njobs:\n  scan:\n    steps:\n      - run: make scan\n"}),
        ),
        why="A late deploy is a large one.", way_out="Deploy on merge.", never="no history: unknown; a nightly deploy", prover=True,
    ),
    Rule(
        "X-5", "S", "Dev runs the same command as production", "dev-prod-parity", "info", same_command,
        found=(Example({"Procfile": "web: gunicorn a\n", "Procfile.dev": "web: flask run\n"}, "Procfile.dev:1"),), spared=(Example({"Procfile": "web: gunicorn a\n", "Procfile.dev": "web: gunicorn --reload a\n"}),),
        why="Another server has other faults.", way_out="`twelve up` runs production's command.", never="front ends that reload",
    ),
    Rule(
        "X-6", "S", "Same set of config keys everywhere", "dev-prod-parity + config", "info", same_keys,
        found=(Example({"compose.yml": "services:\n  a:\n    build: .\n    environment:\n      A: $A\n      B: $B\n      C: $C\n", ".env.example": "X=1\n"}, "compose.yml:5"),),
        spared=(Example({"compose.yml": "services:\n  a:\n    build: .\n    environment:\n      A: $A\n", ".env.example": "A=1\n"}),),
        why="A key that one deploy lacks is a fault to come.", way_out="Declare each.", never="feature flags",
    ),
    Rule(
        "X-7", "S", "Tests use the production type of service", "dev-prod-parity", "low", same_in_tests,
        found=(Example({"requirements.txt": "psycopg2==2.9\n", "app/settings_test.py": "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n"}, "app/settings_test.py:1"),),
        spared=(Example({"requirements.txt": "flask==3.0\n", "app/settings_test.py": "X = 'sqlite3'\n"}),),
        why="A test on another product proves little.", way_out="Attach a throw-away one.", never="unit tests without a database",
    ),
)  # fmt: skip
