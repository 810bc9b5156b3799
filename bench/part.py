"""A program of the bench, run so that SIGTERM ends it as Ctrl-C does: `python -m bench.part MODULE WORDS…`."""

import runpy
import sys

from bench.ending import told_to_end

if __name__ == "__main__":
    _, module, *words = sys.argv
    sys.argv = [module, *words]
    with told_to_end():
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except KeyboardInterrupt:
            sys.exit(130)
