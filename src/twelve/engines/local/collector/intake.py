"""All open FIFOs: who has bytes, whose turn it is, who is done."""

import os
import select
from contextlib import suppress

from twelve.engines.local.collector.archive import Archive, deploy_of
from twelve.engines.local.collector.feeds import Feed, folders_in, open_folder
from twelve.engines.local.collector.pipes import Widths, waiting
from twelve.engines.local.collector.streams import Stream

_EDGE = select.EPOLLIN | select.EPOLLET
_LAST_PULLS = 64


class Intake:
    """The FIFOs of one run folder, edge-triggered: ready until nothing is left."""

    def __init__(self, run: str, epoll: select.epoll, archive: Archive) -> None:
        self.ready: dict[int, Feed] = {}
        """The streams that may have bytes to take."""
        self.by_fd: dict[int, Feed] = {}
        self._run = run
        self._epoll = epoll
        self._archive = archive
        self._widths = Widths(unlimited=os.geteuid() == 0)
        self._feeds: dict[str, dict[str, Feed]] = {}
        self._failed: set[str] = set()
        self._stuck: list[Feed] = []

    def open_all(self) -> None:
        """What a supervisor made before this collector was there."""
        for folder in folders_in(self._run):
            with suppress(ValueError, KeyError, TypeError, OSError):
                self.open(folder)

    def open(self, folder: str) -> None:
        """Open what is not open yet. Raises OSError or ValueError with a sentence."""
        # One name for a folder, however it is spelled: its FIFOs are opened once.
        folder = os.path.realpath(folder)
        if os.path.dirname(folder) != self._run + "/p":
            raise ValueError(f"{folder} is no folder of this run: {self._run}/p")
        known = self._feeds.setdefault(folder, {})
        self._failed.discard(folder)
        try:
            for feed in open_folder(folder, known, self._archive, self._replace):
                self._feeds.setdefault(folder, {})[feed.name] = feed
                self.by_fd[feed.fifo] = self.ready[feed.fifo] = feed
                self._widths.opened(feed.fifo)
                self._epoll.register(feed.fifo, _EDGE)
        except FileNotFoundError:
            raise
        except OSError as error:
            # A full disk or too many files: its processes must not block for want of a reader.
            self._failed.add(folder)
            complain(folder, error)
            raise
        except (ValueError, KeyError, TypeError) as error:
            complain(folder, error)
            raise
        finally:
            if not self._feeds.get(folder):
                self._feeds.pop(folder, None)

    def woken(self, fd: int, events: int) -> bool:
        """An event; whether it is of a stream."""
        feed = self.by_fd.get(fd)
        if feed is None:
            return False
        self.ready[fd] = feed
        feed.ending = bool(events & select.EPOLLHUP)
        return True

    def look_again(self, folder: str) -> None:
        """Count the folder's streams as not empty until the next pull says so."""
        for feed in self._feeds.get(os.path.realpath(folder), {}).values():
            feed.empty = False
            self.ready[feed.fifo] = feed

    def drained(self, folder: str) -> bool:
        """Whether all streams of a folder are empty; then they are settled, and closed if over."""
        feeds = list(self._feeds.get(os.path.realpath(folder), {}).values())
        if not all(feed.empty for feed in feeds):
            return False
        for feed in feeds:
            feed.source.settle()
            feed.drained = True
            if feed.over:
                self.close(feed)
        return True

    def pull_once(self, *, thorough: bool) -> tuple[float, bool]:
        """One block from each ready stream: a flood waits for the quiet ones.

        How full the fullest pipe was, and whether some stream was found hung up. A pipe that has
        nothing left is not asked again, unless its end is near or, ``thorough``, somebody waits
        to hear that it is empty.
        """
        fullness, hung = 0.0, False
        for fd, feed in list(self.ready.items()):
            try:
                count = feed.pull()
            except OSError as error:
                complain(feed.folder, error)
                del self.ready[fd]
                self._stuck.append(feed)
                continue
            if count > 0:
                left = waiting(fd)
                fullness = max(fullness, self._widths.fullness(fd, count + left))
                if not (left or thorough or feed.ending or feed.source.owing):
                    del self.ready[fd]
                continue
            del self.ready[fd]
            if feed.over:
                self.close(feed)
            else:
                hung = hung or feed.hung_up
        return fullness, hung

    @property
    def failing(self) -> bool:
        """Whether something could not be opened or read, and is to be tried again."""
        return bool(self._failed or self._stuck)

    def try_again(self) -> None:
        """What failed before."""
        for feed in self._stuck:
            if self.by_fd.get(feed.fifo) is feed:
                self.ready[feed.fifo] = feed
        self._stuck.clear()
        for folder in list(self._failed):
            self._failed.discard(folder)
            with suppress(ValueError, KeyError, TypeError, OSError):
                self.open(folder)

    def close_over(self) -> bool:
        """Close hung-up streams whose folder is gone; True when some still have theirs."""
        hung = [feed for feed in self.by_fd.values() if feed.hung_up]
        for feed in hung:
            if feed.over:
                self.close(feed)
        return any(feed.fifo in self.by_fd for feed in hung)

    def let_go(self, deploy: str) -> None:
        """Read no more for a deploy that is gone."""
        for feed in list(self.by_fd.values()):
            if isinstance(feed.source, Stream) and deploy_of(feed.source.writer.folder) == deploy:
                self.close(feed)

    def finish(self) -> None:
        """Take what is in the pipes now, but not what a flood adds for ever."""
        for feed in list(self.by_fd.values()):
            for _ in range(_LAST_PULLS):
                if not waiting(feed.fifo) or feed.pull() <= 0:
                    break

    def close(self, feed: Feed) -> None:
        """Let go of one stream."""
        fd = feed.fifo
        self._epoll.unregister(fd)
        self._widths.closed(fd)
        self.ready.pop(fd, None)
        del self.by_fd[fd]
        of_folder = self._feeds.get(feed.folder, {})
        if of_folder.get(feed.name) is feed:
            del of_folder[feed.name]
        if not of_folder:
            self._feeds.pop(feed.folder, None)
        feed.source.close()

    def _replace(self, feed: Feed) -> None:
        """A new FIFO of the same name: take what the old one still has, then let it go."""
        for _ in range(_LAST_PULLS):
            if feed.pull() <= 0:
                break
        self.close(feed)


def complain(folder: str, error: Exception) -> None:
    """Say on stderr, which is a log stream like any other, what could not be done."""
    text = f"twelve: {folder}: {error or type(error).__name__}\n"
    # Our own stderr is one of the pipes that we read: when it is full, nobody else would empty it.
    with suppress(OSError):
        os.write(2, text.encode("utf-8", "replace"))
