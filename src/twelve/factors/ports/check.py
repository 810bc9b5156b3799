"""What reading can judge of factor VII: the app exports its service by binding a port."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.code import Call, Module, is_handler
from twelve.picture.commands import INTERPRETERS, Process, Step, dev_server, module_of, serves
from twelve.picture.origin import is_main, trace
from twelve.picture.paths import is_development
from twelve.picture.rule import Example, Hold, Judgement, Picture, Rule, find, grouped
from twelve.picture.value import Value, from_env, text_of, walk

PORTED = {
    "gunicorn": ("-b", "--bind"), "uvicorn": ("--port",), "hypercorn": ("-b", "--bind"), "daphne": ("-p", "--port"), "granian": ("--port",), "waitress-serve": ("--port", "--listen"), "uwsgi": ("--http", "--http-socket", "--socket"),
    "fastapi": ("--port",), "next": ("-p", "--port"), "serve": ("-l", "-p", "--listen"), "http-server": ("-p",), "sanic": ("-p", "--port"), "litestar": ("-p", "--port"), "puma": ("-p",),
}  # fmt: skip
HOSTED = ("--host", "-h", "--bind", "-b", "--address", "--listen", "-H", "--hostname")
LITERAL = re.compile(r"(^|[:\]])(\d{2,5})$")
LOOPBACK = re.compile(r"^(127\.0\.0\.1|localhost)(:|$)")
UWSGI = ("http", "http-socket", "socket", "https", "uwsgi-socket", "fastrouter")
ANSWERS = ("JsonResponse", "HttpResponseRedirect", "redirect", "jsonify", "RedirectResponse", "JSONResponse", "HttpResponse", "res.redirect", "res.json", "res.send", "Response", "render", "response.redirect", "url_for", "render_template")
OWN = re.compile(r"https?://(localhost|127\.0\.0\.1)\b")
SERVERS = ("app.run", "application.run", "uvicorn.run", "run_simple", "serve", "web.run_app", "socketio.run", "hypercorn.run", "app.listen", "listen", "server.listen", "httpServer.listen", "bottle.run", "run")
ASIDE = re.compile(r"metric|debug|admin|prometheus|inspect|probe|health", re.IGNORECASE)


def live(picture: Picture) -> Iterator[tuple[Process, Step]]:
    """The steps that run in production."""
    for process in picture.processes:
        if process.stage in ("run", "hook") and not process.development:
            for step in process.steps:
                yield process, step


def self_contained(picture: Picture) -> Iterator[Judgement]:
    """VII-1."""
    for process, step in live(picture):
        if server := serves(step):
            yield Hold(f"{server} serves it", step.place)
            return
        del process
    for path, file in picture.files.items():
        if file.role == "app" and (file.name == "mod_wsgi.conf" or (file.name.endswith(".conf") and "WSGIScriptAlias" in picture.text(path))):
            yield find("VII-1", "medium", "a web server outside of the app carries it (mod_wsgi)", Place(path), fix="declare gunicorn or uvicorn, and start it")


def port_from_environment(picture: Picture) -> Iterator[Judgement]:
    """VII-2."""
    found = [*_in_commands(picture), *_in_options(picture), *_in_settings(picture), *_in_code(picture)]
    seen: set[Place] = set()
    merged = []
    for one in found:
        if one.places[0] not in seen:
            seen.add(one.places[0])
            merged.append(one)
    yield from grouped(merged)
    if not merged:
        yield from _bound(picture)


def _bound(picture: Picture) -> Iterator[Hold]:
    for process, step in live(picture):
        if "$PORT" in step.text or "${PORT" in step.text or (serves(step) == "gunicorn" and not step.has("-b", "--bind")):
            yield Hold("the port comes from the environment", step.place)
            return
        del process
    for module, assign in picture.assigns():
        if module.role == "app" and any(part.kind == "env" and part.text.endswith("PORT") for part in walk(assign.value)):
            yield Hold("the port comes from the environment", assign.place)
            return


def _in_commands(picture: Picture) -> Iterator[Finding]:
    for process, step in live(picture):
        words = module_of(step)
        program = words[0].rpartition("/")[2] if words else ""
        if program not in PORTED or dev_server(step) in ("flask run", "fastapi dev"):
            continue
        value = step._replace(words=words).option(*PORTED[program])
        match = LITERAL.search(value or "")
        if match and "$" not in (value or "") and not (value or "").startswith("unix:"):
            yield find("VII-2", "high", f"{program} binds {match[2]}, whatever PORT says", step.place, fix=_bind_fix(program))
        del process


def _bind_fix(program: str) -> str:
    return {"gunicorn": "leave --bind out: gunicorn reads PORT", "uvicorn": "--port $PORT, through a shell with exec"}.get(program, "use $PORT: twelve check --fix VII-2")


def _in_options(picture: Picture) -> Iterator[Finding]:
    held = [one for one in picture.options if one.section == "uwsgi" and one.key in UWSGI]
    seen = set()
    for one in held:
        match = LITERAL.search(one.value)
        if match and "$" not in one.value and one.path not in seen and not is_development(one.path):
            seen.add(one.path)
            yield find("VII-2", "high", f"uwsgi binds {match[2]}, whatever PORT says", one.place, fix=f"{one.key} = :$(PORT)")


def _in_settings(picture: Picture) -> Iterator[Finding]:
    for module, assign in picture.assigns("bind"):
        name = assign.path.rpartition("/")[2]
        if re.match(r"gunicorn[\w.]*\.py$|.*gunicorn.*\.py$", name) and not from_env(trace(module, assign.value)):
            match = LITERAL.search(text_of(next((p for p in walk(assign.value) if p.kind == "str"), assign.value)))
            if match and not is_development(assign.path):
                yield find("VII-2", "high", f"gunicorn binds {match[2]}, whatever PORT says", assign.place, fix='bind = f"0.0.0.0:{os.environ[\'PORT\']}"')


def _in_code(picture: Picture) -> Iterator[Finding]:
    for module, call in _listens(picture):
        port = _port(module, call)
        if port is None or ASIDE.search(call.name) or (call.function and ASIDE.search(call.function.name)):
            continue
        value = trace(module, port, call.function)
        if value.kind == "num" and value.text.isdigit() and int(value.text) > 79 and _is_run(picture, module, call):  # noqa: PLR2004
            yield find("VII-2", "high", f"the app binds {value.text}, whatever PORT says", call.place, fix=f"read PORT, with {value.text} as default")


def _listens(picture: Picture) -> Iterator[tuple[Module, Call]]:
    for module, call in picture.calls("run", "listen", "serve", "run_simple", "run_app", "HTTPServer", "make_server"):
        if module.role != "app" or is_development(call.path) or is_handler(call.function):
            continue
        if module.language == "python":
            flask = module.imports_any("flask", "bottle", "uvicorn", "waitress", "aiohttp", "sanic", "quart", "tornado", "werkzeug", "http.server", "flask_socketio", "wsgiref", "dash")
            if flask and not call.name.startswith(("subprocess", "asyncio", "loop", "click", "alembic", "pytest", "unittest")) and (call.last != "listen" or module.imports_any("tornado")):
                yield module, call
        elif call.last == "listen":
            yield module, call


def _port(module: Module, call: Call) -> Value | None:
    value = call.value
    if call.last == "listen":
        first = value.argument(0, "port")
        if first is not None and first.kind == "dict":
            return first.get("port")
        return first
    if call.last in ("HTTPServer", "make_server"):
        first = value.argument(0)
        return first.parts[1] if first is not None and first.kind == "list" and len(first.parts) > 1 else value.argument(1) if call.last == "make_server" else None
    del module
    return value.get("port")


def _is_run(picture: Picture, module: Module, call: Call) -> bool:
    """Is this how production starts: named by a run command, or is there no other way to start?"""
    servers = [step for _, step in live(picture) if serves(step)]
    name = module.path.rpartition("/")[2]
    starts = [step for _, step in live(picture) if step.program in INTERPRETERS and any(word.rpartition("/")[2] in (name, name.rpartition(".")[0]) for word in step.words[1:])]
    if starts:
        return True
    return not servers or (module.language != "python" and not is_main(call.guards) and not any(serves(s) == "next" for s in servers))


def all_interfaces(picture: Picture) -> Iterator[Judgement]:
    """VII-3."""
    for process, step in live(picture):
        if not serves(step) or process.origin in ("supervisord",):
            continue
        value = step.option(*HOSTED)
        if value and LOOPBACK.match(value):
            yield find("VII-3", "medium", f"{serves(step)} listens on loopback alone: a router outside cannot reach it", step.place, fix="0.0.0.0")
        elif value:
            yield Hold("it listens on the interfaces it is told", step.place)


def routing_only_forwards(picture: Picture) -> Iterator[Judgement]:
    """VII-4."""
    for process, step in live(picture):
        if step.program in ("nginx", "apache2ctl", "httpd", "apache2") and any(serves(other) for other in process.steps):
            yield find("VII-4", "low", f"{step.program} in front is a part of the process", step.place, fix="serve static files from the app, and let the router forward")
    for found in [p for p in picture.processes if p.origin == "supervisord" and any(s.program == "nginx" for s in p.steps)]:
        yield find("VII-4", "low", "nginx in front is a part of the process", found.place, fix="serve static files from the app, and let the router forward")


def production_server(picture: Picture) -> Iterator[Judgement]:
    """VII-5."""
    found: dict[Place, Finding] = {}
    good: Place | None = None
    for process in picture.processes:
        if process.stage not in ("run", "hook", "dev"):
            continue
        for step in process.steps:
            what = dev_server(step)
            if not what:
                good = step.place if serves(step) and process.stage == "run" and good is None else good
                continue
            if process.stage == "dev" and (is_development(step.path) or step.path == process.path):
                continue
            if step.place not in found or found[step.place].severity == "low":
                severity = "low" if process.stage == "dev" else "high"
                found[step.place] = find("VII-5", severity, f"{what} is a development server", step.place, fix="start a production server: twelve check --fix VII-5")
    for one in _in_process(picture):
        found.setdefault(one.places[0], one)
    yield from found.values()
    if not found and good is not None:
        yield Hold("a production server serves", good)


def _in_process(picture: Picture) -> Iterator[Finding]:
    """``python app.py`` that starts Flask's own server."""
    for process, step in live(picture):
        if not step.program.startswith("python"):
            continue
        names = [word.rpartition("/")[2] for word in step.words[1:] if word.endswith(".py")]
        for module, call in picture.calls("app.run", "application.run") if names else ():
            if module.role == "app" and module.path.rpartition("/")[2] in names and module.imports_any("flask", "bottle") and not module.imports_any("flask_socketio"):
                yield find("VII-5", "high", "Flask's own server is a development server", step.place, call.place, fix="gunicorn: twelve check --fix VII-5")
        del process


