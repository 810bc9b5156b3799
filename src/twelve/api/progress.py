"""Operations under way: each outlives the request that started it and can be listened to again."""

import asyncio
import itertools
import json
import logging
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from twelve.engines.contract import Tell
from twelve.errors import Bug, Cancelled, NotFound, TwelveError, as_full

KEPT = 200
"""Ended operations that can still be asked about."""

ROOM = 1 << 20
"""Bytes that the events of ended operations may take in all; the last one keeps its own anyway."""

DETACHED = frozenset({"switch", "succeed", "drain", "done"})
"""From these steps on the new release serves: an operation is left alone, not cancelled."""

NO_MORE = asyncio.Event()
"""Nothing comes after the end: those that are kept share this one."""

CLOSING = 10.0
"""Seconds that operations may take to be taken back when control leaves."""

log = logging.getLogger("twelve.api")


@dataclass
class Operation:
    """One call of an operation: what it said so far, and how it ended."""

    id: str
    verb: str
    target: str
    who: str
    lines: list[bytes] = field(default_factory=list)
    """Its events, each a line of JSON: a tenth of what they take as objects."""
    ended: bool = False
    detached: bool = False
    cancelled: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    began: float = field(default_factory=time.monotonic)

    def tell(self, step: str, text: str, **more: Any) -> None:
        """Take in an event and wake those who listen."""
        self.detached = self.detached or step in DETACHED
        at = round(time.monotonic() - self.began, 3)
        event = {"step": step, "text": text, "at": at, **more}
        self.lines.append(json.dumps(event, ensure_ascii=False).encode() + b"\n")
        self.news.set()
        self.news = asyncio.Event()

    def cancel(self) -> bool:
        """Take it back, unless the new release serves already; whether it was taken back."""
        if self.ended or self.task is None or self.detached:
            return False
        if not self.cancelled:
            self.cancelled = True
            self.task.cancel()
        return True

    @property
    def size(self) -> int:
        """Bytes of its events."""
        return sum(map(len, self.lines))

    async def listen(self, start: int = 0) -> AsyncIterator[bytes]:
        """Every event from number ``start`` to the last, each a line of JSON."""
        position = start
        while True:
            news = self.news
            while position < len(self.lines):
                yield self.lines[position]
                position += 1
            if self.ended:
                return
            await news.wait()


Work = Callable[[Tell], Awaitable[Any]]


class Operations:
    """The operations of this control plane's life, which has a name: no two share an operation."""

    def __init__(self, life: str) -> None:
        self.life = life
        self.all: dict[str, Operation] = {}
        self.numbers = itertools.count(1)

    def begin(self, verb: str, target: str, who: str, work: Work) -> Operation:
        """Start one; it goes on whoever listens. The result must be JSON-ready data or nothing."""
        operation = Operation(f"op{next(self.numbers)}-{self.life}", verb, target, who)
        self.all[operation.id] = operation
        operation.task = asyncio.get_running_loop().create_task(self.carry_out(operation, work))
        return operation

    async def carry_out(self, operation: Operation, work: Work) -> None:
        """Run one to its end; what it leaves takes little, and the oldest make room for it."""
        await carry_out(operation, work)
        operation.task, operation.news = None, NO_MORE
        ended = [each for each in self.all.values() if each.ended]
        room, spared = ROOM - operation.size, 1
        for each in reversed(ended):
            if each is operation:
                continue
            room, spared = room - each.size, spared + 1
            if room < 0 or spared > KEPT:
                del self.all[each.id]

    async def close(self) -> None:
        """Control leaves: what can be taken back is, the rest is the next control's."""
        under_way = [o.task for o in self.all.values() if o.task and not o.ended and o.cancel()]
        if under_way:
            await asyncio.wait(under_way, timeout=CLOSING)

    def get(self, key: str) -> Operation:
        """One operation. Raises NotFound."""
        if operation := self.all.get(key):
            return operation
        raise NotFound(
            f"there is no operation {key!r}", hint="control was started anew since: twelve releases"
        )


async def carry_out(operation: Operation, work: Work) -> None:
    """Run it to its end and say how that was."""
    end: dict[str, Any]
    try:
        end = {"ok": True, "result": await work(operation.tell)}
    except asyncio.CancelledError:
        end = failure(
            Cancelled(
                f"{operation.target}: {operation.verb} cancelled",
                hint="call it again to begin anew",
            )
        )
    except TwelveError as error:
        end = failure(error)
    except Exception as error:
        log.exception("%s of %s failed", operation.verb, operation.target)
        end = failure(as_bug(error))
    operation.ended = True
    operation.tell("end", "", **end)


def failure(error: TwelveError) -> dict[str, Any]:
    """An error as an event's data."""
    return {"ok": False, "error": as_json(error), "exit": error.exit_code}


def as_json(error: TwelveError) -> dict[str, Any]:
    """The one shape of errors: code, message, hint, and all problems that were found at once."""
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "problems": list(error.problems),
        "exit": error.exit_code,
    }


def as_bug(error: Exception) -> TwelveError:
    """Our own fault, told without values: only where it happened. A full disk is no bug."""
    if told := as_full(error):
        return told
    frames = traceback.extract_tb(error.__traceback__)
    place = (
        f"{frames[-1].filename.rsplit('/twelve/', 1)[-1]}:{frames[-1].lineno}" if frames else "?"
    )
    return Bug(
        f"internal error: {type(error).__name__} in {place}",
        hint="the details are in control's own log: twelve doctor says where",
    )
