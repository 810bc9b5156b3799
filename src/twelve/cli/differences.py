"""How a comparison is shown."""

import sys

from twelve.api.shapes import Comparison
from twelve.cli.output import table


def show_differences(found: Comparison, before: str, after: str) -> None:
    """A table under the names of both sides; what nobody could tell goes to standard error."""
    if found["differences"]:
        rows = [(d["part"], d["name"], d["before"], d["after"]) for d in found["differences"]]
        table(("PART", "NAME", before, after), rows)
    else:
        print("nothing differs")
    for sentence in found["unknown"]:
        print(f"twelve: {sentence}", file=sys.stderr)
