"""How I-1, I-2, I-3, I-4 and I-5 are judged."""

import re
from collections.abc import Iterator

from twelve.finding import Place
from twelve.picture.origin import trace
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find
from twelve.picture.value import strings, text_of, walk

DEPLOY_BRANCH = pattern(
    r"^(production|prod|staging|stage|live|deploy|customer[-_/].+|client[-_/].+|tenant[-_/].+)$",
    re.IGNORECASE,
)
DEPLOY_FILE = pattern(
    r"(^|[._-])(production|prod|staging|stage|live|qa|uat)([._-]|$)", re.IGNORECASE
)


def tracked(picture: Picture) -> Iterator[Judgement]:
    """I-1."""
    repository = picture.repository
    if repository.present and repository.commit:
        yield Hold(f"commit {repository.commit[:7]}", Place("."))
    elif repository.present:
        yield find(
            "I-1",
            "medium",
            "the repository has no commit yet",
            Place("."),
            fix="git add -A && git commit",
        )


def built_from_commit(picture: Picture) -> Iterator[Judgement]:
    """I-2."""
    for docker in picture.dockerfiles:
        whole = [
            one
            for one in docker.instructions
            if one.word in ("COPY", "ADD")
            and re.match(r"^\.{1}/?\s", one.text + " ")
            and "--from" not in one.lines[0][1]
        ]
        folder = docker.path.rpartition("/")[0]
        ignores = {
            ".dockerignore",
            f"{folder}/.dockerignore".lstrip("/"),
            f"{docker.path}.dockerignore",
        }
        if not whole:
            continue
        if ignores & set(picture.files):
            yield Hold("the build context is filtered", Place(docker.path, whole[0].line))
        else:
            yield find(
                "I-2",
                "info",
                "COPY . takes the work tree as it lies, untracked files too: there is no .dockerignore",
                Place(docker.path, whole[0].line),
                fix="write .dockerignore, or build from `git archive`",
            )


def one_app(picture: Picture) -> Iterator[Judgement]:
    """I-3."""
    roots = [root or "." for root in picture.roots]
    if len(roots) == 1:
        yield Hold(f"one app at {roots[0]}", Place(roots[0]))
    else:
        yield find(
            "I-3",
            "info",
            f"{len(roots)} apps in one repository, each audited: {', '.join(roots[:8])}",
            *[Place(root) for root in roots[:8]],
        )


def _in_image(picture: Picture, path: str) -> bool:
    """Is it where an image of the tree keeps the app's own code?"""
    held = {
        one.text.split()[-1].rstrip("/")
        for docker in picture.dockerfiles
        for one in docker.instructions
        if one.word in ("WORKDIR", "COPY", "ADD") and one.text
    }
    return any(path.rstrip("/") == one or path.startswith(one + "/") for one in held if one)


def no_shared_code(picture: Picture) -> Iterator[Judgement]:
    """I-4."""
    for module, call in picture.calls("sys.path.append", "sys.path.insert"):
        if module.role != "app":
            continue
        value = (
            trace(module, call.value.parts[-1], call.function) if call.value.parts else call.value
        )
        text = text_of(value)
        ups = sum(part.count("..") for part in strings(value)) + sum(
            part.text in ("parent", "os.path.dirname", "dirname") for part in walk(value)
        )
        here = any("__file__" in part.text for part in walk(value))
        depth = module.path.count("/") + 1
        if (text.startswith("/") and not here and not _in_image(picture, text)) or (
            ups > depth and (here or text.startswith(".."))
        ):
            yield find(
                "I-4",
                "medium",
                f"code from outside the codebase is put on the import path: {text.replace('{}', '…')}",
                call.place,
                fix="make it a library in the manifest",
            )
    for manifest in picture.manifests:
        for one in manifest.requirements:
            ups = one.local.count("../")
            if ups > manifest.path.count("/"):
                yield find(
                    "I-4",
                    "medium",
                    f"{one.name} is taken from {one.local}, outside the codebase",
                    Place(one.path, one.line),
                    fix="publish it as a library",
                )
    for path, file in picture.files.items():
        if (file.link.startswith("/") and file.role in ("app", "build")) or file.link.count(
            "../"
        ) > path.count("/"):
            yield find(
                "I-4",
                "medium",
                f"a link leads out of the codebase, to {file.link}",
                Place(path),
                fix="copy it in, or make it a library",
            )


def one_history(picture: Picture) -> Iterator[Judgement]:
    """I-5."""
    kept = [branch for branch in picture.repository.branches if DEPLOY_BRANCH.match(branch)]
    if kept:
        yield find(
            "I-5",
            "info",
            f"branches are named like deploys: {', '.join(kept[:5])}",
            Place("."),
            fix="let deploys differ in config, not in code",
        )
    forks: dict[str, list[str]] = {}
    for docker in picture.dockerfiles:
        name = docker.path.rpartition("/")[2]
        if DEPLOY_FILE.search(name):
            forks.setdefault(docker.path.rpartition("/")[0], []).append(docker.path)
    for paths in forks.values():
        if len(paths) > 1:
            yield find(
                "I-5",
                "low",
                "there is a Dockerfile for each deploy",
                *[Place(path, 1) for path in paths],
                fix="keep one build; put the difference in config",
            )
    if not kept and not forks:
        yield Hold("no branch and no build is a deploy's own", Place("."))
