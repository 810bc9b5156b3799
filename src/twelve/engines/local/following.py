"""A deploy's log stream read where its files are, in the caller's own thread."""

from collections.abc import Iterator

from twelve.engines.local.grown import Grown
from twelve.engines.local.growth import ANYTHING
from twelve.engines.local.logmerge import Merge
from twelve.factors.logs.filter import Filter
from twelve.factors.logs.line import Block

AT_ONCE = 64 << 10
"""Bytes read before they are shown, or one record: more is not faster, and it is held in memory."""
LOOK_ANYWAY = 5.0


class Following:
    """What there is of it, then what is added, until it is ended.

    Who shows it slowly keeps nobody waiting and costs no memory: it is still in the files then.
    """

    def __init__(self, folders: tuple[str, str], label: tuple[str, str], want: Filter) -> None:
        home, run = folders
        app, deploy = label
        self._merge = Merge(home, app, deploy, want)
        self._grown = Grown(run, f"logs/{app}/{deploy}/")
        self._over = False

    def end(self) -> None:
        """No more than what there is now; from another thread."""
        self._over = True
        self._grown.interrupt()

    def batches(self) -> Iterator[list[Block]]:
        """The blocks, in their order; the last ones when it is over. To be run through once."""
        try:
            self._merge.begin()
            yield from self._round()
            while not self._over:
                if growth := self._grown.wait(LOOK_ANYWAY):
                    self._merge.grow(growth)
                    yield from self._round()
            self._merge.grow(ANYTHING)
            yield from self._round()
        finally:
            self._merge.close()
            self._grown.close()

    def _round(self) -> Iterator[list[Block]]:
        while (batch := self._merge.batch(AT_ONCE)) is not None:
            if batch:
                yield batch
