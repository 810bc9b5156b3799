"""``python -I -m twelve.engines.local.collector --run RUN --home HOME``."""

import fcntl
import os
import resource
import stat
import sys
import time

from twelve.engines.local.collector.loop import Loop

_WAIT_SECONDS = 5.0
_TEMPORARY_FAILURE = 75


def main(words: list[str]) -> int:
    """Run until SIGTERM; then what is in the pipes is taken and the exit code is 0."""
    options = dict(zip(words[::2], words[1::2], strict=False))
    if set(options) != {"--run", "--home"} or len(words) != 4:
        print("twelve: the collector is called with --run RUN --home HOME", file=sys.stderr)
        return 2
    run = os.path.realpath(options["--run"])
    os.umask(0o077)
    os.makedirs(options["--home"] + "/logs", exist_ok=True)
    os.chdir(options["--home"])
    lock = os.open("logs/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not _locked(lock):
        print("twelve: another collector writes the logs of this home", file=sys.stderr)
        return _TEMPORARY_FAILURE
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if stat.S_ISFIFO(os.fstat(2).st_mode):
        os.set_blocking(2, False)
    Loop(run).run()
    return 0


def _locked(lock: int) -> bool:
    """A predecessor may still be finishing: wait for it, but not for ever."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
