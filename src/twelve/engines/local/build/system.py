"""Looks whether the system packages that an app names are on this machine; installs none."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence

from twelve.factors.dependencies.machine.packages import SystemPackage, absent, dpkg_names

ASK_SECONDS = 30
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LISTED = "${db:Status-Status}\t${Package}\t${Provides}\n"

APT = "apt-get install"
OTHERS = {"dnf": "install", "apk": "add", "pacman": "-S", "brew": "install"}


def check_packages(wanted: Sequence[SystemPackage], environ: Mapping[str, str]) -> None:
    """Raise Missing, which names every package that is not there and how to get it."""
    if not wanted:
        return
    path = f"{environ.get('PATH', '')}:{SYSTEM_PATH}"
    there = _there(path)
    missing = [one for one in wanted if not there(one.name)]
    if missing:
        raise absent(missing, _install(path))


def _there(path: str) -> Callable[[str], bool]:
    program = shutil.which("dpkg-query", path=path)
    if program:
        names = dpkg_names(_ask((program, "-W", "-f", LISTED)))
        return names.__contains__
    # Where names of packages cannot be asked for, a program or a library of that name will do.
    linker = shutil.which("ldconfig", path=path)
    listing = _ask((linker, "-p")) if linker else ""
    libraries = re.findall(r"^\s*(lib\S+?)\.so", listing, re.MULTILINE)

    def found(name: str) -> bool:
        bare = re.sub(r"[-.]?\d*(?:-dev)?$", "", name)
        return shutil.which(name, path=path) is not None or bare in libraries

    return found


def _install(path: str) -> str:
    if shutil.which("apt-get", path=path):
        return APT
    here = (f"{name} {verb}" for name, verb in OTHERS.items() if shutil.which(name, path=path))
    return next(here, APT)


def _ask(argv: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            timeout=ASK_SECONDS,
            check=False,
            text=True,
            env={"LC_ALL": "C", "PATH": SYSTEM_PATH, "HOME": os.sep},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
