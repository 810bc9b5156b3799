"""Which commands serve development alone, because something else of the tree says how production starts."""

import re
from collections.abc import Sequence

from twelve.picture.commands import INTERPRETERS, Process, dev_server, for_trials, serves
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.tree import Dockerfile, Service

PLATFORMS = frozenset({"procfile", "render.yaml", "fly.toml", "railway.json", "railway.toml"})
PLAIN = pattern(r"(^|/)(docker-)?compose\.ya?ml$")
FOR_PRODUCTION = pattern(r"(^|[._-])(prod|production|live)([._-]|$)", re.IGNORECASE)


def trials(processes: list[Process], folders: set[str]) -> list[Process]:
    """Images and services with a development server are for development, where a platform's file starts a real one.

    ``folders`` hold a manifest: what lies in one below the platform's file is an app of its own.
    """
    roots = {
        one.path.rpartition("/")[0]
        for one in processes
        if one.origin in PLATFORMS
        and one.stage == "run"
        and any(serves(step) or step.program in INTERPRETERS for step in one.steps)
        and not any(dev_server(step) for step in one.steps)
    }
    return [
        one._replace(stage="dev", development=True)
        if one.stage == "run"
        and (
            any(serves(s) and for_trials(s) for s in one.steps)
            or _starts_trial(one, roots, folders)
        )
        else one
        for one in processes
    ]


def _starts_trial(one: Process, roots: set[str], folders: set[str]) -> bool:
    return (
        one.origin in ("dockerfile", "compose")
        and any(_within(one.path.rpartition("/")[0], root, folders) for root in roots)
        and any(dev_server(step) for step in one.steps)
    )


def _within(folder: str, root: str, folders: set[str]) -> bool:
    """Does the folder belong to the app that stands in the root?"""
    while folder != root:
        if folder in folders or not folder:
            return False
        folder = folder.rpartition("/")[0]
    return True


def told_apart(services: Sequence[Service]) -> list[Service]:
    """The services of a compose file that has another beside it, for production and complete by itself."""
    files: dict[str, list[Service]] = {}
    for one in services:
        files.setdefault(one.path, []).append(one)
    whole = {
        path.rpartition("/")[0]
        for path, held in files.items()
        if FOR_PRODUCTION.search(path.rpartition("/")[2])
        and all(one.image or one.build for one in held)
        and any(one.command or one.volumes or one.ports for one in held)
    }
    return [
        one._replace(development=True)
        if one.path.rpartition("/")[0] in whole and PLAIN.search(one.path)
        else one
        for one in services
    ]


def only_tried(docker: Dockerfile, services: list[Service]) -> bool:
    """Is the image built by services for development alone, and named so?"""
    users = [
        one
        for one in services
        if (one.dockerfile and docker.path.endswith("/" + one.dockerfile.lstrip("./")))
        or one.dockerfile == docker.path
    ]
    return bool(users) and all(one.development for one in users) and is_development(docker.path)
