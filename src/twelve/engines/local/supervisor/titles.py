"""Titles: what ``ps`` shows of a process that runs what it was not started with."""

import ctypes
from collections.abc import Sequence

_ARGUMENTS, _ENVIRONMENT = 45, 47
"""Fields of /proc/self/stat after the name: where each begins; where it ends comes next."""


def room() -> memoryview:
    """
    The words that this process was started with, in place, and its first environment.

    The kernel shows what stands there; empty where it does not say where that is.
    """
    with open("/proc/self/stat", "rb") as file:
        fields = [int(each) for each in file.read().rsplit(b")", 1)[1].split()[1:]]
    start, end = fields[_ARGUMENTS - 1 : _ARGUMENTS + 1]
    if not start:
        return memoryview(b"")
    if fields[_ENVIRONMENT - 1] == end:  # the one right behind the other: all of it can be used
        end = max(end, fields[_ENVIRONMENT])
    return memoryview((ctypes.c_char * (end - start)).from_address(start)).cast("B")


def show(words: Sequence[str]) -> None:
    """Stand in ps with these words, as far as there is room."""
    put(room(), " ".join(words).encode("utf-8", "surrogateescape"))


def put(place: memoryview, title: bytes) -> None:
    """Write a title over what stands there."""
    if size := len(place):
        place[:] = title[: size - 1].ljust(size, b"\0")
