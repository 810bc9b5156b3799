"""What reading can judge of factor VII: the app exports its service by binding a port."""

from twelve.factors.ports.check.binding import all_interfaces, port_from_environment, self_contained
from twelve.factors.ports.check.serving import (
    by_url,
    contract,
    production_server,
    routing_only_forwards,
)
from twelve.picture.code import HANDLES
from twelve.picture.rule import Example, Rule

SERVERS = (
    "app.run",
    "application.run",
    "uvicorn.run",
    "run_simple",
    "serve",
    "web.run_app",
    "socketio.run",
    "hypercorn.run",
    "app.listen",
    "listen",
    "server.listen",
    "httpServer.listen",
    "bottle.run",
    "run",
)
RULES = (
    Rule(
        "VII-1", "M", "The app is self-contained: the web server is a declared dependency", "port-binding", "medium", self_contained,
        found=(Example({"deploy/site.conf": "WSGIScriptAlias / /srv/app/wsgi.py\n"}, "deploy/site.conf"),),
        spared=(Example({"Procfile": "web: gunicorn a:app\n"}),),
        why="A server that is put around the app at run time is no part of the release.", way_out="Declare a server, and start it.", never="a server that the image alone installs: see II-2",
    ),
    Rule(
        "VII-2", "M", "The port comes from the environment", "port-binding (+ PaaS contract: PORT)", "high", port_from_environment,
        doubt="a command in a branch of a script, one that production may not run (see [the severities](../reference/check.md#high-and-medium)), and a file of uwsgi that no command names",
        found=(
            Example({"Dockerfile": 'FROM python:3.12\nCMD ["gunicorn", "--bind", "0.0.0.0:8000", "a:app"]\n'}, "Dockerfile:2"),
            Example({"uwsgi.ini": "[uwsgi]\nhttp-socket = :8000\n"}, "uwsgi.ini:2"),
            Example({"Procfile": "web: make run\n", "Makefile": "ADDRESS := 0.0.0.0:8000\n\ntest:\n\tpytest\n\nrun: env\n\t@gunicorn \\\n\t\t--bind $(ADDRESS) a:app\n"}, "Makefile:7"),
            Example({"server.js": "const app = require('express')()\napp.listen(3000)\n"}, "server.js:2"),
            Example({"Dockerfile": 'FROM python:3.12\nCMD ["python", "a.py"]\n', "a.py": "from b import api\nif __name__ == '__main__':\n    api.run(host='0.0.0.0', port=5000)\n"}, "a.py:3"),
            Example({"Procfile": "web: gunicorn --bind 0.0.0.0:8000 a:app\n"}, "Procfile:1", severity="high"),
            Example({"Dockerfile": "FROM python:3.12\nCMD gunicorn --bind 0.0.0.0:8000 a:app\n", "Procfile": "web: gunicorn a:app\n"}, "Dockerfile:2", severity="medium"),
        ),
        spared=(
            Example({"Procfile": "web: gunicorn a:app --log-file -\n"}),
            Example({"Procfile": "web: make run\n", "Makefile": "dev:\n\tgunicorn --bind :8000 a:app\nrun:\n\tgunicorn --bind :$(PORT) a:app\n"}),
            Example({"server.js": "const port = process.env.APP_PORT || process.env.PORT || 9090\napp.listen(port)\n"}),
            Example({"gunicorn.conf.py": "import os\nbind = ['[::]:{}'.format(os.environ.get('PORT', 5006))]\n"}),
            Example({"Dockerfile": "FROM python:3.12\nEXPOSE 8000\nCMD exec gunicorn --bind :$PORT a:app\n"}),
            Example({"Procfile": "web: ./start.sh\n", "start.sh": "if [ $PORT ]; then\n  gunicorn -b :$PORT a\nelse\n  gunicorn -b :5000 a\nfi\n"}, note="the other branch asks for it"),
            Example({"render.yaml": "services:\n  - type: web\n    startCommand: gunicorn a:app\n", "Dockerfile": "FROM python:3.12\nCMD exec gunicorn a:app --reload --bind :8000\n"}, note="the image is for development"),
        ),
        why="The platform chooses the port, so that many processes fit on one machine.", way_out="Read PORT.", script_tokens=(".listen(",),
        near=((("flask", "bottle", "uvicorn", "waitress", "aiohttp", "sanic", "quart", "tornado", "werkzeug", "http.server", "wsgiref", "dash"), r"\.run\(|\.listen\(|serve\(|run_app|make_server|HTTPServer|run_simple"), ((".run(",), r"(?#here)\.run\([^\n]*\bport\s*=\s*\d"), (("bind",), r"(?#here)(?<![^\n])bind\s*="), (("PORT",), r"(?#here)PORT\b", r"environ[^\n]*PORT\b|getenv[^\n]*PORT\b|process\.env[^\n]*PORT\b|env\([^\n]*PORT\b")),
        never="EXPOSE, ports of debuggers and metrics, another name of the variable",
        fixable=True,
    ),
    Rule(
        "VII-3", "S", "It listens on all interfaces", "platform contracts", "medium", all_interfaces,
        found=(Example({"Procfile": "web: uvicorn a:app --host 127.0.0.1 --port $PORT\n"}, "Procfile:1"),),
        spared=(Example({"Procfile": "web: uvicorn a:app --host 0.0.0.0 --port $PORT\n"}),),
        why="A router on another address cannot reach loopback.", way_out="0.0.0.0, or $HOST.", never="a unix socket behind a side-car",
    ),
    Rule(
        "VII-4", "S", "Routing layer only forwards: the process itself serves complete answers", "port-binding", "low", routing_only_forwards,
        found=(Example({"Dockerfile": 'FROM x:1\nCMD ["sh", "start.sh"]\n', "start.sh": "nginx\nexec gunicorn a:app\n"}, "start.sh:1"),),
        spared=(Example({"Procfile": "web: gunicorn a:app\n"}),),
        why="Two servers in one process fail apart and scale together.", way_out="Serve static files from the app.", never="a CDN",
    ),
    Rule(
        "VII-5", "S", "The production command is not a development server", "port-binding + dev-prod-parity", "high", production_server,
        doubt="a command in a branch of a script, one that production may not run (see [the severities](../reference/check.md#high-and-medium)), and each where another command starts a real server",
        found=(
            Example({"Procfile": "web: python manage.py runserver 0.0.0.0:$PORT\n"}, "Procfile:1"),
            Example({"Procfile": "web: make run\n", "Makefile": "run:\n\tpython -m manage runserver 0.0.0.0:$(PORT)\n"}, "Makefile:2"),
            Example({"package.json": '{"scripts": {"start": "node a.js"}}', "page/package.json": '{"scripts": {"start": "react-scripts start"}}'}, "page/package.json:1"),
            Example({"Dockerfile": 'FROM python:3.12\nCMD ["python", "a.py"]\n', "a.py": "from b import api\nif __name__ == '__main__':\n    api.run(port=5000, debug=True)\n"}, "Dockerfile:2"),
            Example({"Dockerfile": 'FROM python:3.12\nCMD ["python", "app.py"]\n', "app.py": "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run()\n"}, "Dockerfile:2"),
            Example({"Dockerfile": "FROM python:3.12\nCMD python manage.py runserver 0.0.0.0:8000\n"}, "Dockerfile:2", severity="high"),
            Example({"Dockerfile": "FROM python:3.12\nENV APP_ENV=development\nCMD python manage.py runserver 0.0.0.0:8000\n"}, "Dockerfile:3", severity="medium"),
            Example({"Dockerfile": "FROM python:3.12\nCMD gunicorn a:app\n", "docker-compose.yml": "services:\n  web:\n    build: .\n    command: python manage.py runserver\n"}, "docker-compose.yml:4", severity="medium"),
        ),
        spared=(
            Example({"Procfile.windows": "web: python manage.py runserver %PORT%\n", "Procfile": "web: gunicorn a\n"}),
            Example({"Procfile": "web: python -m gunicorn a\nscss: make watch\n", "Makefile": "watch:\n\twatchmedo shell-command --patterns=*.scss --command='make scss'\n"}, note="it watches, and serves nothing"),
            Example({"compose.override.yml": "services:\n  web:\n    build: .\n    command: fastapi dev\n"}),
            Example({"compose.yml": "services:\n  web:\n    build: .\n    command: fastapi dev\n", "compose-prod.yml": "services:\n  web:\n    build: .\n    command: fastapi run\n"}, note="another file is for production, and complete"),
            Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    command: ./run.sh\n", "run.sh": "python manage.py runserver --settings=shop.settings.dev_docker\n"}, note="Django's settings of development"),
            Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    profiles: [dev]\n    command: nodemon a.js\n"}),
            Example({"docker-compose.yml": "services:\n  web:\n    build: .\n    env_file: ../.env.dev\n    command: nodemon a.js\n"}),
            Example({"Procfile": "web: gunicorn a\n", "Dockerfile": "FROM python:3.12\nCMD ./start-dev.sh\n", "start-dev.sh": "python manage.py runserver\n"}, note="the Procfile says how production starts"),
            Example({"Dockerfile": 'FROM python:3.12\nENTRYPOINT ["./entry.sh"]\n', "entry.sh": 'case "$1" in\n  local)\n    exec flask run\n    ;;\n  *)\n    exec gunicorn a\n    ;;\nesac\n'}, note="nobody says local"),
            Example({"package.json": '{"scripts": {"start": "node a.js",\n"heroku-postbuild": "npm run build --prefix page"}}', "page/package.json": '{"scripts": {"start": "react-scripts start"}}'}),
        ),
        why="It is slow, reloads, and shows its insides.", way_out="gunicorn, uvicorn, node.", never="files for development", calls=("app.run", "application.run"), near=(((".run(",), r"(?#here)\.run\([^\n]*\bdebug\s*=\s*True"),), fixable=True,
    ),
    Rule(
        "VII-6", "S", "One app can be the backing service of another by URL", "port-binding", "medium", by_url,
        found=(Example({"v.py": "def view(request):\n    return JsonResponse({'endpoint': f'http://localhost:{port}'})\n"}, "v.py:2"),),
        spared=(Example({"v.py": "def view(request):\n    return JsonResponse({'endpoint': request.build_absolute_uri('/')})\n"}),),
        why="Nobody else can follow a link to localhost.", way_out="The host of the request, or a variable.", never="lists of allowed hosts", near=((("localhost", "127.0.0.1"), r"https?://(?:localhost|127\.0\.0\.1)\b", HANDLES),),
    ),
    Rule(
        "API-1", "X", "A machine-readable contract exists and is kept", "later texts: API first", "low", contract,
        found=(Example({"a.py": "from fastapi import FastAPI\napp = FastAPI(openapi_url=None)\n"}, "a.py:2"),),
        spared=(
            Example({"openapi.json": "{}", "a.py": "from fastapi import FastAPI\napp = FastAPI(openapi_url=None)\n"}),
            Example({"a.py": "from fastapi import FastAPI\napp = FastAPI(openapi_url='/api/openapi.json')\n"}),
            Example({"a.py": "import os\nfrom fastapi import FastAPI\napp = FastAPI(openapi_url=os.getenv('OPENAPI_URL'))\n"}),
        ),
        why="Others build on it.", way_out="Serve it, or check it in.", never="sites that serve pages", tokens=("openapi_url",), prover=True,
    ),
)  # fmt: skip
