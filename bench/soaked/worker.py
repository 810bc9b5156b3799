"""A worker that says a word now and then."""

import itertools
import time

for number in itertools.count():
    print("worked on", number, flush=True)
    time.sleep(0.2)
