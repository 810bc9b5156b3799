"""No file outside of the tree is read, no code of it is run, and nothing in it can stop the check."""

import os
import random
import subprocess

import pytest

from twelve.checker.git import is_ignored, tracked_files
from twelve.checker.rules import RULES
from twelve.checker.run import check
from twelve.checker.source import FolderTree, MemoryTree

SEEDS = {
    "a.py": "import os\nclass A(B):\n    def get(self, request):\n        with open(f'{x}.log', 'w') as f:\n            return [a for a in b if c]\nSECRET_KEY = os.getenv('A', '---')\n",
    "a.js": "const s = require('express-session')\napp.use(s({ secret: `a${b}` , store: new C() }))\nif (x) { app.listen(3000) } else { y.z?.(1) }\n",
    "a.ts": "import { A } from '@nestjs/common'\n@Controller('x')\nexport class B { constructor(private a: A) {} @Get() get(): string { return process.env.X ?? 'y' } }\n",
    "Dockerfile": 'FROM python:3.12 AS a\nRUN apt-get update && \\\n    pip install x\nENV A=b C=d\nCMD ["sh", "-c", "x"]\n',
    "docker-compose.yml": "services:\n  web:\n    build: .\n    command: bash -c 'until x; do sleep 1; done; y'\n    environment:\n      A: ${B:-c}\n",
    "Procfile": "web: gunicorn a --bind 0.0.0.0:$PORT\nworker: celery -A a worker\n",
    "start.sh": '#!/bin/bash\nset -e\nif [ -n "$A" ]; then\n  exec gunicorn a &\nfi\ncase $1 in\n web) exec x ;;\n *) exec "$@" ;;\nesac\nf() { echo $(ls); }\nf\ncat <<EOF\nhi\nEOF\n',
    "package.json": '{"name": "a", "scripts": {"start": "node x.js"}, "dependencies": {"express": "^4"}}',
    "pyproject.toml": '[project]\nname = "a"\ndependencies = ["x>=1"]\n[tool.twelve.check]\nselect = []\n',
    "requirements.txt": "django>=5\n-r other.txt\n-e ../x\ngit+https://x/y@main\n",
    "k8s.yaml": "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - image: a:latest\n          command: [sh]\n",
    "uwsgi.ini": "[uwsgi]\nhttp = :80\nattach-daemon = x y\n",
    ".env": "A=b\nSECRET='x y'\n",
    ".github/workflows/a.yml": "jobs:\n  a:\n    services:\n      db:\n        image: postgres:16\n    steps:\n      - run: |\n          pytest\n",
}
ROUNDS = int(os.environ.get("TWELVE_FUZZ_ROUNDS", "40"))
"""Mutants of each kind of file; the long run asks for 10 000."""


def mutate(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(out) + 1)
        kind = chance.randrange(5)
        if kind == 0 and out:
            out[at % len(out)] = chance.randrange(256)
        elif kind == 1:
            out[at:at] = bytes(
                chance.choice(b"{}[]()<>'\"`$\\:;&|#\n\t@*,=-") for _ in range(chance.randint(1, 5))
            )
        elif kind == 2:
            del out[at : at + chance.randint(1, 20)]
        elif kind == 3:
            out[at:at] = out[: chance.randint(0, len(out))]
        else:
            out[at:at] = chance.choice(
                [
                    b"\xff\xfe",
                    b"\0",
                    b"\r\n",
                    "é\u2028".encode(),
                    b"((((((((((" * 5,
                    b"&a *a <<: *a",
                ]
            )
    return bytes(out)


@pytest.mark.parametrize("name", SEEDS)
def test_a_mutated_file_neither_crashes_nor_hangs(name):
    chance = random.Random(name)
    seed = SEEDS[name].encode()
    for _ in range(ROUNDS):
        check(MemoryTree({**SEEDS, name: mutate(seed, chance)}))


def test_deep_nesting_ends():
    for text in ("(" * 5000, "[" * 3000 + "]" * 3000, "x = " + "-" * 9000 + "1"):
        check(
            MemoryTree(
                {
                    "a.py": "import os\nDEBUG = 1\n" + text,
                    "a.js": "process.env.A;" + text,
                    "docker-compose.yml": text,
                }
            )
        )


