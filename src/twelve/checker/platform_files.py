"""What the files of other platforms are told to run: app.json and fly.toml."""

import json
import tomllib

from twelve.picture.commands import Stage


def declared_in(name: str, text: str) -> list[tuple[str, str, Stage]]:
    """Name, command and stage of each command; nothing for other files and broken ones."""
    if name not in ("app.json", "fly.toml"):
        return []
    try:
        return _app_json(text) if name == "app.json" else _fly(text)
    except (ValueError, AttributeError, RecursionError):
        return []


def _app_json(text: str) -> list[tuple[str, str, Stage]]:
    scripts = json.loads(text).get("scripts") or {}
    return [(str(name), str(command), "release") for name, command in scripts.items()]


def _fly(text: str) -> list[tuple[str, str, Stage]]:
    data = tomllib.loads(text)
    made: list[tuple[str, str, Stage]] = [
        (str(name), str(command), "run") for name, command in data.get("processes", {}).items()
    ]
    release = data.get("deploy", {}).get("release_command")
    return [*made, ("release", str(release), "release")] if release else made
