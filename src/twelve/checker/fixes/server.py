"""VII-5: a development server in what is run becomes one for production."""

import json
import re
import shlex
from typing import NamedTuple

from twelve.checker.fixes.commands import each_line, give_port, is_dockerfile
from twelve.checker.picture import RepositoryPicture
from twelve.finding import Finding
from twelve.picture.pattern import pattern

RUNSERVER = pattern(
    r"(?:python[\d.]*\s+)?(?:\./)?manage\.py\s+runserver(?:_plus)?(?:\s+(?:--\w[\w-]*|[\w.:$\[\]{}-]+))*"
)
FLASK_RUN = pattern(
    r"(?:python[\d.]*\s+-m\s+)?flask(?:\s+--(?:app|debug)(?:[= ][\w.:]+)?)*\s+run(?:\s+(?:--\w[\w-]*(?:[= ][\w.:${}]+)?|-[hp]\s*[\w.:${}]+))*"
)
PLAIN = pattern(r"python[\d.]*\s+(?:-u\s+)?(?:\./)?([\w./-]+)\.py\b")
RELOAD = pattern(r"\s+--(?:reload|debug)\b")
SWAPS = (
    (pattern(r"\bfastapi\s+dev\b"), "fastapi run"),
    (pattern(r"\bnodemon\b(?:\s+(?:-w|--watch|-e|--ext)\s+\S+)*"), "node"),
    (pattern(r"\bnode\s+--(?:watch|inspect)(?:[=-]\S+)?"), "node"),
    (pattern(r"\bnext\s+dev\b"), "next start"),
)
PORT = pattern(r"[: ](\d{2,5})\b")
ARRAY = pattern(r"^(\s*(?:CMD|ENTRYPOINT)\s+)(\[.*\])\s*$", re.IGNORECASE)


class Serving(NamedTuple):
    """What gunicorn would serve, by framework."""

    django: str
    flask: str


def real_server(picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]) -> None:
    """In Procfile, Dockerfile and package.json; gunicorn is declared where it is not yet."""
    serving = Serving(_wsgi(picture), _flask(picture))
    for place, _ in each_line(picture, findings, edits):
        rows = edits.get(place.path, picture.text(place.path)).split("\n")
        before = rows[place.line - 1]
        if is_dockerfile(place.path):
            after = _in_image(before, serving)
            port = PORT.search(before.replace('"', " ").replace(",", " "))
        else:
            after, port = _swapped(before, serving), None
        if after == before or place.path.endswith(".py"):
            continue
        rows[place.line - 1] = after
        if "gunicorn" in after:
            if is_dockerfile(place.path):
                give_port(rows, place.line - 1, port[1] if port else "8000")
            _declare_gunicorn(picture, edits)
        edits[place.path] = "\n".join(rows)


def _in_image(line: str, serving: Serving) -> str:
    array = ARRAY.match(line)
    if array is None:
        return _swapped(line, serving)
    try:
        words = json.loads(array[2])
    except ValueError:
        return line
    if not all(isinstance(word, str) for word in words):
        return line
    told = shlex.join(words)
    swapped = _swapped(told, serving)
    return line if swapped == told else array[1] + json.dumps(shlex.split(swapped))


def _swapped(line: str, serving: Serving) -> str:
    if serving.django and RUNSERVER.search(line):
        return RUNSERVER.sub(f"gunicorn {serving.django}", line)
    if serving.flask and FLASK_RUN.search(line):
        return FLASK_RUN.sub(f"gunicorn {shlex.quote(serving.flask)}", line)
    plain = PLAIN.search(line)
    if serving.flask and plain and plain[1].replace("/", ".") == serving.flask.partition(":")[0]:
        return PLAIN.sub(f"gunicorn {shlex.quote(serving.flask)}", line)
    for old, new in SWAPS:
        if old.search(line):
            return old.sub(new, line)
    if re.search(r"\b(uvicorn|gunicorn|hypercorn|granian|sanic)\b", line):
        return RELOAD.sub("", line)
    return line


def _wsgi(picture: RepositoryPicture) -> str:
    """The one wsgi module of the tree."""
    held = [p for p, file in picture.files.items() if file.name == "wsgi.py" and file.role == "app"]
    return held[0].removesuffix(".py").replace("/", ".") if len(held) == 1 else ""


def _flask(picture: RepositoryPicture) -> str:
    """The one Flask application of the tree, as gunicorn names it: an object, or what makes it."""
    held = []
    for module, call in picture.calls("flask.Flask"):
        dotted = module.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if module.role == "app" and call.function is None and call.assigned:
            held.append(f"{dotted}:{call.assigned}")
        elif module.role == "app" and call.function is not None and not call.function.params:
            held.append(f"{dotted}:{call.function.name}()")
    return held[0] if len(held) == 1 else ""


def _declare_gunicorn(picture: RepositoryPicture, edits: dict[str, str]) -> None:
    declared = {one.name for manifest in picture.manifests for one in manifest.requirements}
    path = next((p for p in ("requirements.in", "requirements.txt") if p in picture.files), "")
    text = edits.get(path, picture.text(path)) if path else ""
    if path and "gunicorn" not in declared and not re.search(r"^gunicorn\b", text, re.MULTILINE):
        edits[path] = text.rstrip("\n") + "\ngunicorn\n"
