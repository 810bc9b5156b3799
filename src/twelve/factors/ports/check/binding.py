"""How VII-1, VII-2 and VII-3 are judged."""

import re
from collections.abc import Iterator

from twelve.factors.ports.check.live import live
from twelve.finding import Finding, Place
from twelve.picture.code import Call, Module, is_handler
from twelve.picture.commands import INTERPRETERS, Process, Step, dev_server, module_of, serves
from twelve.picture.deployed import certain
from twelve.picture.mentions import mention
from twelve.picture.origin import is_main, trace
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped, saying
from twelve.picture.value import Value, from_env, text_of, walk

PORT = mention("PORT")
PORTED = {
    "gunicorn": ("-b", "--bind"), "uvicorn": ("--port",), "hypercorn": ("-b", "--bind"), "daphne": ("-p", "--port"), "granian": ("--port",), "waitress-serve": ("--port", "--listen"), "uwsgi": ("--http", "--http-socket", "--socket"),
    "fastapi": ("--port",), "next": ("-p", "--port"), "serve": ("-l", "-p", "--listen"), "http-server": ("-p",), "sanic": ("-p", "--port"), "litestar": ("-p", "--port"), "puma": ("-p",),
}  # fmt: skip
HOSTED = ("--host", "-h", "--bind", "-b", "--address", "--listen", "-H", "--hostname")
LITERAL = pattern(r"(^|[:\]])(\d{2,5})$")
LOOPBACK = pattern(r"^(127\.0\.0\.1|localhost)(:|$)")
UWSGI = ("http", "http-socket", "socket", "https", "uwsgi-socket", "fastrouter")
ASIDE = pattern(r"metric|debug|admin|prometheus|inspect|probe|health", re.IGNORECASE)


def self_contained(picture: Picture) -> Iterator[Judgement]:
    """VII-1."""
    for process, step in live(picture):
        if server := serves(step):
            yield Hold(f"{server} serves it", step.place)
            return
        del process
    for path, file in picture.files.items():
        if file.role == "app" and (
            file.name == "mod_wsgi.conf"
            or (file.name.endswith(".conf") and "WSGIScriptAlias" in picture.text(path))
        ):
            yield find(
                "VII-1",
                "medium",
                "a web server outside of the app carries it (mod_wsgi)",
                Place(path),
                fix="declare gunicorn or uvicorn, and start it",
            )


def port_from_environment(picture: Picture) -> Iterator[Judgement]:
    """VII-2."""
    found = [
        *_in_commands(picture),
        *_in_options(picture),
        *_in_settings(picture),
        *_in_code(picture),
    ]
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
        if (
            "$PORT" in step.text
            or "${PORT" in step.text
            or (serves(step) == "gunicorn" and not step.has("-b", "--bind"))
        ):
            yield Hold("the port comes from the environment", step.place)
            return
        del process
    for _, assign in saying(picture, PORT):
        if any(part.kind == "env" and part.text.endswith("PORT") for part in walk(assign.value)):
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
        literal = "$" not in (value or "") and not (value or "").startswith("unix:")
        if match and literal and not _else_asked(process, step):
            sure = not step.optional and certain(picture, process, step)
            yield find(
                "VII-2",
                "high" if sure else "medium",
                f"{program} binds {match[2]}, whatever PORT says",
                step.place,
                fix=_bind_fix(program),
            )


def _else_asked(process: Process, step: Step) -> bool:
    """Does another branch of the same script start the same server on ``$PORT``?"""
    return any(
        other.program == step.program and "PORT" in other.text and other.path == step.path
        for other in process.steps
    )


def _bind_fix(program: str) -> str:
    return {
        "gunicorn": "leave --bind out: gunicorn reads PORT",
        "uvicorn": "--port $PORT, through a shell with exec",
    }.get(program, "use $PORT: twelve check --fix VII-2")


def _in_options(picture: Picture) -> Iterator[Finding]:
    held = [one for one in picture.options if one.section == "uwsgi" and one.key in UWSGI]
    seen = set()
    for one in held:
        match = LITERAL.search(one.value)
        if match and "$" not in one.value and one.path not in seen and not is_development(one.path):
            seen.add(one.path)
            name = one.path.rpartition("/")[2]
            run = any(name in step.text for process in picture.processes for step in process.steps)
            yield find(
                "VII-2",
                "high" if run else "medium",
                f"uwsgi binds {match[2]}, whatever PORT says",
                one.place,
                fix=f"{one.key} = :$(PORT)",
            )


