"""A place with two deploys, and the means to run a program in a box of each kind."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

import twelve

APP_UID = 61234
USER_UID = 61235
TMP = 8 << 20
LAUNCHER = Path(__file__).with_name("launcher.py")


class Kind(NamedTuple):
    """A way to make a box, and who makes it."""

    name: str
    uid: int
    box: dict


class Place(NamedTuple):
    """Folders that every uid can reach: Twelve's own code, an app's layer and data, another's."""

    code: Path
    layer: Path
    data: Path
    other: Path


class Boxes(NamedTuple):
    """Runs programs in boxes of one kind."""

    kind: Kind
    place: Place
    python: str

    def start(self, argv, *, plain=False, env=(), cwd="/", open_init=False, options=None, **box):
        whole = {
            **self.kind.box,
            "user": "shop",
            "tmp": TMP,
            "read": [str(self.place.layer)],
            "write": [str(self.place.data)],
            **box,
        }
        home = "/tmp/home" if self.kind.box.get("via") != "landlock" else str(self.place.data)
        job = {
            "box": whole,
            "argv": argv,
            "env": {"PATH": "/usr/bin:/bin", "HOME": home, "TMPDIR": home, **dict(env)},
            "cwd": cwd,
            "uid": self.kind.uid,
            "plain": plain,
            "open_init": open_init,
        }
        drop = (
            {}
            if self.kind.name == "strict" or os.geteuid()
            else {
                "user": self.kind.uid,
                "group": self.kind.uid,
                "extra_groups": [],
            }
        )
        launcher = [self.python, str(self.place.code / "launcher.py"), json.dumps(job)]
        return subprocess.Popen(
            launcher,
            env={
                "PYTHONPATH": str(self.place.code),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PATH": "/usr/bin:/bin",
                "CANARY": "of-the-supervisor",
            },
            **{
                "stdin": subprocess.DEVNULL,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                **drop,
                **(options or {}),
            },
        )

    def run(self, argv, **rest):
        with self.start(argv, **rest) as process:
            out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(
            argv, process.returncode, (out or b"").decode(), (err or b"").decode()
        )

    def script(self, code, *words, **rest):
        return self.run([self.python, "-I", "-c", code, *map(str, words)], **rest)


def system_python():
    for name in ("python3.11", "python3.12", "python3.13", "python3"):
        if os.access(f"/usr/bin/{name}", os.X_OK):
            return f"/usr/bin/{name}"
    return None


def find_bwrap():
    return os.environ.get("TEST_BWRAP") or shutil.which("bwrap")


def kinds():
    root = os.geteuid() == 0
    uid = USER_UID if root else os.getuid()
    found = [Kind("strict", APP_UID, {"tier": "strict", "uid": APP_UID})] if root else []
    for via in ("userns", "bwrap", "landlock"):
        box = {"tier": "user", "via": via}
        if via == "bwrap":
            if not find_bwrap():
                continue
            box["program"] = find_bwrap()
        found.append(Kind(via, uid, box))
    return found


@pytest.fixture(params=[kind.name for kind in kinds()])
def kind(request):
    return next(kind for kind in kinds() if kind.name == request.param)


@pytest.fixture
def place():
    """Files are open to everyone: what keeps the app from them is the box alone."""
    with tempfile.TemporaryDirectory(prefix="twelve-box-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        package = Path(twelve.__file__).parent
        shutil.copytree(
            package / "engines/local/sandbox",
            root / "code/twelve/engines/local/sandbox",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        for name in (
            "__init__.py",
            "errors.py",
            "engines/__init__.py",
            "engines/local/__init__.py",
        ):
            shutil.copy(package / name, root / "code/twelve" / name)
        shutil.copy(LAUNCHER, root / "code")
        whole = Place(*[root / name for name in ("code", "layer", "data", "other")])
        for part in (whole.layer, whole.data, whole.other):
            part.mkdir()
            part.chmod(0o777)
            (part / "file").write_text("canary of " + part.name)
            (part / "file").chmod(0o666)
        yield whole


@pytest.fixture
def boxes(kind, place):
    python = system_python()
    if python is None:
        pytest.skip("needs a Python below /usr that every uid can run")
    return Boxes(kind, place, python)


@pytest.fixture
def strict(place):
    if os.geteuid() != 0:
        pytest.skip("tier strict needs root")
    return Boxes(kinds()[0], place, sys.executable)
