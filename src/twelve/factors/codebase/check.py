"""What reading can judge of factor I: one codebase under version control, many deploys."""

import re
from collections.abc import Iterator

from twelve.finding import Place
from twelve.picture.origin import trace
from twelve.picture.rule import Example, Hold, Judgement, Picture, Rule, find
from twelve.picture.value import strings, text_of, walk

DEPLOY_BRANCH = re.compile(
    r"^(production|prod|staging|stage|live|deploy|customer[-_/].+|client[-_/].+|tenant[-_/].+)$",
    re.IGNORECASE,
)
DEPLOY_FILE = re.compile(
    r"(^|[._-])(production|prod|staging|stage|live|qa|uat)([._-]|$)", re.IGNORECASE
)
ROOT_COMMANDS = ("COPY . ", "ADD . ", "COPY ./ ", "ADD ./ ")


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
        if (text.startswith("/") and not here) or (ups > depth and (here or text.startswith(".."))):
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
        if (
            file.link.startswith("/")
            and file.role in ("app", "build")
            or file.link.count("../") > path.count("/")
        ):
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


RULES = (
    Rule(
        "I-1", "M", "The app is tracked in a version control system", "codebase", "medium", tracked,
        found=(Example({".git/HEAD": "ref: refs/heads/main\n", "app.py": "print()\n"}, "."),),
        spared=(Example({".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": "a" * 40, "app.py": ""}),),
        why="A deploy that is no commit can be neither repeated nor compared.",
        way_out="git init, and commit.",
        never="an exported tarball: then the verdict is unknown",
    ),
    Rule(
        "I-2", "M", "What is deployed equals a commit (no local edits in the build)", "codebase + build-release-run", "info", built_from_commit,
        found=(Example({"Dockerfile": "FROM python:3.12\nCOPY . /app\nCMD [\"python\", \"a.py\"]\n"}, "Dockerfile:2"),),
        spared=(Example({"Dockerfile": "FROM python:3.12\nCOPY . /app\n", ".dockerignore": ".git\n.env\n"}), Example({"Dockerfile": "FROM python:3.12\nCOPY src /app\n"})),
        why="A build from the work tree carries edits that nobody can find again.",
        way_out="Build from a commit: `twelve deploy` archives it.",
        never="a COPY of named folders",
    ),
    Rule(
        "I-3", "M", "One repo = one app; several codebases make a distributed system", "codebase", "info", one_app,
        found=(
            Example({
                "a/requirements.txt": "flask==3.0\n", "a/Procfile": "web: gunicorn a:app\n", "b/requirements.txt": "flask==3.0\n", "b/Procfile": "web: gunicorn b:app\n",
            }, "a"),
        ),
        spared=(Example({"requirements.txt": "flask==3.0\n", "Procfile": "web: gunicorn a:app\nworker: rq worker\n"}),),
        why="Each app of a distributed system answers to the twelve factors by itself.",
        way_out="Nothing to mend: each root is audited. `twelve deploy --root DIR` deploys one.",
        never="web, worker and scheduler of one app",
    ),
    Rule(
        "I-4", "M", "Apps do not share code except as libraries through the dependency manager", "codebase", "medium", no_shared_code,
        found=(
            Example({"app.py": "import sys\nsys.path.insert(0, '/opt/shared')\n"}, "app.py:2"),
            Example({"requirements.txt": "-e ../common\n"}, "requirements.txt:1"),
        ),
        spared=(
            Example({"src/app/main.py": "import os, sys\nsys.path.append(os.path.join(os.path.dirname(__file__), '..'))\n"}),
            Example({"web/package.json": '{"dependencies": {"ui": "file:../ui"}}', "ui/package.json": '{"name": "ui"}'}),
        ),
        why="Code that two apps share by path has no version, so neither app's deploy is its commit.",
        way_out="Make the shared code a library and declare it.",
        never="workspaces of uv or npm, and paths inside the repository",
        tokens=("sys.path",),
    ),
    Rule(
        "I-5", "M", "All deploys come from the same codebase", "codebase", "low", one_history,
        found=(Example({"Dockerfile.production": "FROM python:3.12\n", "Dockerfile.staging": "FROM python:3.12\n"}, "Dockerfile.production:1"),),
        spared=(Example({"Dockerfile": "FROM python:3.12\n", "Dockerfile.dev": "FROM python:3.12\n"}),),
        why="A branch or build of a deploy's own drifts away from the app.",
        way_out="Merge it, and keep the difference in the deploy's config.",
        never="release branches with back-ports; one Dockerfile for development",
    ),
)  # fmt: skip