def _in_settings(picture: Picture) -> Iterator[Finding]:
    for module, assign in picture.assigns("bind"):
        name = assign.path.rpartition("/")[2]
        if re.match(r"gunicorn[\w.]*\.py$|.*gunicorn.*\.py$", name) and not from_env(
            trace(module, assign.value)
        ):
            match = LITERAL.search(
                text_of(next((p for p in walk(assign.value) if p.kind == "str"), assign.value))
            )
            if match and not is_development(assign.path):
                yield find(
                    "VII-2",
                    "high",
                    f"gunicorn binds {match[2]}, whatever PORT says",
                    assign.place,
                    fix="bind = f\"0.0.0.0:{os.environ['PORT']}\"",
                )


def _in_code(picture: Picture) -> Iterator[Finding]:
    for module, call in _listens(picture):
        port = _port(module, call)
        if (
            port is None
            or ASIDE.search(call.name)
            or (call.function and ASIDE.search(call.function.name))
        ):
            continue
        value = trace(module, port, call.function)
        if (
            value.kind == "num"
            and value.text.isdigit()
            and int(value.text) > 79
            and _is_run(picture, module, call)
        ):
            yield find(
                "VII-2",
                "high",
                f"the app binds {value.text}, whatever PORT says",
                call.place,
                fix=f"read PORT, with {value.text} as default",
            )


def _listens(picture: Picture) -> Iterator[tuple[Module, Call]]:
    for module, call in picture.calls(
        "run", "listen", "serve", "run_simple", "run_app", "HTTPServer", "make_server"
    ):
        if module.role != "app" or is_development(call.path) or is_handler(call.function):
            continue
        if module.language == "python":
            flask = module.imports_any(
                "flask",
                "bottle",
                "uvicorn",
                "waitress",
                "aiohttp",
                "sanic",
                "quart",
                "tornado",
                "werkzeug",
                "http.server",
                "flask_socketio",
                "wsgiref",
                "dash",
            )
            told = call.last == "run" and _on_line(call, "port")
            if (
                (flask or told)
                and not call.name.startswith(
                    ("subprocess", "asyncio", "loop", "click", "alembic", "pytest", "unittest")
                )
                and (call.last != "listen" or module.imports_any("tornado"))
            ):
                yield module, call
        elif call.last == "listen":
            yield module, call


def _on_line(call: Call, option: str) -> bool:
    """Is the option a literal of this very line? Then it is a server, whatever library it is of."""
    value = call.value.get(option)
    return value is not None and value.kind in ("num", "bool") and value.line in (0, call.line)


def _port(module: Module, call: Call) -> Value | None:
    value = call.value
    if call.last == "listen":
        first = value.argument(0, "port")
        if first is not None and first.kind == "dict":
            return first.get("port")
        return first
    if call.last in ("HTTPServer", "make_server"):
        first = value.argument(0)
        return (
            first.parts[1]
            if first is not None and first.kind == "list" and len(first.parts) > 1
            else value.argument(1)
            if call.last == "make_server"
            else None
        )
    del module
    return value.get("port")


def _is_run(picture: Picture, module: Module, call: Call) -> bool:
    """Is this how production starts: named by a run command, or is there no other way to start?"""
    servers = [step for _, step in live(picture) if serves(step)]
    name = module.path.rpartition("/")[2]
    starts = [
        step
        for _, step in live(picture)
        if step.program in INTERPRETERS
        and any(
            word.rpartition("/")[2] in (name, name.rpartition(".")[0]) for word in step.words[1:]
        )
    ]
    if starts:
        return True
    return not servers or (
        module.language != "python"
        and not is_main(call.guards)
        and not any(serves(s) == "next" for s in servers)
    )


def all_interfaces(picture: Picture) -> Iterator[Judgement]:
    """VII-3."""
    for process, step in live(picture):
        if not serves(step) or process.origin == "supervisord":
            continue
        value = step.option(*HOSTED)
        if value and LOOPBACK.match(value):
            yield find(
                "VII-3",
                "medium",
                f"{serves(step)} listens on loopback alone: a router outside cannot reach it",
                step.place,
                fix="0.0.0.0",
            )
        elif value:
            yield Hold("it listens on the interfaces it is told", step.place)
