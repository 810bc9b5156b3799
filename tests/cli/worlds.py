"""Builders for tests of the command line: codebases, and a home with its own control plane."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

WEB = "web: python3 -m http.server $PORT --bind 127.0.0.1\n"
TWELVE = (sys.executable, "-m", "twelve")
SECONDS = 60
GIT = ("git", "-c", "user.name=A tester", "-c", "user.email=tests@twelve.invalid")


class Done(NamedTuple):
    """How a call of the command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Home(NamedTuple):
    """A home; calls are made with its environment, in ``folder`` unless said otherwise."""

    environ: Mapping[str, str]
    folder: Path
    port: int

    def __call__(
        self,
        *words: str,
        stdin: str | bytes = b"",
        cwd: Path | None = None,
        seconds: float = SECONDS,
        **environ: str,
    ) -> Done:
        done = subprocess.run(
            [*TWELVE, *words],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env={**self.environ, **environ},
            cwd=cwd or self.folder,
            timeout=seconds,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def good(self, *words: str, **how: Any) -> str:
        """The output of a call that must succeed."""
        done = self(*words, **how)
        assert done.code == 0, done
        return done.out

    def start(self, *words: str, cwd: Path | None = None, **how: Any) -> subprocess.Popen[bytes]:
        """A call that goes on; unless said otherwise without input, its output in pipes."""
        how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **how}
        return subprocess.Popen(
            [*TWELVE, *words],
            env=dict(self.environ),
            cwd=cwd or self.folder,
            **{"stderr": subprocess.PIPE, **how},
        )

    def another(self, folder: Path, **environ: str) -> "Home":
        """A home beside this one."""
        folder.mkdir(exist_ok=True)
        return home_in(folder, {**self.environ, **environ})


def home_in(folder: Path, environ: Mapping[str, str] = os.environ) -> Home:
    """A home below a folder, with a port of its own."""
    port = free_port()
    bare = {name: text for name, text in environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    here = {
        "TWELVE_HOME": str(folder / "home"),
        "TWELVE_HTTP_PORT": str(port),
        "TWELVE_WATCH": "1s",
    }
    return Home(bare | here, folder, port)


def codebase(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A folder under version control that holds these files, committed."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        subprocess.run([*GIT, "init", "-q", str(folder)], check=True)
    commit(folder, files)
    return folder


def commit(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files and commit them."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    subprocess.run([*GIT, "-C", str(folder), "add", "-A"], check=True)
    words = ("commit", "-q", "--allow-empty", "-m", "Change it")
    subprocess.run([*GIT, "-C", str(folder), *words], check=True)


def toml(**tables: Any) -> str:
    """A twelve.toml with one web process and these keys of it."""
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in tables.items())
    return f"[processes.web]\n{lines}"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What the condition gives once it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


def modules_of(
    words: Sequence[str], environ: Mapping[str, str], cwd: Path, *, status: int = 0
) -> set[str]:
    """The modules that a call of the command line imports; it ends with that status."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "twelve", *words],
        env=dict(environ),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == status, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in told}
