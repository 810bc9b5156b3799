"""The release command: it says so."""

import time

print("released", flush=True)
time.sleep(0.2)
