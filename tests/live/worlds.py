"""Apps on a home, driven by the real command line."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from demo.home import EXAMPLES, Done, Home, Page, commit, edit, repository
from demo.load import Load

T = TypeVar("T")

PROBE = Path(__file__).parent / "probe"
PATIENCE = 30.0


class App(NamedTuple):
    """A repository whose app is deployed on a home."""

    home: Home
    name: str
    folder: Path

    @property
    def host(self) -> str:
        return f"{self.name}.localhost"

    def twelve(self, *words: str, **more: Any) -> Done:
        return self.home.twelve(*words, cwd=self.folder, **more)

    def deploy(self, *words: str, **more: Any) -> Done:
        return self.twelve("deploy", *words, **more)

    def json(self, *words: str) -> Any:
        return self.home.json(*words, cwd=self.folder)

    def get(self, path: str = "/", **more: Any) -> Page:
        return self.home.fetch(self.host, path, **more)

    def get_json(self, path: str, **more: Any) -> Any:
        page = self.get(path, **more)
        assert page.status < 300, page
        return json.loads(page.text)

    def write(self, name: str, text: str) -> None:
        """Write a file and commit."""
        (self.folder / name).write_text(text)
        commit(self.home, self.folder, f"Write {name}")

    def edit(self, name: str, old: str, new: str) -> None:
        edit(self.home, self.folder / name, old, new)

    def up(self) -> dict[str, dict[str, Any]]:
        """The processes that are up, by name: web.1."""
        rows = self.json("ps")["processes"]
        return {row["process"]: row for row in rows if row["state"] in {"up", "adopted"}}

    @property
    def current(self) -> str:
        """The release that serves."""
        return str(self.json("ps")["release"])

    def states(self) -> dict[str, str]:
        """The state of each release."""
        return {row["release"]: row["state"] for row in self.json("releases")["releases"]}

    def settled(self) -> None:
        """Wait until only the current formation runs."""

        def alone() -> bool:
            rows = self.json("ps")["processes"]
            single = len({row["process"] for row in rows}) == len(rows)
            return single and all(row["state"] == "up" for row in rows)

        until(alone)

    @contextmanager
    def under_load(self, rate: float = 20, *paths: str) -> Iterator[dict[str, Any]]:
        """A client outside; what came of it is in the dictionary afterwards."""
        count: dict[str, Any] = {}
        with Load(self.home.port, self.host, rate, *(paths or ("/",))) as client:
            time.sleep(0.5)
            yield count
            time.sleep(0.5)
            count.update(client.stop())


def example(home: Home, name: str, app: str = "") -> App:
    """One of the examples as a repository; where no twelve.toml names the app, its folder does."""
    folder = repository(home, EXAMPLES / name, app or name)
    return App(home, app or name, folder)


def probe(home: Home, name: str) -> App:
    """The app without dependencies."""
    return App(home, name, repository(home, PROBE, name))


def until(condition: Callable[[], T], seconds: float = PATIENCE, *, pause: float = 0.05) -> T:
    """What the condition gives once it holds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s"
        time.sleep(pause)
    return found


def failures(count: dict[str, Any]) -> list[str]:
    """What failed of a load that asked at all."""
    assert count["requests"] > 0, count
    return list(count["failures"])


def part_pids(home: Home) -> dict[str, int]:
    """Twelve's own processes: supervisor, control, collector, router, servers."""
    doctor = home.json("doctor")
    parts = {name: part["pid"] for name, part in doctor.get("parts", {}).items()}
    return parts | {"supervisor": supervisor_pid(home)}


def supervisor_pid(home: Home) -> int:
    """Of the process whose arguments name the module and this home."""
    wanted = {b"twelve.engines.local.supervisor", str(home.home).encode()}
    pids = []
    for entry in os.listdir("/proc"):
        try:
            words = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted <= set(words) and parent_of(int(entry)) not in pids:
            pids.append(int(entry))
    return min(pids)


def parent_of(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_text()
    return int(text.rpartition(")")[2].split()[1])
