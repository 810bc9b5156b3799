"""The log stream from its files: where control is on this machine, no line goes through it."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress

from twelve.client.wire import Answer
from twelve.engines.local.following import Following
from twelve.errors import Unreachable
from twelve.factors.logs.filter import FILES_KIND, Files, files_from
from twelve.factors.logs.render import Form, render


def followed(answer: Answer, label: tuple[str, str], form: Form | None) -> Iterator[bytes] | None:
    """The lines as text, or as JSON without a form, until control goes away.

    None: they are to be asked for without ``files``, as they are not ours to read.
    """
    pieces = answer.pieces()
    if answer.headers.get("content-type") != FILES_KIND:
        return pieces
    files = files_from(next(pieces))
    if not readable(files):
        answer.close()
        return None
    following = Following((files.home, files.run), label, files.want)
    return until_end(following, pieces, form)


def readable(files: Files) -> bool:
    """Whether both the lines and the word that there are more of them come to this process."""
    logs, door = f"{files.home}/logs", f"{files.run}/collector.sock"
    return os.access(logs, os.R_OK | os.X_OK) and os.access(door, os.W_OK)


def until_end(following: Following, pieces: Iterator[bytes], form: Form | None) -> Iterator[bytes]:
    """Read on for as long as the answer lasts: nothing more comes in it."""

    def wait() -> None:
        with suppress(Unreachable, OSError, ValueError):
            for _ in pieces:
                pass
        following.end()

    threading.Thread(target=wait, name="control", daemon=True).start()
    for batch in following.batches():
        yield render(batch, form)
