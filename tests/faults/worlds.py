"""An app that numbers what it prints, and the ways to change it, each at another turn."""

import itertools
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from demo.home import Done, Home, repository
from tests.faults.customer import Asking
from tests.faults.outside import Outside, control_answers, events, look, stream
from tests.faults.points import Death
from tests.faults.witness import Witness
from tests.live.worlds import App, until

APP = Path(__file__).parent / "app"


class Till(NamedTuple):
    """The app ``till`` on a home whose control dies where a file says so."""

    app: App
    turns: "itertools.count[int]"
    witness: Witness

    @property
    def home(self) -> Home:
        return self.app.home

    @property
    def fatal(self) -> Path:
        """The file that names where to die."""
        return Path(self.home.environ["TWELVE_DIE_AT"])

    def arm(self, *points: str) -> None:
        """Control dies at each of these once; whatever was armed before is not any more."""
        self.fatal.write_text("".join(f"{point}\n" for point in points))

    def unmet(self) -> list[str]:
        """Where it has not died yet."""
        return self.fatal.read_text().splitlines()

    def look(self) -> Outside:
        return look(self.home, self.app.name)

    def stream(self, grep: str = "") -> list[str]:
        return stream(self.home, self.app.name, grep)

    def change(self, verb: str) -> Done:
        """Change something that was not yet so; the command is told nothing that lets it wait."""
        number = next(self.turns)
        return getattr(self, f"change_{verb}")(number)

    def begin(self, verb: str) -> "subprocess.Popen[str]":
        """Begin the same, without waiting for its end."""
        number = next(self.turns)
        words = {
            "deploy": ("deploy", "--no-gate"),
            "rollback": ("rollback",),
            "config": ("config", "set", f"GREETING={number}"),
            "scale": ("ps", "scale", f"web={5 - self.webs()}"),
        }[verb]
        if verb == "deploy":
            self.write_version(str(number))
        return self.home.start(*words, cwd=self.app.folder)

    def change_deploy(self, number: int) -> Done:
        self.write_version(str(number))
        return self.app.deploy("--no-gate", good=False)

    def change_provision(self, number: int) -> Done:
        """A deploy that makes a resource."""
        toml = self.app.folder / "twelve.toml"
        before = toml.read_text()
        self.app.write("twelve.toml", f'{before}R{number}_URL = "redis"\n')
        done = self.app.deploy("--no-gate", "--provision", good=False)
        self.app.write("twelve.toml", before)
        return done

    def change_broken(self, number: int) -> Done:
        """A deploy whose web processes do not start."""
        self.write_version(f"{number}", end="raise SystemExit(3)\n")
        done = self.app.deploy("--no-gate", good=False)
        self.write_version(f"{number}")
        return done

    def change_config(self, number: int) -> Done:
        return self.app.twelve("config", "set", f"GREETING={number}", good=False)

    def change_scale(self, number: int) -> Done:
        return self.app.twelve("ps", "scale", f"web={5 - self.webs()}", good=False)

    def change_rollback(self, number: int) -> Done:
        return self.app.twelve("rollback", good=False)

    def webs(self) -> int:
        """How many web processes there are to be: two or three."""
        return len([name for name in self.look().wanted if "/web." in name])

    def write_version(self, version: str, end: str = "") -> None:
        text = (APP / "server.py").read_text().replace('"one"', f'"{version}"')
        self.app.write("server.py", text.replace("class Server", f"{end}class Server", 1))

    def whole(self) -> Outside:
        """Wait until there is what the current release wants, and nothing else of anything."""
        seen: list[Outside] = []

        def alone() -> bool:
            seen.append(self.look())
            return not seen[-1].amiss

        try:
            until(alone)
        except AssertionError as error:
            raise AssertionError(f"{error}: {seen[-1].amiss}") from None
        return seen[-1]


def make_till(home: Home, witness: Witness) -> Till:
    """Deployed, with web=2 and two releases that differ, so that each change is possible."""
    folder = repository(home, APP, "till")
    till = Till(App(home, "till", folder), itertools.count(100), witness)
    till.arm()
    till.app.twelve("config", "set", f"WITNESS={witness.port}")
    till.app.deploy("--provision", "--no-gate")
    till.app.twelve("ps", "scale", "web=2")
    done = till.change("deploy")
    assert done.code == 0, done.said
    return till


ENDING = re.compile(r"cut off|cancelled|failed:|serves: ")


def die(till: Till, customer: Asking, death: Death) -> None:
    """Change something, dying on the way; old or new is whole then, and the customer is well."""
    before = till.whole()
    said, failed = len(till.stream()), len(customer.failures)
    till.arm(*death.points)

    done = till.change(death.change)
    assert done.code in death.codes, done.said
    until(lambda: not till.unmet())
    until(lambda: control_answers(till.home))
    after = till.whole()

    assert customer.failures[failed:] == []
    if death.completed:
        assert after.current > before.current
    else:
        # What it has built goes when nothing runs it any more.
        until(lambda: till.look().kept <= before.kept)
        assert after == before._replace(layers=after.layers, kept=after.kept)
    told(till, death, till.stream()[said:])


def told(till: Till, death: Death, lines: list[str]) -> None:
    """The stream, and the release where there is one, say how it came out and why."""
    ending = [line for line in lines if ENDING.search(line)][-1:]
    assert ending, lines
    assert death.says in ending[0], lines
    number = re.search(r" v(\d+) ", ending[0])
    if not number:
        return
    kinds = events(till.home, till.app.name, number[1])
    if death.completed:
        assert "released" in kinds
    elif "failed" not in kinds:
        assert kinds["undone"]["why"] == "control died", "not that the machine restarted"
