"""What the drainer is told, in its environment: no file and no argument holds an address."""

import json
from collections.abc import Iterable, Mapping

from twelve.factors.logs.drains.drain import Drain

PREFIX = "DRAIN_"


def to_environment(drains: Iterable[Drain]) -> dict[str, str]:
    """The variables that tell of these drains, one each: a variable's length has a limit."""
    return {f"{PREFIX}{drain.key}": json.dumps(drain) for drain in drains}


def from_environment(environ: Mapping[str, str]) -> list[Drain]:
    """The drains that the variables tell of."""
    return [Drain(*json.loads(text)) for name, text in environ.items() if name.startswith(PREFIX)]
