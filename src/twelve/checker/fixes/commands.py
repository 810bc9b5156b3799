"""VII-2, IX-2 and XI-3: run commands in Procfile and Dockerfile."""

import json
import re
import shlex

from twelve.checker.picture import RepositoryPicture
from twelve.finding import Finding, Place
from twelve.picture.pattern import pattern

PORTED = pattern(r"((?:uvicorn|hypercorn|granian|daphne|fastapi)\b.*?(?:--port|-p)[ =])\d+")
LITERAL = pattern(r"[:= \"](\d{2,5})(?=[\"\s]|$)")
ARRAY = pattern(r"^(\s*(?:CMD)\s+)(\[.*\])\s*$", re.IGNORECASE)
SERVER = r"(gunicorn|uvicorn|hypercorn|daphne|granian|uwsgi|node|celery|python3?)"


def _procfile(path: str) -> bool:
    return path.rpartition("/")[2] == "Procfile"


def is_dockerfile(path: str) -> bool:
    """Is it one by its name?"""
    return path.rpartition("/")[2].startswith("Dockerfile")


def each_line(
    picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]
) -> list[tuple[Place, list[str]]]:
    """The places of the findings with their file's lines, the last line first: so none moves."""
    made = []
    places = dict.fromkeys(place for one in findings for place in one.places)
    for place in sorted(places, key=lambda place: (place.path, -place.line)):
        rows = edits.get(place.path, picture.text(place.path)).split("\n")
        if 0 < place.line <= len(rows):
            made.append((place, rows))
    return made


def bind_port(picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]) -> None:
    """Gunicorn's fixed bind goes, for it reads PORT by itself; uvicorn and uwsgi get $PORT where a shell reads it."""
    for place, _ in each_line(picture, findings, edits):
        rows = edits.get(place.path, picture.text(place.path)).split("\n")
        line = rows[place.line - 1]
        if _procfile(place.path):
            line = re.sub(r"(gunicorn\b.*?)\s+(?:-b|--bind)[ =]\S+", r"\1", line)
            line = re.sub(
                r"((?:uvicorn|hypercorn|granian|daphne)\b.*?(?:--port|-p)[ =])\d+", r"\1$PORT", line
            )
        elif is_dockerfile(place.path):
            _image_binds(rows, place.line - 1)
            edits[place.path] = "\n".join(rows)
            continue
        elif place.path.endswith(".ini"):
            line = re.sub(r"^(\s*(?:http|http-socket)\s*=\s*\S*?:)\d+\s*$", r"\1$(PORT)", line)
        rows[place.line - 1] = line
        edits[place.path] = "\n".join(rows)


def _image_binds(rows: list[str], at: int) -> None:
    """The command of an image loses its literal port, which becomes the default of PORT."""
    line, port = rows[at], LITERAL.search(rows[at])
    if "gunicorn" in line:
        made = re.sub(r'"(?:-b|--bind)",\s*"[^"$]*"(,?)\s*', "", line)
        made = re.sub(r'"--bind=[^"$]*",?\s*', "", made)
        made = re.sub(r"\s(?:-b|--bind)[ =][^\s\"$]+", "", made)
        made = re.sub(r",\s*\]", "]", made)
    elif (array := ARRAY.match(line)) and (words := _words(array[2])):
        told = PORTED.sub(r"\1$PORT", shlex.join(words))
        made = f"{array[1]}exec {told}" if "$PORT" in told else line
    else:
        made = PORTED.sub(r"\1$PORT", line)
    if made != line and port:
        rows[at] = made
        give_port(rows, at, port[1])


def give_port(rows: list[str], at: int, port: str) -> None:
    """The image keeps its port as a default that the environment replaces."""
    if not any(re.match(r"\s*ENV\s+(.*\s)?PORT[= ]", row, re.IGNORECASE) for row in rows):
        rows.insert(at, f"ENV PORT={port}")


def _words(text: str) -> list[str]:
    try:
        words = json.loads(text)
    except ValueError:
        return []
    return words if isinstance(words, list) and all(isinstance(w, str) for w in words) else []


def exec_server(picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]) -> None:
    """The server replaces its shell: ``exec`` in scripts, and in CMD of the shell form."""
    for place, _ in each_line(picture, findings, edits):
        rows = edits.get(place.path, picture.text(place.path)).split("\n")
        line = rows[place.line - 1]
        if place.path.endswith(".sh") and place.line >= _last_command(rows):
            line = (
                re.sub(rf"^(\s*)((?:\w+=\S+\s+)*)({SERVER}\b)", r"\1exec \2\3", line)
                if " exec " not in f" {line}" and "=" not in line.split(" ")[0]
                else line
            )
        elif is_dockerfile(place.path):
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
    for place, _ in each_line(picture, findings, edits):
        rows = edits.get(place.path, picture.text(place.path)).split("\n")
        if not is_dockerfile(place.path):
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
