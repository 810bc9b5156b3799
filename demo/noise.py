"""A noisy neighbour: an app with a type for each thing that one can want too much of."""

from pathlib import Path
from typing import NamedTuple

from demo.home import Home, commit, git

NOISE = """
import os, sys, time

def forks():
    while True:
        try:
            if os.fork() == 0:
                while True:
                    pass
        except OSError as error:
            print("forks stopped:", error, flush=True)
            time.sleep(1)

def memory():
    kept = []
    while True:
        kept.append(b"x" * (1 << 20))

def files():
    opened = []
    while True:
        try:
            opened.append(os.pipe())
        except OSError as error:
            print("files stopped:", error, flush=True)
            time.sleep(1)

def disk():
    fd = os.open(os.environ["TMPDIR"] + "/filler", os.O_CREAT | os.O_WRONLY)
    while True:
        try:
            os.write(fd, b"x" * (1 << 20))
        except OSError as error:
            print("disk stopped:", error, flush=True)
            time.sleep(1)

def lines():
    count = 0
    while True:
        block = b"".join(b"line %09d " % n + b"x" * 85 + b"\\n" for n in range(count, count + 1000))
        os.write(1, block)
        count += 1000

time.sleep(1)
globals()[sys.argv[1]]()
"""
TYPE = """
[processes.{name}]
command = "python noise.py {name}"
settle = "0.2s"
grace = "1s"
quantity = 0
{limits}
"""


class Noise(NamedTuple):
    """What a type may have, what is told when it has that, and which limits that takes."""

    limits: str
    said: str
    kept_by: tuple[str, ...] = ()


NOISES = {
    "forks": Noise(
        "pids = 60\ncpus = 0.5", r"forks stopped: .*temporarily unavailable", ("pids", "cpu")
    ),
    "memory": Noise('memory = "64M"', r"out of memory \(limit 64 MiB\)", ("memory",)),
    "files": Noise("nofile = 64", r"files stopped: .*Too many open files"),
    "disk": Noise('tmp = "16M"', r"disk stopped: .*No space left"),
    "lines": Noise("", r"line \d*[1-9]\d{5} x"),
}


def write_noisy(folder: Path) -> None:
    """Its files."""
    types = [TYPE.format(name=name, limits=noise.limits) for name, noise in NOISES.items()]
    (folder / "noise.py").write_text(NOISE)
    (folder / "twelve.toml").write_text(f'app = "noisy"\n{"".join(types)}')


def noisy(home: Home) -> Path:
    """The app's folder; it is deployed, and nothing of it runs."""
    folder = home.folder / "noisy"
    folder.mkdir()
    write_noisy(folder)
    git(home, folder, "init", "-q")
    commit(home, folder, "First")
    home.twelve("deploy", "--no-gate", cwd=folder)
    return folder
