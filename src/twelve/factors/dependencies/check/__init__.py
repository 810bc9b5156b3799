"""What reading can judge of factor II: dependencies declared, exact and isolated."""

from twelve.factors.dependencies.check.imports import complete, manifest_exists
from twelve.factors.dependencies.check.pins import exact, same_everywhere
from twelve.factors.dependencies.check.system import isolated, no_system_tools, one_build
from twelve.picture.rule import Example, Rule

APP = {"requirements.txt": "flask==3.0\n"}

RULES = (
    Rule(
        "II-1", "M", "A dependency manifest exists", "dependencies", "high", manifest_exists,
        found=(Example({"app.py": "import flask\n"}, "app.py"),),
        spared=(Example({"app.py": "import json\n"}), Example({"app.py": "import flask\n", **APP})),
        why="Without a manifest nobody can build the app twice.",
        way_out="Write pyproject.toml or requirements.txt.",
        never="apps that need the standard library alone",
    ),
    Rule(
        "II-2", "M", "The manifest is complete: each third-party import is declared", "dependencies", "high", complete,
        doubt="names that may be of another distribution than one thinks; all of them where a manifest takes something by an address or a path, or names a file that is not there; a single package that a build adds",
        found=(
            Example({"app.py": "import requests\n", **APP}, "app.py:1"),
            Example({"Dockerfile": "FROM python:3.12\nRUN pip install gunicorn gevent\n", **APP}, "Dockerfile:2"),
            Example({"app.py": "import requests\n", **APP}, "app.py:1", severity="high"),
            Example({"app.py": "import shoplib\n", **APP}, "app.py:1", severity="medium"),
            Example({"app.py": "import requests\n", "requirements.txt": "-r ../common.txt\nflask==3.0\n"}, "app.py:1", severity="medium"),
        ),
        spared=(
            Example({"app.py": "try:\n    import ujson\nexcept ImportError:\n    ujson = None\n", **APP}),
            Example({"app.py": "import yaml\n", "requirements.txt": "PyYAML==6.0\n"}),
            Example({"app.py": "from bson import ObjectId\n", "requirements.txt": "pymongo==4.10\n"}),
            Example({"app.py": "import rest_framework_nested\nimport pagedown\n", "requirements.txt": "drf-nested-routers==0.9\nhttps://github.com/x/django-pagedown/archive/refs/tags/v1.1.tar.gz\n"}),
            Example({"app.py": "import pymysql\n", "Pipfile": '[packages]\nflask = "==3.0"\n[for-mysql]\npymysql = "==1.1"\n'}),
            Example({"src/a.ts": "import { b } from '@common/b/c'\n", "package.json": "{}", "tsconfig.json": '{"compilerOptions": {"paths": {"@common/*": ["./src/*"]}}}'}),
            Example({"src/a.ts": "import 'server-only'\n", "package.json": '{"dependencies": {"next": "16.0.0"}}'}),
            Example({"app.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import boto3\n", **APP}),
            Example({"Dockerfile": "FROM python:3.12\nRUN pip install --upgrade pip && pip install -r requirements.txt\n", **APP}),
        ),
        why="What is installed on one machine alone is missing on the next.",
        way_out="Declare it in the manifest.",
        never="optional imports under try, imports for types, modules of the tree itself",
    ),
    Rule(
        "II-3", "M", "Declared exactly: resolved versions are pinned, including transitives", 'dependencies ("completely and exactly")', "medium", exact,
        found=(
            Example({"requirements.txt": "django>=6.0,<6.1\n"}, "requirements.txt:1"),
            Example({"package.json": '{"private": true,\n"dependencies": {\n"express": "^4.0.0"}}'}, "package.json:3"),
        ),
        spared=(
            Example({"requirements.txt": "Django[argon2]==6.1\n"}),
            Example({"package.json": '{"dependencies": {"express": "^4.0.0"}}', "package-lock.json": "{}"}),
            Example({"pyproject.toml": '[project]\nname = "a"\ndependencies = ["flask>=3"]\n', "uv.lock": ""}),
        ),
        why="A range resolves to another version tomorrow: two builds of one commit differ.",
        way_out="Commit a lock file, or pin each line.",
        never="libraries, whose ranges are their contract; `==` without transitives",
        fixable=True,
    ),
    Rule(
        "II-4", "M", "Isolation during execution: nothing leaks in from the system", "dependencies", "medium", isolated,
        found=(Example({"setup.sh": "#!/bin/bash\nsudo python3 -m pip install -r requirements.txt\n", **APP}, "setup.sh:2"),),
        spared=(
            Example({"setup.sh": "#!/bin/bash\npython3 -m venv .venv\n. .venv/bin/activate\npip install -r requirements.txt\n", **APP}),
            Example({"Dockerfile": "FROM python:3.12\nRUN pip install -r requirements.txt\n", **APP}),
        ),
        why="A package of the machine hides that the manifest lacks it.",
        way_out="Use a virtual environment.",
        never="pip inside an image: the image isolates it",
    ),
    Rule(
        "II-5", "M", "No reliance on implicit system tools", "dependencies", "high", no_system_tools,
        doubt="tools that only a command runs; all of them where the image is built on one that is no plain runtime: what that brings, nobody reads here",
        found=(
            Example({"app.py": "import subprocess\ndef view(request):\n    subprocess.run(['ffmpeg', '-i', 'a'])\n"}, "app.py:3"),
            Example({"app.py": "import subprocess\ndef shrink(path):\n    try:\n        subprocess.run(['optipng', path])\n    except FileNotFoundError:\n        raise SystemExit('install optipng')\n"}, "app.py:4"),
            Example({"app.py": "import subprocess\ndef shrink(path):\n    try:\n        subprocess.run(['optipng', path])\n    except Exception as error:\n        print(error)\n        return None\n"}, "app.py:4"),
            Example({"app.js": "const { exec } = require('child_process')\nexec('ping -c 2 ' + host)\n", "package.json": "{}"}, "app.js:2"),
            Example({"app.py": "import subprocess\ndef view(request):\n    subprocess.run(['ffmpeg'])\n"}, "app.py:3", severity="high"),
            Example({"app.py": "import subprocess\ndef view(request):\n    subprocess.run(['ffmpeg'])\n", "Dockerfile": "FROM shop.io/media:3\n"}, "app.py:3", severity="medium"),
        ),
        spared=(
            Example({"app.py": "import subprocess\nsubprocess.run(['ffmpeg'])\n", "Aptfile": "ffmpeg\n"}),
            Example({"app.py": "import subprocess\ndef shrink(path):\n    try:\n        subprocess.run(['optipng', path])\n    except FileNotFoundError:\n        return path\n"}, note="it goes on without"),
            Example({"app.py": "import subprocess\ndef revision():\n    try:\n        return subprocess.check_output(['git', 'rev-parse', 'HEAD'])\n    except Exception:\n        return None\n"}, note="an extra, and it goes on without"),
            Example({"app.py": "import subprocess\nsubprocess.run(['pybabel', 'update'])\n", "requirements.txt": "Babel==2.17\n"}),
            Example({"app.py": "import os\ndef run(cmd):\n    os.system(cmd)\n"}),
            Example({"app.py": "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'x'])\n"}),
        ),
        why="A tool that happens to be on this machine is not on the next one.",
        way_out="Declare it (Aptfile, the image), or use a library.",
        never="the interpreter, the shell, commands that the operator supplies",
        script_tokens=("child_process", "execa"),
        near=((("subprocess",), r"(?#code)subprocess(?:(?:\.(?:run|call|check_call|check_output|Popen|get\w+)|_exec|_shell)(?:\s*\(|\s+as\b)| import| as\b)"), (("os.exec", "os.system", "os.popen"), r"(?#code)os\.(?:execvp?|system|popen)\s*\("), (("pexpect",), r"(?#code)pexpect(?:\.\w+\s*\(| import| as\b)")),
    ),
    Rule(
        "II-6", "S", "One deterministic build command; a newcomer needs only runtime + dependency manager", "dependencies", "low", one_build,
        found=(
            Example({"Dockerfile": "FROM node:24\nCOPY . .\nRUN npm install\n", "package.json": "{}", "package-lock.json": "{}"}, "Dockerfile:3"),
            Example({"Dockerfile": "FROM python:3.12\nRUN poetry update\n", **APP}, "Dockerfile:2"),
        ),
        spared=(
            Example({"Dockerfile": "FROM python:3.12\nRUN pip install -r requirements.txt\n", **APP}),
            Example({"Dockerfile": "FROM node:24\nCOPY . .\nRUN npm ci\n", "package.json": "{}", "package-lock.json": "{}"}),
            Example({"Dockerfile": "FROM node:24\nRUN npm install -g corepack\n", "package.json": "{}", "package-lock.json": "{}"}),
            Example({"Dockerfile.dev": "FROM node:24\nRUN npm install\n", "package.json": "{}", "package-lock.json": "{}"}),
        ),
        why="A newcomer should need one command, and it should build the same twice.",
        way_out="Install from the lock (`npm ci`, `uv sync --locked`); `twelve build` is that command.",
        never="private registries that need a token; tools that are installed by name; a project without a lock (II-3 says so)",
        prover=True,
    ),
    Rule(
        "II-7", "M", "The same full specification is used in dev and production", "dependencies", "low", same_everywhere,
        found=(Example({"requirements.txt": "django==5.0\n", "requirements-dev.txt": "django==4.2\n"}, "requirements-dev.txt:1"),),
        spared=(Example({"requirements.txt": "django==5.0\n", "requirements-dev.txt": "-r requirements.txt\npytest==8.0\n"}),),
        why="Another version in development finds other faults.",
        way_out="Let the development file include the production file.",
        never="groups for tests alone",
    ),
)  # fmt: skip
