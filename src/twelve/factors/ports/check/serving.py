"""How VII-2, VII-4, VII-5, VII-6 and API-1 are judged."""

import re
from collections.abc import Iterator

from twelve.factors.ports.check.live import live
from twelve.finding import Finding, Place
from twelve.picture.code import Call, is_handler
from twelve.picture.commands import Process, Step, dev_server, for_trials, serves
from twelve.picture.deployed import certain, real_elsewhere
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped, mounted
from twelve.picture.value import from_env, text_of, walk

ANSWERS = (
    "JsonResponse",
    "HttpResponseRedirect",
    "redirect",
    "jsonify",
    "RedirectResponse",
    "JSONResponse",
    "HttpResponse",
    "res.redirect",
    "res.json",
    "res.send",
    "Response",
    "render",
    "response.redirect",
    "url_for",
    "render_template",
)
PAGES = ("react-scripts", "vite", "ng", "webpack", "webpack-dev-server", "astro")
APPS = ("app.run", "application.run")
OWN = pattern(r"https?://(localhost|127\.0\.0\.1)\b")


def routing_only_forwards(picture: Picture) -> Iterator[Judgement]:
    """VII-4."""
    for process, step in live(picture):
        if step.program in ("nginx", "apache2ctl", "httpd", "apache2") and any(
            serves(other) for other in process.steps
        ):
            yield find(
                "VII-4",
                "low",
                f"{step.program} in front is a part of the process",
                step.place,
                fix="serve static files from the app, and let the router forward",
            )
    for found in [
        p
        for p in picture.processes
        if p.origin == "supervisord" and any(s.program == "nginx" for s in p.steps)
    ]:
        yield find(
            "VII-4",
            "low",
            "nginx in front is a part of the process",
            found.place,
            fix="serve static files from the app, and let the router forward",
        )


def production_server(picture: Picture) -> Iterator[Judgement]:
    """VII-5."""
    found: dict[Place, Finding] = {}
    good: Place | None = None
    for process in picture.processes:
        if process.stage not in ("run", "hook", "dev") or _built_above(picture, process):
            continue
        for step in process.steps:
            what = dev_server(step)
            if not what:
                good = (
                    step.place if serves(step) and process.stage == "run" and good is None else good
                )
                continue
            if process.stage == "dev" and (
                is_development(step.path) or step.path == process.path or for_trials(step)
            ):
                continue
            if step.place not in found or found[step.place].severity != "high":
                before = found.get(step.place)
                low = (
                    process.stage == "dev"
                    or mounted(picture, process)
                    or _page(process, step)
                    or _branch(process, step)
                )
                sure = not step.optional and certain(picture, process, step)
                sure = sure and not real_elsewhere(picture, process)
                severity = "low" if low else "high" if sure else "medium"
                if before is not None and severity == "low":
                    continue
                found[step.place] = find(
                    "VII-5",
                    severity,
                    f"{what} is a development server",
                    step.place,
                    fix="start a production server: twelve check --fix VII-5",
                )
    for one in _in_process(picture):
        found.setdefault(one.places[0], one)
    yield from found.values()
    if not found and good is not None:
        yield Hold("a production server serves", good)


def _branch(process: Process, step: Step) -> bool:
    """Does another branch of the same script start a real server?"""
    return not step.background and any(
        other.path == step.path and serves(other) and not dev_server(other) and not other.background
        for other in process.steps
    )


def _page(process: Process, step: Step) -> bool:
    """Only the toolkit of a page calls its development server so; how the built page is served, nothing says."""
    return process.origin == "package.json" and step.program in PAGES


def _built_above(picture: Picture, process: Process) -> bool:
    """Does a package above build this one, whose ``start`` then is for development: a page's own folder?"""
    folder = process.path.rpartition("/")[0]
    if process.origin != "package.json" or not folder:
        return False
    named = re.escape(folder.rpartition("/")[2])
    built = re.compile(rf"\bbuild\b[^\"\n]*\b{named}\b|\b{named}\b[^\"\n]*\bbuild\b")
    above = folder
    while above:
        above = above.rpartition("/")[0]
        path = f"{above}/package.json" if above else "package.json"
        if path in picture.files and any(
            built.search(line) and "workspaces" not in line
            for line in picture.text(path).splitlines()
        ):
            return True
    return False


def _in_process(picture: Picture) -> Iterator[Finding]:
    """``python app.py`` that starts Flask's own server."""
    for process, step in live(picture):
        if not step.program.startswith("python"):
            continue
        names = [word.rpartition("/")[2] for word in step.words[1:] if word.endswith(".py")]
        for module, call in picture.calls("run") if names else ():
            own = call.name.endswith(APPS) and module.imports_any("flask", "bottle")
            if (
                module.role == "app"
                and module.path.rpartition("/")[2] in names
                and (own or _debugs(call))
                and not module.imports_any("flask_socketio")
            ):
                sure = certain(picture, process, step) and not real_elsewhere(picture, process)
                yield find(
                    "VII-5",
                    "high" if sure else "medium",
                    "Flask's own server is a development server",
                    step.place,
                    call.place,
                    fix="gunicorn: twelve check --fix VII-5",
                )


def _debugs(call: Call) -> bool:
    """``run(debug=True)``, in one line, beside a port: only a development server has that."""
    debug, port = call.value.get("debug"), call.value.get("port")
    return (
        debug is not None
        and port is not None
        and debug.kind == "bool"
        and debug.text == "True"
        and debug.line in (0, call.line)
    )


def by_url(picture: Picture) -> Iterator[Judgement]:
    """VII-6."""
    held = []
    for module, call in picture.calls(*ANSWERS):
        if module.role != "app" or is_development(call.path) or not is_handler(call.function):
            continue
        for part in walk(call.value):
            if part.kind in ("str", "join") and OWN.search(text_of(part)) and not from_env(part):
                held.append(
                    find(
                        "VII-6",
                        "medium",
                        "the answer names the app's own address as localhost",
                        Place(call.path, part.line or call.line),
                        fix="take the host of the request, or a variable",
                    )
                )
                break
    yield from grouped(held)


def contract(picture: Picture) -> Iterator[Judgement]:
    """API-1."""
    for path, file in picture.files.items():
        if re.match(
            r"(openapi|swagger)\.(json|ya?ml)$|schema\.graphql$", file.name
        ) or file.name.endswith(".proto"):
            yield Hold("a contract is checked in", Place(path))
            return
    for module, call in picture.calls("FastAPI"):
        url = call.value.get("openapi_url")
        if module.role == "app" and url and url.kind in ("none", "str") and not url.text:
            yield find(
                "API-1",
                "low",
                "the contract is switched off, and none is checked in",
                call.place,
                fix="leave openapi_url as it is, or check openapi.json in",
            )
