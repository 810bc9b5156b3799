"""Heads: what stands before a line on the screen. Nothing is imported here but what costs nothing.

``early`` prints with it before anything else of Twelve is there.
"""

import time

TWELVE = "twelve"
COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
BOLD, GREY = 1, 90
RESET = b"\x1b[0m"


def head_of(name: str, ns: int, width: int, colour: int | None) -> bytes:
    """``14:02:11 web.1  │ ``, aligned, in a colour where there are any."""
    head = f"{clock(ns)} {name.ljust(width)} │"
    if colour is None:
        return f"{head} ".encode()
    # What an app has left coloured ends here.
    return RESET + f"\x1b[{colour}m{head}".encode() + RESET + b" "


def clock(ns: int) -> str:
    """The time of this place."""
    return time.strftime("%H:%M:%S", time.localtime(ns // 1_000_000_000))


def colour_of(kind: str, types: list[str]) -> int:
    """The types of the Procfile in turn, so that two have one colour only when they must."""
    if kind in types:
        return COLOURS[types.index(kind) % len(COLOURS)]
    return BOLD if kind == TWELVE else GREY


def with_heads(head: bytes, data: bytes) -> memoryview:
    """Whole lines, each with the head: no work in Python for a single one."""
    whole = head + data.replace(b"\n", b"\n" + head)
    return memoryview(whole)[: len(whole) - len(head)]
