"""``twelve up`` as a person has it: a folder, a terminal or a pipe, Ctrl-C."""

import contextlib
import http.client
import json
import os
import pty
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from twelve.development.place import place_of
from twelve.engines.local.router.files import Place as RouterPlace

PROGRAM = str(Path(sys.executable).parent / "twelve")
SECONDS = 20.0
PASSED_ON = ("PATH", "HOME", "LANG", "XDG_RUNTIME_DIR")
WAYS = ("UV_", "PIP_", "SSL_CERT", "npm_config_", "NPM_CONFIG_")

SERVER = """\
import http.server, os, signal, sys
WORD = "one"
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ.get(self.path[1:], WORD).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("serving", WORD, flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
"""
WEB = "web: python3 app.py\n"


def make_app(parent: Path, procfile: str = WEB, **files: str) -> Path:
    """A folder with a name of its own, so that its processes can be told from all others."""
    folder = parent / f"a{secrets.token_hex(5)}"
    folder.mkdir(parents=True)
    for name, text in {"Procfile": procfile, "app.py": SERVER, **files}.items():
        write(folder / name, text)
    return folder


def write(path: Path, text: str) -> None:
    """As an editor saves: whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}~")
    temporary.write_text(text)
    temporary.chmod(0o755 if text.startswith("#!") else 0o644)
    temporary.rename(path)


class Up:
    """A running ``twelve up``; what it prints is read all the time."""

    def __init__(
        self, folder: Path, environ: Mapping[str, str], *words: str, tty: bool = False
    ) -> None:
        self.folder = folder
        self.environ = dict(environ)
        reader, writer = pty.openpty() if tty else os.pipe()
        self.process = subprocess.Popen(
            # A run of the tests that is killed takes it along.
            ["setpriv", "--pdeathsig", "TERM", PROGRAM, "up", *words],
            cwd=folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(writer)
        self.data = b""
        self.seen = 0
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self._read, args=(reader,), daemon=True)
        self.reader.start()

    def _read(self, descriptor: int) -> None:
        while True:
            try:
                data = os.read(descriptor, 65536)
            except OSError:
                data = b""
            with self.news:
                self.data += data
                self.news.notify_all()
            if not data:
                break
        os.close(descriptor)

    @property
    def text(self) -> str:
        return self.data.decode(errors="replace").replace("\r\n", "\n")

    @property
    def said(self) -> list[str]:
        """The lines, without their times."""
        return [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in self.text.splitlines()]

    def until(self, pattern: str, seconds: float = SECONDS) -> re.Match[str]:
        """Wait for it in what was not yet looked at."""
        deadline = time.monotonic() + seconds
        with self.news:
            while True:
                text = re.sub(r"\x1b\[[\d;]*m", "", self.text)
                if found := re.compile(pattern, re.MULTILINE).search(text, self.seen):
                    self.seen = found.end()
                    return found
                left = deadline - time.monotonic()
                assert left > 0, f"no {pattern!r} in:\n{text}"
                assert self.reader.is_alive() or pattern in text, f"no {pattern!r}; over:\n{text}"
                self.news.wait(min(left, 0.5))

    def is_up(self) -> "Up":
        """Wait until it says so."""
        self.until(r"│ [a-z0-9-]+ is up(: http|$)")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it printed."""
        found = re.search(r"is up: http://([^:/]+):(\d+)", self.text)
        assert found, self.text
        return found[1], int(found[2])

    def get(self, path: str = "/") -> str:
        host, port = self.address
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as link:
            link.request("GET", path, headers={"Host": host})
            return link.getresponse().read().decode()

    def send(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def end(self, number: int = signal.SIGINT) -> int:
        """Tell it to leave; its exit status."""
        if self.process.poll() is None:
            self.send(number)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(SECONDS)
        self.reader.join(SECONDS)
        return code

    def leftovers(self) -> list[str]:
        """What there still is of it."""
        app = self.folder.name
        place = place_of(self.folder, app, self.environ)
        router = RouterPlace(Path(place.settings.home), Path(place.settings.run))
        shared = [path.name for path in Path("/dev/shm").glob(f"*{router.base_id}*")]
        run = [place.settings.run] if os.path.exists(place.settings.run) else []
        return [*processes_of(app), *shared, *run]


def processes_of(app: str) -> list[str]:
    """The processes of an app, and those parts of Twelve whose home is the app's."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or entry.name == str(os.getpid()):
            continue
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes()
            environ = b""
            with contextlib.suppress(PermissionError):
                environ = (entry / "environ").read_bytes()
            if f"TWELVE_APP={app}".encode() in environ or f"/up/{app}-".encode() in words:
                found.append(f"{entry.name}: {words!r}")
    return found


def environ_of(home: Path, port: int) -> dict[str, str]:
    """A small environment, with the ways to packages."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    ways = {name: value for name, value in os.environ.items() if name.startswith(WAYS)}
    own = {"TWELVE_HOME": str(home), "TWELVE_HTTP_PORT": str(port)}
    return {**kept, **ways, **own, "PYTHONDONTWRITEBYTECODE": "1"}


def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@contextlib.contextmanager
def ended(up: Up) -> Iterator[Up]:
    """Whatever happens, it does not outlive the test."""
    try:
        yield up
    finally:
        up.end()
        if up.process.returncode and up.process.returncode < 0:
            # It was killed: another one ends what it left.
            again = Up(up.folder, up.environ, "-m", "all=0")
            with contextlib.suppress(AssertionError):
                again.is_up()
            again.end()


def as_json(path: Path) -> object:
    return json.loads(path.read_text())
