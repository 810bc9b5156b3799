"""Lean: memory that a long-lived process has done with goes back to the machine.

As it comes, the C library keeps an arena for each thread and raises, for good, the size from which
a buffer has pages of its own. So what one large upload or one night of deploys took stays taken.
"""

import asyncio
import ctypes

ARENAS = 2
OWN_PAGES = 1024 * 1024
"""Bytes from which a buffer has pages of its own, which go when it does.

Well above what is read or shown at once: new pages for each piece would double what lines cost.
"""
AT_THE_END = 2 * 1024 * 1024
"""Bytes at the heap's end that stay for the next who asks."""
EVERY = 30.0
"""Seconds between two times that free pages in the middle of the heap are given back."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def begin() -> None:
    """Before there are threads. A C library that knows nothing of this has no such habits."""
    if tune := getattr(ctypes.CDLL(None), "mallopt", None):
        for what, amount in (
            (_M_ARENA_MAX, ARENAS),
            (_M_MMAP_THRESHOLD, OWN_PAGES),
            (_M_TRIM_THRESHOLD, AT_THE_END),
        ):
            tune(what, amount)


def give_back() -> None:
    """Free pages go, wherever in the heap they are."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


async def keep_lean() -> None:
    """Give back now and then, until cancelled."""
    while True:
        await asyncio.sleep(EVERY)
        give_back()
