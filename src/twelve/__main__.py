"""``python -m twelve``."""

from twelve.cli.main import main

main()
