"""What reading can judge of factor V: build, release and run are apart."""

from twelve.factors.releases.check.building import (
    named_base,
    one_build,
    own_stage,
    rolling,
    unique_release,
    way_back,
)
from twelve.factors.releases.check.running import DOWNLOADS, code_is_fixed, few_moving_parts
from twelve.picture.rule import Example, Rule
from twelve.picture.sinks import writers

SOURCES = r"\.(?:py|js|ts|jsx|tsx|mjs|cjs|rb|php|so|pyc)[\"'`]"

DOCKER = "FROM python:3.12\n"
RULES = (
    Rule(
        "V-1", "M", "Build is a stage of its own that needs no deploy config", "build-release-run", "high", own_stage,
        found=(Example({"Dockerfile": DOCKER + "RUN python manage.py migrate\n"}, "Dockerfile:2"), Example({"render.yaml": "services:\n  - type: web\n    buildCommand: ./build.sh\n", "build.sh": "./manage.py migrate\n"}, "build.sh:1")),
        spared=(Example({"Dockerfile": DOCKER + "RUN gunicorn --version\nFROM python:3.12 AS test\nRUN make setup\n", "Makefile": "setup:\n\tflask db upgrade\n"}, note="the stage is for tests"), Example({"Dockerfile": DOCKER + "RUN SECRET_KEY=dummy DATABASE_URL=sqlite:// ./manage.py collectstatic --noinput\n"})),
        why="A build that needs a database belongs to one deploy.", way_out="Run it in the release phase.", never="a dummy handle for collectstatic",
    ),
    Rule(
        "V-2", "M", "One build serves all deploys: config is added at release, not compiled in", "build-release-run", "low", one_build,
        found=(Example({"Dockerfile": "FROM node:22\nARG VITE_API_URL=\nRUN npm run build\n"}, "Dockerfile:2"),),
        spared=(Example({"Dockerfile": "FROM node:22\nARG NODE_VERSION=22\nARG GIT_SHA\n"}),),
        why="What was tested in staging is then not what runs in production.", way_out="Read it at run time.", never="versions, commit ids",
    ),
    Rule(
        "V-3", "M", "Run stage has few moving parts: nothing is installed, compiled, fetched or generated at start", "build-release-run", "high", few_moving_parts,
        doubt="a command in a branch of a script, and one that production may not run (see [the severities](../reference/check.md#high-and-medium))",
        found=(
            Example({"Dockerfile": DOCKER + 'CMD ["sh", "start.sh"]\n', "start.sh": "pip install -r requirements.txt\nexec gunicorn a\n"}, "start.sh:1"),
            Example({"Procfile": "web: npm run build && node server.js\n", "package.json": '{"scripts": {"build": "webpack"}}'}, "package.json:1"),
            Example({"Procfile": "web: npm run build && node server.js\n", "package.json": '{"scripts": {"build": "webpack"}}'}, "package.json:1", severity="high"),
            Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    command: sh -c 'python manage.py collectstatic && gunicorn a'\n    environment:\n      - APP_ENV=development\n"}, "docker-compose.yml:4", severity="medium"),
        ),
        spared=(Example({"Procfile": "web: gunicorn a\nrelease: ./manage.py collectstatic\n"}), Example({"Procfile.dev": "web: npm install && node server.js\n"}), Example({"Dockerfile": 'FROM node:22\nCMD ["webpack", "serve"]\n'}, note="a development server: see VII-5")),
        why="What runs at start can fail at three in the night, when nobody watches.", way_out="Do it in the build.", never="overrides for development",
        calls=DOWNLOADS,
    ),
    Rule(
        "V-4", "M", "Code cannot be changed at run time", "build-release-run", "high", code_is_fixed,
        doubt="code that no request and no job runs for certain",
        found=(
            Example({"a/v.py": "import os\ndef view(request):\n    f = os.path.join(os.path.dirname(__file__), 'play/main.py')\n    open(f, 'w')\n"}, "a/v.py:4"),
            Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    command: gunicorn a\n    volumes:\n      - .:/app\n"}, "docker-compose.yml:6"),
            Example({"a/views.py": "import subprocess\ndef view(request):\n    subprocess.run(['git', 'pull'])\n"}, "a/views.py:3", severity="high"),
            Example({"a/views.py": "import subprocess\ndef renew():\n    subprocess.run(['git', 'pull'])\nrenew()\n"}, "a/views.py:3", severity="medium"),
        ),
        spared=(
            Example({"web/build_emoji.py": "with open('src/emoji.py', 'w') as f:\n    f.write('x = 1')\n"}), Example({"a/management/commands/gen.py": "def handle(self):\n    open('a/snippets.py', 'w')\n"}),
            Example({"a/cli/__init__.py": "import os\ndef enums(app):\n    open(os.path.join(app.root_path, 'themes/constants.js'), 'w')\nCOMMANDS = {'enums': enums}\n", "a/b.py": "import a.cli\n"}),
            Example({"version.py": "import os\nwith open('web/info.py', 'w') as f:\n    f.write('x')\n", "Dockerfile": DOCKER + "RUN python version.py\n"}, note="the build runs it"),
            Example({"fabfile/__init__.py": "from fabric.api import run\ndef deploy():\n    run('git pull')\n"}, note="what people run on their own machine"),
            Example({"docker-compose.yml": "services:\n  web:\n    build:\n      context: .\n      dockerfile: Dockerfile-dev\n    volumes:\n      - .:/app\n"}),
        ),
        why="A change at run time is in no release, so it cannot be rolled back, and the next start loses it.", way_out="Keep data in a resource.",
        tokens=(),
        near=(
            *writers(SOURCES),
            (("git", "npm", "pip"), r"(?#here)(?<=[\"'`])(?:git|npm|pip)(?:[\"'],\s*[\"']| )(?:pull|fetch|checkout|reset|install|update)\b", r"\b(?:system|run|Popen|exec|execSync|spawn|check_call|check_output|call)\("),
        ),
        never="commands by which developers generate files",

    ),
    Rule(
        "V-5", "M", "Each release has a unique id and is never mutated", "build-release-run", "low", unique_release,
        found=(Example({"compose.yml": "services:\n  web:\n    image: shop:latest\n"}, "compose.yml:3"),),
        spared=(Example({"compose.yml": "services:\n  web:\n    image: shop:${TAG}\n  db:\n    image: postgres:18\n"}), Example({"compose.dev.yml": "services:\n  web:\n    image: shop:latest\n"})),
        why="A tag that moves is no release.", way_out="A version or a digest. `twelve` numbers each release.", never="images for development",
    ),
    Rule(
        "V-6", "S", "One can roll back to an earlier release", "build-release-run", "info", way_back,
        found=(
            Example({"shop/migrations/0002_prices.py": "operations = [\n    migrations.RunPython(round_prices),\n]\n"}, "shop/migrations/0002_prices.py:2"),
            Example({"migrations/002_drop.py": "def upgrade():\n    op.drop_column('a', 'b')\n\ndef downgrade():\n    raise IrreversibleError\n"}, "migrations/002_drop.py:4"),
        ),
        spared=(
            Example({"Procfile": "release: ./manage.py migrate\n"}),
            Example({"shop/migrations/0002_prices.py": "operations = [migrations.RunPython(round_prices, migrations.RunPython.noop)]\n"}),
            Example({"shop/migrations/0001_a.py": "operations = [migrations.RunPython(fill)]\n", "shop/migrations/0002_b.py": "operations = [migrations.AddField('a', 'b')]\n"}),
        ),
        why="The fastest repair is the release before.", way_out="`twelve rollback`; each migration with its reverse.",
        never="schema changes that have a reverse, and all but the newest migration of a folder: a rollback does not cross them", prover=True,
    ),
    Rule(
        "V-7", "S", "Build starts from a named commit and named base", "build-release-run", "low", named_base,
        found=(Example({"Dockerfile": "FROM python\n"}, "Dockerfile:1"),),
        spared=(Example({"Dockerfile": "FROM python:3.12 AS a\nFROM a\nFROM scratch\n"}),),
        why="Without a tag the base is another one each month.", way_out="Name a tag or a digest.", never="stages of the same file, images for development",
    ),
    Rule(
        "OPS-2", "X", "Upgrades without downtime", "later texts: operations", "info", rolling,
        found=(Example({"k.yml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n        - image: a:1\n"}, "k.yml:8"),),
        spared=(Example({"k.yml": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"}),),
        why="A new instance needs time until it answers.", way_out="A readiness probe.", never="-",
    ),
)  # fmt: skip
