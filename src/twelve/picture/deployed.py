"""Which of the declared commands production runs for certain."""

import re

from twelve.picture.certainty import is_aside
from twelve.picture.commands import Process, Step, dev_server, serves
from twelve.picture.pattern import pattern
from twelve.picture.rule import Picture
from twelve.picture.tree import Dockerfile, Service

PLATFORM = frozenset(
    {"procfile", "kubernetes", "render.yaml", "fly.toml", "railway.json", "railway.toml"}
)
FOR_PRODUCTION = pattern(
    r"(^|[._/-])(prod|production|live|deploy|staging)([._/-]|$)", re.IGNORECASE
)
TRIAL = pattern(
    r"^(dev|devel|develop|development|debug|local|localhost|test|testing)$", re.IGNORECASE
)
MODE = pattern(r"(^|_)(ENV|ENVIRONMENT|MODE|STAGE|PROFILE|SETTINGS_MODULE|CONFIG|SETTINGS)$")
DEBUG = pattern(r"(^|_)DEBUG$")
ON = frozenset({"1", "true", "True", "TRUE", "on", "yes"})
SOURCE = pattern(r"^(\.{1,2}(/[\w./-]*)?|\$\{?PWD\}?[\w./-]*):")
CODE_AT = pattern(
    r":/(app|usr/src|code|src|srv|opt|home|var/www|workspace|backend|api|web|\w*app)\b"
)
TRIED = pattern(
    r"requirements[\w./-]*\b(dev|development|local|test)\w*\b|--(only|with)[= ]dev\b|\[dev\]",
    re.IGNORECASE,
)
OWN_START = pattern(r"^(start|serve)[:_-](prod|production)$|^(prod|production|serve)$")


def certain(picture: Picture, process: Process, step: Step | None = None) -> bool:
    """Does production run the command (and this step of it) for certain, as far as the tree says?

    It does what a platform's file, a manifest of Kubernetes or the last stage of a Dockerfile tells. A compose file
    may be the developers' own: it counts when it is named for production, or is alone and has no sign of development.
    """
    if process.development or process.stage not in ("run", "hook") or is_aside(process.path):
        return False
    if step is not None and (is_aside(step.path) or _tried(step)):
        return False
    if process.origin in PLATFORM:
        return True
    if any(
        other.origin in PLATFORM and other.stage == "run" and any(map(serves, other.steps))
        for other in picture.processes
    ):
        return False
    return {
        "dockerfile": _image,
        "compose": _composed,
        "package.json": _package,
        "script": _never,
    }.get(process.origin, _always)(picture, process)


def _always(picture: Picture, process: Process) -> bool:
    del picture, process
    return True


def _never(picture: Picture, process: Process) -> bool:
    """Nothing calls the script: that production does, only its name says."""
    del picture, process
    return False


def _tried(step: Step) -> bool:
    return any(_says(name, value) for name, value in step.env)


def _says(name: str, value: str) -> bool:
    """Does a variable say development?"""
    last = re.split(r"[./]", value.strip("\"'"))[-1]
    return bool(
        (MODE.search(name) and TRIAL.match(last))
        or (DEBUG.search(name) and value.strip("\"'") in ON)
    )


def _image(picture: Picture, process: Process) -> bool:
    docker = next((one for one in picture.dockerfiles if one.path == process.path), None)
    if docker is None or docker.development or process.name != "image" or _for_trials(docker):
        return False
    folder = docker.path.rpartition("/")[0]
    if not FOR_PRODUCTION.search(docker.path) and any(
        one is not docker
        and one.path.rpartition("/")[0] == folder
        and FOR_PRODUCTION.search(one.path.rpartition("/")[2])
        for one in picture.dockerfiles
    ):
        return False
    users = [one for one in picture.services if one.build and _builds(one, docker)]
    return not users or any(not one.command and not one.entrypoint for one in users)


def _for_trials(docker: Dockerfile) -> bool:
    """Does the image set itself up for development?"""
    for one in docker.instructions:
        if one.stage != docker.final:
            continue
        if one.word == "ENV" and any(
            _says(name, value) for name, value in re.findall(r"(\w+)[= ](\S+)", one.text)
        ):
            return True
        if one.word == "RUN" and TRIED.search(one.text):
            return True
    return False


def _builds(service: Service, docker: Dockerfile) -> bool:
    folder = service.path.rpartition("/")[0]
    context = service.build.removeprefix("./").strip("/").removeprefix(".")
    name = (service.dockerfile or "Dockerfile").removeprefix("./")
    return "/".join(filter(None, (folder, context, name))) == docker.path


def _composed(picture: Picture, process: Process) -> bool:
    if FOR_PRODUCTION.search(process.path.rpartition("/")[2]):
        return True
    beside = {
        one.path
        for one in picture.services
        if one.path.rpartition("/")[0] == process.path.rpartition("/")[0]
    }
    held = [one for one in picture.services if one.path == process.path]
    return beside == {process.path} and not any(_signs(one) for one in held)


def _signs(service: Service) -> bool:
    """Signs of development: source mounted over the build, words of it, a server that watches its files."""
    return (
        service.development
        or any(_says(name, value) for name, value, _ in service.environment)
        or any(
            SOURCE.match(volume) and CODE_AT.search(volume)
            for volume, _ in service.volumes
            if service.build
        )
        or bool({"--reload", "--debug", "--watch", "nodemon", "watchmedo"} & set(service.command))
    )


def _package(picture: Picture, process: Process) -> bool:
    """``npm start``, unless the package has another script for production."""
    scripts = next((one.scripts for one in picture.manifests if one.path == process.path), ())
    return not any(OWN_START.match(name) for name, _, _ in scripts)


def hands_over(picture: Picture, process: Process, step: Step) -> bool:
    """Is the step the last command of a line that the shell of Alpine runs? That shell makes way for it."""
    inline = (
        step.path == process.path and step.last and not step.background and step.through == ("sh",)
    )
    return inline and any(
        "alpine" in base or "busybox" in base for base in _bases(picture, process)
    )


def _bases(picture: Picture, process: Process) -> list[str]:
    """The images that the process may run on, as far as the tree names them."""
    service = next(
        (one for one in picture.services if (one.path, one.name) == (process.path, process.name)),
        None,
    )
    if service is not None and not service.build:
        return [service.image]
    held = []
    for docker in picture.dockerfiles:
        if docker.path == process.path or (service is not None and _builds(service, docker)):
            froms = {
                one.stage: one.text.lower() for one in docker.instructions if one.word == "FROM"
            }
            stage, seen = docker.final, set[str]()
            while stage in froms and stage not in seen:
                seen.add(stage)
                held.append(froms[stage])
                stage = next(
                    (word for word in froms[stage].split() if not word.startswith("--")), ""
                )
    return held


def real_elsewhere(picture: Picture, process: Process) -> bool:
    """Does another command of the tree start a real server? Then one with a development server is for trials."""
    return any(
        other is not process
        and other.stage in ("run", "hook")
        and any(serves(step) and not dev_server(step) for step in other.steps)
        for other in picture.processes
    )
