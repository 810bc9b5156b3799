"""How V-1, V-2, V-5, V-6, V-7 and OPS-2 are judged."""

import re
from collections.abc import Iterator

from twelve.finding import Finding, Place
from twelve.picture.commands import migrates
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped

FRONT = pattern(
    r"^(VITE|NEXT_PUBLIC|REACT_APP|VUE_APP|NUXT_PUBLIC|PUBLIC|GATSBY|EXPO_PUBLIC|NG_APP)_\w*(URL|URI|HOST|DOMAIN|API|ENDPOINT|KEY|DSN|ORIGIN|ENV)\w*$"
)
DEPLOY_ARG = pattern(
    r"^(\w+_)?(ENV|ENVIRONMENT|STAGE|API_URL|BASE_URL|SITE_URL|DATABASE_URL|BACKEND_URL|HOST_URL|PUBLIC_URL|APP_URL)$"
)
MODULE = pattern(r"DJANGO_SETTINGS_MODULE[= ][\w.]*\.(production|prod|staging|live|heroku)\b")
NUMBERED = pattern(r"\d+_\w+\.py$")
ONE_WAY = pattern(
    r"\bRun(Python|SQL)\(\s*([\w.]+|'[^']*'|\"[^\"]*\")\s*,?\s*\)|^def downgrade\([^)]*\)[^:\n]*:\s*raise\b",
    re.MULTILINE,
)
LATEST = pattern(r"^[^${}@]+:latest$")


def own_stage(picture: Picture) -> Iterator[Judgement]:
    """V-1."""
    found: list[Finding] = []
    for process in picture.processes:
        if process.stage == "build" and not process.development:
            for step in process.steps:
                if what := migrates(step):
                    found.append(  # noqa: PERF401 - a sentence a line reads better
                        find(
                            "V-1",
                            "high",
                            f"the build runs {what}: it needs, or bakes, a database",
                            step.place,
                            fix="move it to the release phase",
                        )
                    )
    yield from found
    if picture.dockerfiles and not found:
        yield Hold("the build touches no resource", Place(picture.dockerfiles[0].path))


def one_build(picture: Picture) -> Iterator[Judgement]:
    """V-2."""
    found = []
    for docker in picture.dockerfiles:
        if docker.development:
            continue
        args = {
            one.text.partition("=")[0].strip(): one
            for one in docker.instructions
            if one.word == "ARG"
        }
        for name, one in args.items():
            fed = any(
                other.word == "ENV" and re.search(rf"\$\{{?{name}\b", other.text)
                for other in docker.instructions
            )
            if FRONT.match(name) or (DEPLOY_ARG.match(name) and fed):
                found.append(
                    find(
                        "V-2",
                        "low",
                        f"{name} of one deploy is compiled into the build",
                        Place(docker.path, one.line),
                        fix="read it at run time, or use the same origin",
                    )
                )
        for one in docker.instructions:
            if one.word == "ENV" and MODULE.search(one.text):
                found.append(  # noqa: PERF401 - a sentence a line reads better
                    find(
                        "V-2",
                        "low",
                        "the image carries the settings of one deploy",
                        Place(docker.path, one.line),
                        fix="set DJANGO_SETTINGS_MODULE in the deploy, or have one module",
                    )
                )
    yield from found
    if picture.dockerfiles and not found:
        yield Hold(
            "no deploy's value is an argument of the build", Place(picture.dockerfiles[0].path)
        )


def unique_release(picture: Picture) -> Iterator[Judgement]:
    """V-5."""
    places = [
        Place(s.path, s.image_line)
        for s in picture.services
        if LATEST.match(s.image) and not s.development
    ]
    places += [Place(w.path, w.line) for w in picture.workloads if LATEST.match(w.image)]
    if places:
        yield find(
            "V-5",
            "low",
            "the tag latest names another release tomorrow",
            *places,
            fix="use a version or a digest",
        )


def named_base(picture: Picture) -> Iterator[Judgement]:
    """V-7."""
    found = []
    for docker in picture.dockerfiles:
        stages = {one.stage for one in docker.instructions}
        for one in docker.instructions:
            image = one.text.split()[0] if one.word == "FROM" and one.text else ""
            if (
                not image
                or docker.development
                or image in stages
                or image == "scratch"
                or "$" in image
            ):
                continue
            if "@" not in image and (
                ":" not in image.rpartition("/")[2] or image.endswith(":latest")
            ):
                found.append(
                    find(
                        "V-7",
                        "low",
                        f"the base {image} has no version",
                        Place(docker.path, one.line),
                        fix="name a tag, better a digest",
                    )
                )
    yield from grouped(found)
    if picture.dockerfiles and not found:
        yield Hold("each base is named", Place(picture.dockerfiles[0].path, 1))


def way_back(picture: Picture) -> Iterator[Judgement]:
    """V-6: a proof tells; reading sees a newest migration without a way back."""
    for path in _newest_migrations(picture):
        text = picture.text(path)
        for match in ONE_WAY.finditer(text):
            yield find(
                "V-6",
                "info",
                f"the newest migration of {path.rpartition('/')[0]} has no way back",
                Place(path, text.count("\n", 0, match.start()) + 1),
                fix="write the reverse (a no-op, where there is nothing to undo)",
            )
    for process in picture.processes:
        if process.stage == "release":
            yield Hold("there is a release phase", process.place)
            return


def _newest_migrations(picture: Picture) -> list[str]:
    """The last of each folder's numbered migrations: the one that a rollback of one release crosses."""
    newest: dict[str, str] = {}
    for path, file in picture.files.items():
        if file.role == "migration" and NUMBERED.match(file.name):
            newest[file.folder] = max(newest.get(file.folder, ""), path)
    return list(newest.values())


def rolling(picture: Picture) -> Iterator[Judgement]:
    """OPS-2."""
    for one in picture.workloads:
        if one.kind == "Deployment" and "readinessProbe" not in one.probes:
            yield find(
                "OPS-2",
                "info",
                f"{one.name} has no readiness probe: an upgrade sends requests too early",
                Place(one.path, one.line),
            )
