"""A home of Twelve's own, away from everybody else's: folder, ports, environment, and calls."""

import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from demo import guard
from demo.leftovers import listeners

EXAMPLES = Path(__file__).parent.parent / "examples"
PROGRAM = str(Path(sys.executable).parent / "twelve")
PASSED_ON = ("PATH", "LANG", "TZ")
"""All that a home's commands get of the caller's environment, besides the ways to packages."""
WAYS = ("UV_", "PIP_", "NPM_CONFIG_", "npm_config_", "SSL_CERT")
PORTS_EACH = 80
GITCONFIG = (
    "[user]\n\tname = demo\n\temail = demo@example.invalid\n[init]\n\tdefaultBranch = main\n"
)


class Done(NamedTuple):
    """A call of ``twelve`` that has ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def said(self) -> str:
        """Everything that it printed."""
        return self.out + self.err


class Page(NamedTuple):
    """An answer of an app."""

    status: int
    headers: dict[str, str]
    text: str


class Failed(Exception):
    """A call that should have succeeded did not."""


class Home(NamedTuple):
    """A temporary home."""

    folder: Path
    port: int
    environ: Mapping[str, str]
    guard: guard.Guard

    @property
    def home(self) -> Path:
        """TWELVE_HOME."""
        return self.folder / "home"

    @property
    def temporary(self) -> Path:
        """Where its commands put what is to go."""
        return self.folder / "tmp"

    @property
    def run(self) -> Path:
        """The folder of its sockets."""
        return run_of(self.environ)

    def start(self, *words: str, cwd: Path | None = None, **more: Any) -> subprocess.Popen[str]:
        """Begin a call of ``twelve``."""
        return subprocess.Popen(
            [PROGRAM, *words],
            cwd=cwd or self.folder,
            env=dict(self.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def twelve(
        self,
        *words: str,
        cwd: Path | None = None,
        given: str = "",
        good: bool = True,
        within: float = 180,
    ) -> Done:
        """Call ``twelve`` and wait; with ``good``, raise Failed unless it exits 0."""
        began = time.monotonic()
        process = self.start(*words, cwd=cwd)
        try:
            out, err = process.communicate(given, within)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise Failed(f"twelve {' '.join(words)}: no end in {within:g} s\n{out}{err}") from None
        done = Done(process.returncode, out, err, time.monotonic() - began)
        if good and done.code:
            raise Failed(f"twelve {' '.join(words)}: exit {done.code}\n{done.said}")
        return done

    def json(self, *words: str, cwd: Path | None = None) -> Any:
        """What ``twelve … --json`` says."""
        return json.loads(self.twelve(*words, "--json", cwd=cwd).out)

    def fetch(
        self,
        host: str,
        path: str = "/",
        *,
        data: str | None = None,
        accept: str = "application/json",
        within: float = 30,
    ) -> Page:
        """Ask an app through the router; with ``data``, POST a form."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=within)
        headers = {"Host": host, "Accept": accept}
        if data is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            link.request("GET" if data is None else "POST", path, data, headers)
            answer = link.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Page(answer.status, names, answer.read().decode(errors="replace"))
        finally:
            link.close()

    def end(self) -> None:
        """Stop everything, and remove the folder."""
        done = self.twelve("down", "--all", good=False)
        if done.code:
            print(f"twelve down --all: exit {done.code}: {done.said}", file=sys.stderr)
        LEFT[self.folder] = guard.left_by(self.folder, self.run)
        guard.sweep(self.folder, self.run)
        self.guard.release()

    def keep(self) -> None:
        """Let it run on after this process."""
        self.guard.release()


MADE: list[Home] = []
"""The homes of this process, for who looks for orphans."""
LEFT: dict[Path, list[str]] = {}
"""What ran on when a home had been told to end, before it was ended by force."""


def make_home(caller: Mapping[str, str] | None = None, **settings: str) -> Home:
    """A home in a short path, on free ports; ``settings`` are added to its environment.

    It ends with this process at the latest, however that ends.
    """
    given = os.environ if caller is None else caller
    folder = Path(tempfile.mkdtemp(prefix="tw", dir="/tmp"))
    # As root the apps have uids of their own and come in here.
    folder.chmod(0o711)
    user, runtime, temporary = folder / "user", folder / "run", folder / "tmp"
    user.mkdir()
    temporary.mkdir()
    runtime.mkdir(mode=0o700)
    (user / ".gitconfig").write_text(GITCONFIG)
    port, first = free_port(), free_block()
    ways = {name: value for name, value in given.items() if name.startswith(WAYS)}
    proxies = {name: value for name, value in given.items() if name.lower().endswith("_proxy")}
    environ = {name: given[name] for name in PASSED_ON if name in given} | ways | proxies
    environ |= {
        "HOME": str(user),
        "TMPDIR": str(temporary),
        "XDG_RUNTIME_DIR": str(runtime),
        "TWELVE_HOME": str(folder / "home"),
        "TWELVE_HTTP_PORT": str(port),
        "TWELVE_PORTS": f"{first}-{first + PORTS_EACH - 1}",
        **settings,
    }
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ.get('PATH', '/usr/bin:/bin')}"
    home = Home(folder, port, environ, guard.start(folder, run_of(environ), environ))
    MADE.append(home)
    return home


def run_of(environ: Mapping[str, str]) -> Path:
    """Where the home of an environment has its sockets."""
    from twelve.settings import load_settings

    return Path(load_settings(environ, uid=os.geteuid()).run)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_block() -> int:
    """The first of a block of ports that nobody uses; another home hardly chose the same."""
    used = {
        int(told.removeprefix("port ")) for told in listeners().values() if told.startswith("port ")
    }
    blocks = list(range(20000, 29999 - PORTS_EACH, PORTS_EACH))
    random.shuffle(blocks)
    return next(first for first in blocks if not used & set(range(first, first + PORTS_EACH)))


def repository(home: Home, source: Path, name: str = "") -> Path:
    """A git repository with one commit, with the files of a folder."""
    target = home.folder / (name or source.name)
    left_out = shutil.ignore_patterns("node_modules", "__pycache__", "staticfiles", ".venv")
    shutil.copytree(source, target, ignore=left_out)
    git(home, target, "init", "-q")
    commit(home, target, "First")
    return target


def commit(home: Home, folder: Path, subject: str) -> None:
    """Commit everything."""
    git(home, folder, "add", "-A")
    git(home, folder, "commit", "-q", "-m", subject)


def edit(home: Home, file: Path, old: str, new: str) -> None:
    """Change one place of a file, and commit it."""
    text = file.read_text()
    assert text.count(old) == 1, f"{file}: {old!r} stands there {text.count(old)} times"
    file.write_text(text.replace(old, new))
    commit(home, file.parent, f"Write {new.strip()!r}"[:50])


def git(home: Home, folder: Path, *words: str) -> str:
    """Call git in a folder."""
    done = subprocess.run(
        ["git", *words],
        check=False,
        cwd=folder,
        env=dict(home.environ),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Failed(f"git {' '.join(words)}: {done.stderr}")
    return done.stdout
