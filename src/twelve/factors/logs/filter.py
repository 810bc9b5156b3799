"""Which lines somebody wants to see."""

import json
import re
from typing import NamedTuple

from twelve.errors import Invalid
from twelve.factors.logs.line import GAP, Block, Origin


class Filter(NamedTuple):
    """An empty set means all. ``since`` is CLOCK_REALTIME in ns; ``n`` the number of last lines."""

    types: frozenset[str] = frozenset()
    processes: frozenset[str] = frozenset()
    streams: frozenset[str] = frozenset()
    releases: frozenset[str] = frozenset()
    since: int = 0
    grep: re.Pattern[bytes] | None = None
    n: int | None = None

    def wants(self, origin: Origin) -> bool:
        """Whether lines of this stream are wanted at all."""
        return (
            (not self.types or origin.type in self.types)
            and (not self.processes or origin.process in self.processes)
            and (not self.streams or origin.stream in self.streams)
            and (not self.releases or origin.release in self.releases)
        )

    def chosen(self, block: Block) -> list[Block]:
        """The block's wanted lines, as blocks. A gap is always told: it may hold what is sought."""
        if block.ns < self.since:
            return []
        if self.grep is None or block.flags & GAP:
            return [block]
        if not block.plain:
            return [block] if self.grep.search(block.data) else []
        if not _ANCHORED.search(self.grep.pattern) and not self.grep.search(block.data):
            # No match in the block at once: none in a line of it, when no anchor tells them apart.
            return []
        found = []
        offset = block.offset
        for data in block.data[:-1].split(b"\n"):
            if self.grep.search(data):
                found.append(block._replace(data=data + b"\n", offset=offset))
            offset += len(data) + 1
        return found


_ANCHORED = re.compile(rb"[\^$\\]|\(\?")


def pattern(text: str) -> re.Pattern[bytes]:
    """``--grep`` as a regular expression over bytes. Raises Invalid with what is wrong in it."""
    try:
        return re.compile(text.encode("utf-8", "surrogateescape"))
    except re.error as error:
        raise Invalid(
            f"--grep {text!r}: {error}", hint="put a backslash before characters meant literally"
        ) from None


FILES_KIND = "application/vnd.twelve.files+json"
"""The media type of where a stream's files are, handed on to who reads them himself."""
_NAMES = ("types", "processes", "streams", "releases")


class Files(NamedTuple):
    """The folder of the home, that of the sockets, and the lines that are wanted."""

    home: str
    run: str
    want: Filter

    def line(self) -> bytes:
        """As a line of JSON."""
        want = self.want
        grep = want.grep and want.grep.pattern.decode("utf-8", "surrogateescape")
        plain = {name: sorted(getattr(want, name)) for name in _NAMES}
        chosen = {**plain, "since": want.since, "grep": grep, "n": want.n}
        return json.dumps({"home": self.home, "run": self.run, "want": chosen}).encode() + b"\n"


def files_from(line: bytes) -> Files:
    """What such a line says."""
    told = json.loads(line)
    want = told["want"]
    grep = None if want["grep"] is None else pattern(want["grep"])
    named = {name: frozenset[str](want[name]) for name in _NAMES}
    chosen = Filter(**named, since=want["since"], grep=grep, n=want["n"])
    return Files(told["home"], told["run"], chosen)
