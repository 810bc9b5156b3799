import re
import subprocess
import sys

PRELUDE = """
import ctypes, sys, threading
from twelve.engines.local import lean
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

def resident():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss_Anon"))
"""


def said(program: str) -> list[int]:
    words = [sys.executable, "-c", PRELUDE + program]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30)
    return [int(word) for word in re.findall(r"-?\d+", done.stdout)]


def test_threads_share_arenas():
    program = """
if {lean}:
    lean.begin()
meet = threading.Barrier(8)

def work():
    meet.wait()
    held = libc.malloc(1000)
    meet.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for each in threads:
    each.start()
for each in threads:
    each.join()
sys.stdout.flush()
stream = libc.fdopen
stream.restype, stream.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_char_p]
read, write = __import__("os").pipe()
file = stream(write, b"w")
libc.malloc_info(0, ctypes.c_void_p(file))
libc.fclose(ctypes.c_void_p(file))
with open(read) as told:
    print(told.read().count("<heap "))
"""
    [usual] = said(program.format(lean=False))
    [lean] = said(program.format(lean=True))

    assert usual > 2
    assert lean <= 2


def test_free_pages_in_the_middle_of_the_heap_are_given_back():
    before, after = said("""
parts = [libc.malloc(1000) for _ in range(60_000)]
for part in parts[:-1]:
    libc.free(part)
before = resident()
lean.give_back()
print(before, resident())
""")

    assert before - after > 40_000  # of 60 MB, the last of which is still in use
