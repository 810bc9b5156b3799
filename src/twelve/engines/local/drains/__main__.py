"""``python -I -m twelve.engines.local.drains --run RUN --home HOME``, orders in its environment."""

import fcntl
import os
import signal
import sys
import threading
import traceback

from twelve.engines.local.drains.forwarder import Forwarder
from twelve.engines.local.drains.orders import from_environment
from twelve.engines.local.drains.pending import listen
from twelve.errors import TwelveError

_LAST_SECONDS = 5.0
"""For answers that are under way when it is told to stop."""


def main(words: list[str]) -> int:
    """Run until SIGTERM; what was not delivered stays in the files, for the next."""
    options = dict(zip(words[::2], words[1::2], strict=False))
    if set(options) != {"--run", "--home"} or len(words) != 4:
        print("twelve: the drainer is called with --run RUN --home HOME", file=sys.stderr)
        return 2
    run, home = os.path.realpath(options["--run"]), os.path.realpath(options["--home"])
    os.umask(0o077)
    os.makedirs(f"{home}/drains", exist_ok=True)
    lock = os.open(f"{home}/drains/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    # A predecessor may still be sending its last lines.
    fcntl.flock(lock, fcntl.LOCK_EX)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        forwarders = [Forwarder(home, drain, stopping) for drain in from_environment(os.environ)]
    except TwelveError as error:
        print(f"twelve: {error}", file=sys.stderr)
        return 1
    threading.excepthook = end
    threads = [threading.Thread(target=each.run) for each in forwarders]
    for thread in threads:
        # One that waits for a receiver is no reason to stay.
        thread.daemon = True
        thread.start()
    listen(run, [each.pending for each in forwarders], stopping)
    for thread in threads:
        thread.join(_LAST_SECONDS / len(threads))
    return 0


def end(fault: threading.ExceptHookArgs) -> None:
    """A fault of ours ends the whole process, with its trace: the supervisor starts it again."""
    traceback.print_exception(fault.exc_value)
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