def test_links_and_special_files_are_left_alone(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "settings.py").write_text("DEBUG = True\n")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "settings.py").symlink_to(outside / "settings.py")
    (tree / "loop").symlink_to(tree)
    (tree / "folder").symlink_to(outside)
    os.mkfifo(tree / "pipe.py")
    (tree / "locked.py").write_text("DEBUG = True\n")
    (tree / "locked.py").chmod(0)
    (tree / os.fsdecode(b"bad\xff.py")).write_text("x = 1\n")
    source = FolderTree(tree)
    assert source.read("settings.py") == b""
    assert source.read("folder/settings.py") == b""
    assert source.read("../outside/settings.py") == b""
    assert source.read("pipe.py") == b""
    report = check(source)
    assert "III-1" not in {
        f.requirement for f in report.findings if f.places[0].path == "settings.py"
    }


def test_a_large_file_is_not_read(tmp_path):
    with (tmp_path / "settings.py").open("wb") as file:
        file.write(b"DEBUG = True\n")
        file.truncate(100_000_000)
    assert FolderTree(tmp_path).read("settings.py") == b""
    assert not [f for f in check(FolderTree(tmp_path)).findings if f.severity != "info"]


def test_no_code_of_the_tree_is_run(tmp_path, monkeypatch):
    mark = tmp_path / "mark"
    run = f"import pathlib\npathlib.Path({str(mark)!r}).write_text('x')\n"
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in (
        "sitecustomize.py",
        "setup.py",
        "conftest.py",
        "manage.py",
        "yaml.py",
        "settings.py",
        "ast.py",
    ):
        (tree / name).write_text(run + "DEBUG = True\n")
    monkeypatch.chdir(tree)
    check(FolderTree(tree))
    assert not mark.exists()


def test_broken_files_are_found_with_their_line():
    report = check(
        MemoryTree(
            {
                "package.json": '{"a": 1,\n"b": }',
                "docker-compose.yml": "a:\n - b\n c: [\n",
                "pyproject.toml": "[project\n",
            }
        )
    )
    told = {
        (f.places[0].path, f.places[0].line)
        for f in report.findings
        if "does not parse" in f.message
    }
    assert {path for path, _ in told} == {"package.json", "docker-compose.yml", "pyproject.toml"}
    assert ("package.json", 2) in told


def test_a_template_that_is_no_yaml_is_passed_over():
    report = check(
        MemoryTree(
            {
                "chart/templates/d.yaml": "apiVersion: v1\nkind: {{ .Values.kind }\n{{- if x }}\n a: [\n"
            }
        )
    )
    assert not [f for f in report.findings if "does not parse" in f.message]


def test_newer_and_older_python_is_read():
    newer = "type A = int\nclass B[T]:\n    pass\nDEBUG = True\n"
    older = "print 'a'\nDEBUG = True\n"
    future = "def f():\n    return <-> 1\n\nDEBUG = True\n"
    for text in (newer, older, future):
        report = check(MemoryTree({"s/settings.py": text}))
        assert "III-1" in {f.requirement for f in report.findings}, text


def test_the_index_of_git_is_read(tmp_path):
    for name in ("a.py", "dir/b.py", "naïve.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "a.py", "dir", "naïve.py"], cwd=tmp_path, check=True)
    (tmp_path / "new.py").write_text("")
    for version in ("2", "4"):
        subprocess.run(
            ["git", "update-index", "--index-version", version], cwd=tmp_path, check=True
        )
        assert tracked_files(tmp_path / ".git", tmp_path) == {"a.py", "dir/b.py", "naïve.py"}
    assert tracked_files(tmp_path / ".git", tmp_path / "dir") == {"b.py"}


def test_ignore_patterns_are_read():
    patterns = (
        (".env", ".gitignore", 1),
        ("/dist/", ".gitignore", 2),
        ("*.log", ".gitignore", 3),
        ("!keep.log", ".gitignore", 4),
    )
    assert is_ignored("a/.env", patterns)
    assert is_ignored("dist/a.js", patterns)
    assert not is_ignored("a/dist/a.js", patterns)
    assert is_ignored("x/y.log", patterns)
    assert not is_ignored("keep.log", patterns)


def test_each_rule_runs_on_an_empty_tree():
    assert len(check(MemoryTree({}), RULES).verdicts) == len(RULES)
