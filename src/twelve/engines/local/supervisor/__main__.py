"""``python -I -m twelve.engines.local.supervisor --run RUN --home HOME``: start up, turn, leave."""

import sys

from twelve.engines.local.supervisor.life import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
