"""What the files of other platforms are told to run: app.json, fly.toml, render.yaml and Railway's."""

import json
import re
import tomllib
from typing import Any

from twelve.picture.commands import Stage
from twelve.picture.pattern import pattern

Declared = tuple[str, str, Stage, int]
"""Name, command, stage, and the line it stands in."""
RENDER = pattern(
    r"^[ \t-]*(startCommand|dockerCommand|preDeployCommand|buildCommand|name):[ \t]*([^\n]*)",
    re.MULTILINE,
)
STAGES: dict[str, Stage] = {
    "startCommand": "run", "dockerCommand": "run", "preDeployCommand": "release", "buildCommand": "build"
}  # fmt: skip


def declared_in(name: str, text: str) -> list[Declared]:
    """Each command of the file; nothing for other files and broken ones."""
    if name not in READERS:
        return []
    try:
        return READERS[name](text)
    except (ValueError, AttributeError, RecursionError):
        return []


def _app_json(text: str) -> list[Declared]:
    scripts = json.loads(text).get("scripts") or {}
    return [(str(name), str(command), "release", 1) for name, command in scripts.items()]


def _fly(text: str) -> list[Declared]:
    data = tomllib.loads(text)
    made: list[Declared] = [
        (str(name), str(command), "run", 1) for name, command in data.get("processes", {}).items()
    ]
    release = data.get("deploy", {}).get("release_command")
    return [*made, ("release", str(release), "release", 1)] if release else made


def _railway(text: str) -> list[Declared]:
    data: Any = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    made: list[Declared] = []
    for key, stage in STAGES.items():
        for table in ("deploy", "build"):
            held = data.get(table, {}).get(key)
            command = " && ".join(held) if isinstance(held, list) else held
            if command:
                made.append(("web" if stage == "run" else key, str(command), stage, 1))
    return made


def _render(text: str) -> list[Declared]:
    """By its lines: a file with the marks of a template is no YAML."""
    made: list[Declared] = []
    service = "web"
    for match in RENDER.finditer(text):
        key, value = match[1], match[2].strip()
        if value[:1] in ("'", '"'):
            value = value[1:].partition(value[0])[0]
        value = value.partition(" #")[0]
        if key == "name":
            service = value or service
        elif value and value not in ("|", ">", "|-", ">-"):
            made.append((service, value, STAGES[key], text.count("\n", 0, match.start()) + 1))
    return made


READERS = {
    "app.json": _app_json, "fly.toml": _fly, "render.yaml": _render, "railway.json": _railway, "railway.toml": _railway
}  # fmt: skip
