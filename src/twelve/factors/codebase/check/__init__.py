"""What reading can judge of factor I: one codebase under version control, many deploys."""

from twelve.factors.codebase.check.tree import (
    built_from_commit,
    no_shared_code,
    one_app,
    one_history,
    tracked,
)
from twelve.picture.rule import Example, Rule

ROOT_COMMANDS = ("COPY . ", "ADD . ", "COPY ./ ", "ADD ./ ")
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
        found=(Example({"Dockerfile": 'FROM python:3.12\nCOPY . /app\nCMD ["python", "a.py"]\n'}, "Dockerfile:2"),),
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
            Example({"Dockerfile": "FROM python:3.12\nCOPY . /app\n", "jobs/a.py": "import sys\nsys.path.append('/app')\n"}, note="where the image keeps this very code"),
            Example({"web/package.json": '{"dependencies": {"ui": "file:../ui"}}', "ui/package.json": '{"name": "ui"}'}),
        ),
        why="Code that two apps share by path has no version, so neither app's deploy is its commit.",
        way_out="Make the shared code a library and declare it.",
        never="workspaces of uv or npm, and paths inside the repository",
        near=((("sys.path.",), r"(?#here)sys\.path\.(?:append|insert)\("),),
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
