"""Pages: a listing in parts; each tells the word that the next one is asked for with."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from twelve.api.call import Call
from twelve.api.query import Parameter, is_number, number
from twelve.errors import Invalid

AT_ONCE = 100
"""Rows of a page when the caller names no number."""

MOST = 1000
"""Rows of a page, whatever the caller asks."""

PAGE = (
    number("limit", f"rows of the page: {AT_ONCE} unless given, {MOST} at most"),
    Parameter("after", "`next` of the page before"),
)
"""The parameters of every listing."""

T = TypeVar("T")


def cut(
    call: Call, rows: Sequence[T], key: Callable[[T], int | str], *, newest_first: bool = False
) -> tuple[list[T], str | None]:
    """The page that the call asks for, of rows in the order of their keys; and its `next`.

    A row that came or went meanwhile moves no other to another page, for a page begins behind a
    key and not at a number. Raises Invalid.
    """
    limit = min(call.number("limit", 0) or AT_ONCE, MOST)
    if after := call.word("after"):
        rows = [row for row in rows if behind(key(row), after, newest_first=newest_first)]
    page = list(rows[:limit])
    return page, str(key(page[-1])) if len(rows) > limit else None


def behind(key: int | str, after: str, *, newest_first: bool) -> bool:
    """Whether a row comes after the one that the word names. Raises Invalid."""
    if isinstance(key, str):
        return key < after if newest_first else key > after
    if not is_number(after):
        raise Invalid(f"?after={after}: not the `next` of a page", hint="leave it out to begin")
    return key < int(after) if newest_first else key > int(after)
