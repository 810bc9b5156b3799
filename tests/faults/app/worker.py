"""A worker: a numbered line every twentieth of a second until it is told to stop, or to fail."""

import os
import signal
import threading

from telling import line

over = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: over.set())
signal.signal(signal.SIGUSR1, lambda *_: os._exit(7))
while not over.wait(0.05):
    line()
