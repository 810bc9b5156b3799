"""VII-2, VII-5, IX-2 and XI-3: run commands in Procfile and Dockerfile."""

import re

from twelve.checker.picture import RepositoryPicture
from twelve.finding import Finding, Place
from twelve.picture.pattern import pattern

SERVER = r"(gunicorn|uvicorn|hypercorn|daphne|granian|uwsgi|node|celery|python3?)"
RUNSERVER = pattern(r"python3?\s+(?:\./)?manage\.py\s+runserver(?:_plus)?(?:\s+[\w.:$\[\]{}-]+)*")


def _procfile(path: str) -> bool:
    return path.rpartition("/")[2] == "Procfile"


def _dockerfile(path: str) -> bool:
    return path.rpartition("/")[2].startswith("Dockerfile")


def _each_line(
    picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]
) -> list[tuple[Place, list[str]]]:
    made = []
    for place in dict.fromkeys(place for one in findings for place in one.places):
        rows = edits.get(place.path, picture.text(place.path)).split("\n")
        if 0 < place.line <= len(rows):
            made.append((place, rows))
    return made


def bind_port(picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]) -> None:
    """Gunicorn's fixed bind goes, for it reads PORT by itself; uvicorn and uwsgi get $PORT where a shell reads it."""
    for place, _ in _each_line(picture, findings, edits):
        rows = edits.get(place.path, picture.text(place.path)).split("\n")
        line = rows[place.line - 1]
        if _procfile(place.path):
            line = re.sub(r"(gunicorn\b.*?)\s+(?:-b|--bind)[ =]\S+", r"\1", line)
            line = re.sub(
                r"((?:uvicorn|hypercorn|granian|daphne)\b.*?(?:--port|-p)[ =])\d+", r"\1$PORT", line
            )
        elif _dockerfile(place.path) and "gunicorn" in line:
            line = re.sub(r'"(?:-b|--bind)",\s*"[^"$]*",?\s*', "", line)
            line = re.sub(r'"--bind=[^"$]*",?\s*', "", line)
        elif place.path.endswith(".ini"):
            line = re.sub(r"^(\s*(?:http|http-socket)\s*=\s*\S*?:)\d+\s*$", r"\1$(PORT)", line)
        rows[place.line - 1] = line
        edits[place.path] = "\n".join(rows)


def real_server(picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]) -> None:
    """``runserver`` in a Procfile becomes gunicorn, when the tree has one wsgi module and declares gunicorn."""
    wsgi = [
        path
        for path, file in picture.files.items()
        if file.name == "wsgi.py" and file.role == "app"
    ]
    declared = any(
        one.name == "gunicorn" for manifest in picture.manifests for one in manifest.requirements
    )
    if len(wsgi) != 1 or not declared:
        return
    module = wsgi[0].removesuffix(".py").replace("/", ".")
    for place, _ in _each_line(picture, findings, edits):
        if _procfile(place.path):
            rows = edits.get(place.path, picture.text(place.path)).split("\n")
            rows[place.line - 1] = RUNSERVER.sub(f"gunicorn {module}", rows[place.line - 1])
            edits[place.path] = "\n".join(rows)


def exec_server(picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]) -> None:
    """The server replaces its shell: ``exec`` in scripts, and in CMD of the shell form."""
    for place, _ in _each_line(picture, findings, edits):
        rows = edits.get(place.path, picture.text(place.path)).split("\n")
        line = rows[place.line - 1]
        if place.path.endswith(".sh") and place.line >= _last_command(rows):
            line = (
                re.sub(rf"^(\s*)((?:\w+=\S+\s+)*)({SERVER}\b)", r"\1exec \2\3", line)
                if " exec " not in f" {line}" and "=" not in line.split(" ")[0]
                else line
            )
        elif _dockerfile(place.path):
            line = re.sub(
                rf"^(\s*(?:CMD|ENTRYPOINT)\s+)({SERVER}\b[^&|;]*)$",
                r"\1exec \2",
                line,
                flags=re.IGNORECASE,
            )
        elif place.path.endswith(".ini") and not any(
            re.match(r"\s*die-on-term", row) for row in rows
        ):
            at = next((n for n, row in enumerate(rows) if row.strip() == "[uwsgi]"), -1)
            if at >= 0:
                rows.insert(at + 1, "die-on-term = true")
                edits[place.path] = "\n".join(rows)
            continue
        rows[place.line - 1] = line
        edits[place.path] = "\n".join(rows)


def _last_command(rows: list[str]) -> int:
    held = [
        number
        for number, row in enumerate(rows, 1)
        if row.strip() and not row.lstrip().startswith("#")
    ]
    return held[-1] if held else 0


def unbuffer(picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]) -> None:
    """``ENV PYTHONUNBUFFERED=1`` before the command of the image."""
    for place, _ in _each_line(picture, findings, edits):
        rows = edits.get(place.path, picture.text(place.path)).split("\n")
        if not _dockerfile(place.path):
            continue
        said = [number for number, row in enumerate(rows) if re.search(r"PYTHONUNBUFFERED", row)]
        if said:
            for number in said:
                rows[number] = re.sub(
                    r"PYTHONUNBUFFERED[= ]\s*[\"']?0?[\"']?(?=\s|$)",
                    "PYTHONUNBUFFERED=1",
                    rows[number],
                )
        else:
            rows.insert(place.line - 1, "ENV PYTHONUNBUFFERED=1")
        edits[place.path] = "\n".join(rows)
