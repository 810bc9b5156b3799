"""The voice of ``up``: every line aligned under the name of who said it, coloured by type."""

import copy
import os
import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from twelve.development.heads import TWELVE, colour_of, head_of, with_heads
from twelve.factors.logs.line import GAP, Block, Origin

ONE_NAME = frozenset({"build", "release", "run"})
"""One-offs: their ids mean nothing to anybody here."""

TOLD_AS = {"build": "build", "release phase": "release"}
"""What is said of these steps stands among their lines."""

UNSAID = frozenset({"line", "switch", "enter"})
"""Lines of build steps are in the stream anyway; and of course requests go to what is new."""

REMARKS = frozenset({"warning", "note"})
"""Said once, whatever start they belong to."""

EVENT = re.compile(r"(\S+)@v(\d+) (.*)", re.DOTALL)
EXPECTED = re.compile(r"(started \(|exited: (?!SIGKILL))")
OF_ATTEMPTS = re.compile(r"(v\d+ serves|(up|reload)( v\d+)? (failed|cancelled|was cut off))")
"""Events whose story is told by the attempt itself."""


class Screen:
    """What all voices share: where they write, how wide their names are, which types there are."""

    def __init__(self, out: int, gone: Callable[[], object]) -> None:
        self.out = out
        self.gone = gone
        self.width = len(TWELVE)
        self.types: list[str] = []
        self.closed = False
        self.lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """All of it, whole; nothing any more once the reader has gone."""
        with self.lock:
            view = memoryview(data)
            while view and not self.closed:
                try:
                    view = view[os.write(self.out, view) :]
                except OSError:
                    self.closed = True
                    self.gone()


class Voice:
    """Writes to the terminal; safe to call from any thread. ``gone`` is called when nobody reads.

    ``serving`` is the number of the release whose processes are the present ones: that older ones
    end is not worth a line.
    """

    def __init__(self, out: int, *, colour: bool, gone: Callable[[], object]) -> None:
        self.screen = Screen(out, gone)
        self.colour = colour
        self.app = ""
        """Stands before every name, where several apps speak."""
        self.serving = 0
        self.warned: set[str] = set()

    def beside(self, app: str) -> "Voice":
        """The voice of one of several apps, on the same screen."""
        other = copy.copy(self)
        other.app, other.warned = app, set()
        return other

    def meet(self, types: Iterable[str], names: Iterable[str]) -> None:
        """The types and processes there are: for the colours, and for the width."""
        screen = self.screen
        kinds = map(self.full, types)
        screen.types += [kind for kind in kinds if kind not in screen.types]
        screen.width = max([screen.width, *(len(self.full(name)) for name in names)])

    def full(self, name: str) -> str:
        """A name as it stands before a line: ``web.1``, or ``shop/web.1`` where there are more."""
        if not self.app:
            return name
        return self.app if name == TWELVE else f"{self.app}/{name}"

    def __call__(self, text: str, name: str = TWELVE) -> None:
        """A sentence of Twelve's own."""
        head = self.head(name, name, time.time_ns())
        self.screen.write(b"".join(head + line.encode() + b"\n" for line in text.splitlines()))

    def tell(self, step: str, text: str, **_: Any) -> None:
        """An event of an operation; the same warning is said once."""
        remark = step in REMARKS
        if step in UNSAID or (remark and text in self.warned):
            return
        if remark:
            self.warned.add(text)
            text = f"note: {text}"
        self(text, TOLD_AS.get(step, TWELVE))

    def lines(self, blocks: Iterable[Block]) -> None:
        """Lines of the stream, as they are; events as sentences."""
        self.screen.write(b"".join(piece for block in blocks for piece in self.pieces(block)))

    def pieces(self, block: Block) -> Iterable[bytes | memoryview]:
        """One block with its heads."""
        origin, at = block.origin, block.ns
        if origin.process == TWELVE:
            head = self.head(TWELVE, TWELVE, at)
            for line in block.lines():
                if said := self.sentence(line.data.decode(errors="replace")):
                    yield head + said.encode() + b"\n"
            return
        head = self.head(shown(origin), origin.type, at)
        if block.flags & GAP:
            yield head + b"[" + block.data + b"]\n"
        elif not block.plain:
            yield head + block.data + b"\n"
        else:
            yield with_heads(head, block.data)

    def sentence(self, event: str) -> str:
        """An event as it is worth a line here; empty when it is not."""
        found = EVENT.match(event)
        if found is None:
            return "" if OF_ATTEMPTS.match(event) else event
        process, number, rest = found.groups()
        if rest.startswith("started ("):
            return ""
        if int(number) < self.serving and EXPECTED.match(rest):
            return ""
        return f"{process} {rest}"

    def head(self, name: str, kind: str, ns: int) -> bytes:
        """What stands before a line."""
        screen, full = self.screen, self.full(kind)
        known = kind if kind == TWELVE and full not in screen.types else full
        colour = colour_of(known, screen.types) if self.colour else None
        return head_of(self.full(name), ns, screen.width, colour)


def shown(origin: Origin) -> str:
    """``web.1``; a one-off has no number that one could use."""
    return origin.type if origin.type in ONE_NAME else origin.process