def by_url(picture: Picture) -> Iterator[Judgement]:
    """VII-6."""
    held = []
    for module, call in picture.calls(*ANSWERS):
        if module.role != "app" or is_development(call.path) or not is_handler(call.function):
            continue
        for part in walk(call.value):
            if part.kind in ("str", "join") and OWN.search(text_of(part)) and not from_env(part):
                held.append(find("VII-6", "medium", "the answer names the app's own address as localhost", Place(call.path, part.line or call.line), fix="take the host of the request, or a variable"))
                break
    yield from grouped(held)


def contract(picture: Picture) -> Iterator[Judgement]:
    """API-1."""
    for path, file in picture.files.items():
        if re.match(r"(openapi|swagger)\.(json|ya?ml)$|schema\.graphql$", file.name) or file.name.endswith(".proto"):
            yield Hold("a contract is checked in", Place(path))
            return


RULES = (
    Rule(
        "VII-1", "M", "The app is self-contained: the web server is a declared dependency", "port-binding", "medium", self_contained,
        found=(Example({"deploy/site.conf": "WSGIScriptAlias / /srv/app/wsgi.py\n"}, "deploy/site.conf"),),
        spared=(Example({"Procfile": "web: gunicorn a:app\n"}),),
        why="A server that is put around the app at run time is no part of the release.", way_out="Declare a server, and start it.", never="a server that the image alone installs: see II-2",
    ),
    Rule(
        "VII-2", "M", "The port comes from the environment", "port-binding (+ PaaS contract: PORT)", "high", port_from_environment,
        found=(
            Example({"Dockerfile": 'FROM python:3.12\nCMD ["gunicorn", "--bind", "0.0.0.0:8000", "a:app"]\n'}, "Dockerfile:2"),
            Example({"uwsgi.ini": "[uwsgi]\nhttp-socket = :8000\n"}, "uwsgi.ini:2"),
            Example({"server.js": "const app = require('express')()\napp.listen(3000)\n"}, "server.js:2"),
        ),
        spared=(
            Example({"Procfile": "web: gunicorn a:app --log-file -\n"}),
            Example({"server.js": "const port = process.env.APP_PORT || process.env.PORT || 9090\napp.listen(port)\n"}),
            Example({"gunicorn.conf.py": "import os\nbind = ['[::]:{}'.format(os.environ.get('PORT', 5006))]\n"}),
            Example({"Dockerfile": "FROM python:3.12\nEXPOSE 8000\nCMD exec gunicorn --bind :$PORT a:app\n"}),
        ),
        why="The platform chooses the port, so that many processes fit on one machine.", way_out="Read PORT.", tokens=(),
        near=((('.run(', '.listen(', 'serve(', 'run_app', 'make_server', 'HTTPServer', 'run_simple'), 'flask|bottle|uvicorn|waitress|aiohttp|sanic|quart|tornado|werkzeug|http\\.server|wsgiref|\\bdash\\b|\\.listen\\('), (('bind',), '^bind\\s*='), (('PORT',), '(environ|getenv|process\\.env|env\\()[^\\n]*PORT')),
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
        found=(
            Example({"Procfile": "web: python manage.py runserver 0.0.0.0:$PORT\n"}, "Procfile:1"),
            Example({"Dockerfile": 'FROM python:3.12\nCMD ["python", "app.py"]\n', "app.py": "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run()\n"}, "Dockerfile:2"),
        ),
        spared=(
            Example({"Procfile.windows": "web: python manage.py runserver %PORT%\n", "Procfile": "web: gunicorn a\n"}),
            Example({"compose.override.yml": "services:\n  web:\n    build: .\n    command: fastapi dev\n"}),
        ),
        why="It is slow, reloads, and shows its insides.", way_out="gunicorn, uvicorn, node.", never="files for development", tokens=("app.run", "application.run"), fixable=True,
    ),
    Rule(
        "VII-6", "S", "One app can be the backing service of another by URL", "port-binding", "medium", by_url,
        found=(Example({"v.py": "def view(request):\n    return JsonResponse({'endpoint': f'http://localhost:{port}'})\n"}, "v.py:2"),),
        spared=(Example({"v.py": "def view(request):\n    return JsonResponse({'endpoint': request.build_absolute_uri('/')})\n"}),),
        why="Nobody else can follow a link to localhost.", way_out="The host of the request, or a variable.", never="lists of allowed hosts", tokens=("localhost", "127.0.0.1"),
    ),
    Rule(
        "API-1", "X", "A machine-readable contract exists and is kept", "later texts: API first", "info", contract,
        found=(), spared=(Example({"openapi.json": "{}"}),), why="Others build on it.", way_out="Check it in.", never="sites that serve pages", prover=True,
    ),
)  # fmt: skip
