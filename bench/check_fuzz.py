"""Mutated files of each kind through the readers and all rules: no crash, no hang, no file opened, nothing run.

    python -m bench.check_fuzz [--rounds 10000] [--seed 1] [--only NAME]

The seeds and the mutations are those of tests/checker/test_source.py, which does forty rounds of each kind. An
audit hook of the interpreter ends the run when a file outside of Python and of Twelve is opened, a program is
started or a socket is connected; an alarm ends it when one file takes more than ten seconds.
"""

import argparse
import random
import signal
import sys
import time
from pathlib import Path

from twelve.checker.run import check
from twelve.checker.source import MemoryTree

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.checker.test_source import SEEDS, mutate

PATIENCE = 10
FORBIDDEN = (
    "subprocess.Popen",
    "os.exec",
    "os.system",
    "os.posix_spawn",
    "socket.connect",
    "os.fork",
)
HOMES = tuple(
    {sys.prefix, sys.base_prefix, str(Path(__file__).resolve().parents[1]), *filter(None, sys.path)}
)


class Broken(Exception):
    """What the readers must never do."""


def guard(event: str, args: tuple[object, ...]) -> None:
    """Refuses what reading has no need of."""
    if event in FORBIDDEN:
        raise Broken(f"{event} {args!r}")
    if event == "open" and isinstance(args[0], str) and not args[0].startswith(HOMES):
        raise Broken(f"{args[0]} was opened")


def too_long(*_: object) -> None:
    raise Broken(f"one file took more than {PATIENCE} s")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    check(MemoryTree(SEEDS))
    sys.addaudithook(guard)
    signal.signal(signal.SIGALRM, too_long)
    for name, text in SEEDS.items():
        if options.only not in ("", name):
            continue
        chance = random.Random(f"{options.seed} {name}")
        started, longest, found = time.process_time(), 0.0, 0
        for number in range(options.rounds):
            data = mutate(text.encode(), chance)
            signal.alarm(PATIENCE)
            before = time.process_time()
            try:
                found += len(check(MemoryTree({name: data})).findings)
            except BaseException:
                print(f"{name}, round {number}: {data!r}", file=sys.stderr)
                raise
            signal.alarm(0)
            longest = max(longest, time.process_time() - before)
        spent = time.process_time() - started
        print(
            f"{name:24} {options.rounds} mutants, {found} findings, {spent:.0f} CPU s, longest {longest:.3f} s",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
