"""System packages that an app needs: Aptfile, and ``packages`` of the build table."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from twelve.errors import Invalid, Missing

Read = Callable[[str], bytes | None]

NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
DEB = re.compile(r"https?://\S*/([a-z0-9][a-z0-9+.-]*)_[^/\s]*\.deb")


class SystemPackage(NamedTuple):
    """A package of the system, by its name for apt, and who asks for it."""

    name: str
    place: str


def system_packages(read: Read, table: Mapping[str, Any]) -> tuple[SystemPackage, ...]:
    """Give the packages that must be on the machine. Raises Invalid for what is no name."""
    named = [(one, "twelve.toml: build/packages") for one in table.get("packages", ())]
    listed = (read("Aptfile") or b"").decode("utf-8", "replace")
    for number, line in enumerate(listed.splitlines(), 1):
        bare = re.sub(r"(^|\s)#.*$", "", line).strip()
        # Repositories are the operator's affair, as is installing.
        if not bare.startswith(":"):
            named += [(word, f"Aptfile: line {number}") for word in bare.split()]
    found = (SystemPackage(_name(word, place), place) for word, place in named)
    return tuple({one.name: one for one in found}.values())


def absent(missing: Iterable[SystemPackage], install: str) -> Missing:
    """Give the error that names them all; ``install`` is the command that they follow."""
    named = list(missing)
    places = ", ".join(f"{one.name} ({one.place})" for one in named)
    what = "a system package" if len(named) == 1 else "system packages"
    return Missing(
        f"the app needs {what} not on this machine: {places}",
        f"as root, run `{install} {' '.join(one.name for one in named)}`",
    )


def dpkg_names(listing: str) -> frozenset[str]:
    """Read what ``dpkg-query`` lists: status, package and what it provides, parted by tabs."""
    names = set()
    for line in listing.splitlines():
        status, package, provides = (*line.split("\t"), "", "")[:3]
        if status == "installed":
            names |= {package, *(one.split()[0] for one in provides.split(",") if one.strip())}
    return frozenset(names)


def _name(word: str, place: str) -> str:
    deb = DEB.fullmatch(word)
    name = deb[1] if deb else re.split(r"[=:/]", word, maxsplit=1)[0]
    if not NAME.fullmatch(name):
        raise Invalid(f"{place}: {word!r} is no name of a system package", 'write e.g. "ffmpeg"')
    return name
