"""The log stream."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from twelve.api.call import Call, Row, Stream
from twelve.api.query import Parameter, flag, number, words
from twelve.errors import Invalid, NotFound
from twelve.factors.logs.filter import FILES_KIND, Files, Filter, pattern
from twelve.factors.logs.render import Form
from twelve.factors.releases.release import parse_release_number
from twelve.store import releases
from twelve.store.apps import Deploy
from twelve.units import duration

DEPLOY = "/v1/apps/{app}/deploys/{deploy}"
STREAMS = frozenset({"stdout", "stderr", "events", "access", "tty"})
WIDEST = 300
"""Characters of the column of names: no name is longer."""
PARTS = frozenset({"twelve", "router", "run", "build", "release"})
"""What prints beside the types of the formation."""
QUERY = (
    flag("follow", "go on with what is printed later"),
    number("n", "the last so many lines"),
    words("type", "of these process types"),
    words("process", "of these processes"),
    words("stream", "stdout, stderr, events, access or tty"),
    words("release", "of these releases"),
    Parameter("since", "not older than that: 90s, 10m, 2h"),
    Parameter("grep", "that match this regular expression"),
    flag("json", "as JSON lines"),
    flag("colour", "with the colours of a terminal"),
    number("width", "the width of the column of names"),
    flag("files", "when followed on this machine: say where the files are, then wait for the end"),
)


async def read_logs(call: Call) -> Any:
    """Lines as text or as JSON lines; with ``follow`` without an end."""
    noun = call.deploy()
    want = wanted(call, noun)
    follow, as_json = call.flag("follow"), call.flag("json")
    if not follow:
        known(call, noun, want)
    files = call.house.engine.files() if follow and call.flag("files") else None
    if files is not None:
        told = Files(*files, want).line()
        return Stream(until_leaving(call, once(told)), FILES_KIND)
    form = Form(min(call.number("width", 0), WIDEST), call.flag("colour"))
    chunks = call.house.engine.rendered(
        noun.app, noun.name, want, follow=follow, form=None if as_json else form
    )
    kind = "application/x-ndjson" if as_json else "text/plain; charset=utf-8"
    return Stream(until_leaving(call, chunks), kind)


async def until_leaving(call: Call, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The stream, ended when control leaves: uvicorn would wait for it otherwise."""
    async for chunk in call.rooms.ending.until(chunks):
        yield chunk


async def once(line: bytes) -> AsyncIterator[bytes]:
    """One line; then nothing, without an end."""
    yield line
    await asyncio.Event().wait()


def wanted(call: Call, noun: Deploy) -> Filter:
    """The filter that the query asks for. Raises Invalid."""
    streams = frozenset(call.words("stream"))
    if unknown := sorted(streams - STREAMS):
        raise Invalid(f"there is no stream {unknown[0]!r}", hint="write stdout or stderr")
    since = call.word("since")
    grep = call.word("grep")
    lines = call.word("n")
    return Filter(
        types=frozenset(call.words("type")),
        processes=frozenset(call.words("process")),
        streams=streams,
        releases=frozenset(tag(word) for word in call.words("release")),
        # An app that had this name before is not this one.
        since=max(moment(since) if since else 0, noun.created_ns),
        grep=pattern(grep) if grep else None,
        n=call.number("n", 0) if lines else None,
    )


def known(call: Call, noun: Deploy, want: Filter) -> None:
    """Refuse a type that no release ever had: a slip would read as silence. Raises NotFound."""
    types = {kind for row in releases.ls(call.house.store, noun) for kind in row.formation}
    asked = want.types | {process.partition(".")[0] for process in want.processes}
    if unknown := sorted(asked - types - PARTS):
        there = ", ".join([*sorted(types), *sorted(PARTS)])
        raise NotFound(f"{noun.label} has no process type {unknown[0]!r}", hint=f"types: {there}")


def tag(word: str) -> str:
    """``v7`` for ``v7`` or ``7``. Raises Invalid."""
    try:
        return f"v{parse_release_number(word)}"
    except ValueError:
        raise Invalid(f"{word!r} is not a release", hint="releases are called v1, v2 …") from None


def moment(text: str) -> int:
    """``10m`` ago, in ns since the epoch. Raises Invalid."""
    try:
        return time.time_ns() - int(duration(text) * 1e9)
    except ValueError as error:
        raise Invalid(
            f"--since {text!r} {error}", hint="write for example 90s, 10m or 2h"
        ) from None


LOGS = (
    Row(
        "GET",
        f"{DEPLOY}/logs",
        read_logs,
        "Read or follow the log stream",
        query=QUERY,
        answer=f"text/plain application/x-ndjson {FILES_KIND}",
    ),
)
