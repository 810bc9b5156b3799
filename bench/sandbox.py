"""What a box costs over a plain fork and exec: medians of interleaved rounds, in milliseconds.

    python bench/sandbox.py [ROUNDS]

Measures fork or clone, enter, fork, confine, exec of /bin/true, and the wait for its end.
"""

import os
import statistics
import sys
import time

from twelve.engines.local import sandbox
from twelve.engines.local.sandbox import tiers

UID = 61234
PATHS = {"read": ["/usr/share"], "write": ["/var/tmp"]}


def cases():
    """The boxes that this user can make on this machine, beside a plain fork."""
    common = {**PATHS, "limits": {"nofile": 256}}
    if os.geteuid() == 0:
        strict = {**common, "tier": "strict", "uid": UID}
        yield "strict", strict
        yield "strict, network cut", {**strict, "network": False}
        yield "bare, a uid of its own", {"tier": "bare", "uid": UID}
    else:
        yield "user by namespaces", {**common, "tier": "user"}
        yield "user by namespaces, network cut", {**common, "tier": "user", "network": False}
        program = tiers.find_program("bwrap", os.environ)
        if program:
            yield "user by bwrap", {**common, "tier": "user", "via": "bwrap", "program": program}
    yield "user by Landlock", {**common, "tier": "user", "via": "landlock"}
    yield "none", {"tier": "none"}


def become_app(box):
    """The init's part: enter, fork, confine, exec."""
    sandbox.enter(box)
    pid = os.fork()
    if pid == 0:
        sandbox.confine(box)
        words = sandbox.wrap(box, ["/bin/true"])
        os.execv(words[0], words)
    sandbox.confine_init(box)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def run_plain():
    """The same two forks and one exec, with nothing in between."""
    pid = os.fork()
    if pid == 0:
        os.execv("/bin/true", ["/bin/true"])
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def once(box):
    """Milliseconds from the fork to the end of the first process."""
    begin = time.perf_counter()
    pid = os.fork() if box is None else sandbox.clone(sandbox.clone_flags(box))
    if pid == 0:
        code = 99
        try:
            code = run_plain() if box is None else become_app(box)
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if status:
        raise SystemExit(f"{box}: exit {os.waitstatus_to_exitcode(status)}")
    return (time.perf_counter() - begin) * 1e3


def main(rounds):
    """Print one line a case."""
    named = [("plain: two forks and exec", None), *cases()]
    times = {name: [] for name, _ in named}
    for _ in range(rounds):
        for name, box in named:
            times[name].append(once(box))
    plain = statistics.median(times[named[0][0]])
    load = os.getloadavg()[0]
    print(f"{rounds} rounds, load {load:.1f}, {os.cpu_count()} cores, uid {os.geteuid()}")
    for name, values in times.items():
        median = statistics.median(values)
        extra = median - plain
        print(f"{name:32s} median {median:6.2f}  min {min(values):6.2f}  extra {extra:+6.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
