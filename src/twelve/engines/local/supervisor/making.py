"""What a part of Twelve is made of: its code as it is on the disk, to tell versions apart."""

import os

import twelve
from twelve.engines.local.supervisor.launches import SHA256

_ROOT = os.path.dirname(os.path.abspath(twelve.__file__))
_SUPERVISOR = ("engines/local/supervisor", "engines/local/sandbox", "factors/lifecycle")
_COLLECTOR = ("engines/local/collector", "factors/logs")

_DRAINER = ("engines/local/drains", "factors/logs", "factors/logs/drains")


def of_supervisor() -> str:
    """Of the supervisor, and of what it imports."""
    return stamp(_ROOT, _SUPERVISOR)


def of_collector() -> str:
    """Of the collector."""
    return stamp(_ROOT, _COLLECTOR)


def of_control() -> str:
    """Of control, by what it begins with: it reads nearly all that there is."""
    return stamp(_ROOT, ("", "operations", "api", "store"))


def of_drainer() -> str:
    """Of the drainer."""
    return stamp(_ROOT, _DRAINER)


def stamp(root: str, folders: tuple[str, ...]) -> str:
    """A number for the version and for names, sizes and times of the modules of these folders."""
    facts = [twelve.__version__]
    for folder in folders:
        for entry in os.scandir(os.path.join(root, folder)):
            if entry.name.endswith(".py"):
                seen = entry.stat()
                facts.append(f"{folder}/{entry.name} {seen.st_size} {seen.st_mtime_ns}")
    return str(SHA256("\n".join(sorted(facts)).encode()).hexdigest())[:16]
