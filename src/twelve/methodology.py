"""The twelve factors in their order: numeral, title, and the room that answers for each.

Titles are those of https://12factor.net.
"""

from typing import NamedTuple


class Factor(NamedTuple):
    """One factor of the methodology."""

    numeral: str
    title: str
    room: str
    question: str

    @property
    def page(self) -> str:
        """The manual's page for this factor, relative to ``docs/factors``."""
        words = self.title.lower().replace(",", "").replace("/", " ").split()
        return f"{FACTORS.index(self) + 1:02d}-{'-'.join(words)}.md"


FACTORS: tuple[Factor, ...] = (
    Factor("I", "Codebase", "codebase", "Which commit of which app is this?"),
    Factor("II", "Dependencies", "dependencies", "What does it need, and is all of that declared?"),
    Factor("III", "Config", "config", "What differs between deploys?"),
    Factor("IV", "Backing services", "resources", "Which resources are attached, under what name?"),
    Factor("V", "Build, release, run", "releases", "What exactly runs, and what ran before?"),
    Factor("VI", "Processes", "processes", "Which processes make up the app?"),
    Factor("VII", "Port binding", "ports", "Where does each process answer, and to whom?"),
    Factor("VIII", "Concurrency", "concurrency", "How many processes of each type?"),
    Factor("IX", "Disposability", "lifecycle", "How does a process start, stop and come back?"),
    Factor("X", "Dev/prod parity", "parity", "What differs between two deploys?"),
    Factor("XI", "Logs", "logs", "What did the processes say?"),
    Factor("XII", "Admin processes", "admin", "What was run once, by whom, in which release?"),
)

ROOMS: tuple[str, ...] = tuple(factor.room for factor in FACTORS)
