"""A worker: a numbered line every twentieth of a second until it is told to stop."""

import signal
import threading

from telling import line

over = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: over.set())
while not over.wait(0.05):
    line()
