"""The seam to the sandbox: which calls are made where in the life of an instance."""

import os
from typing import Any

from twelve.engines.local import sandbox

clone_flags = sandbox.clone_flags
enter = sandbox.enter
confine = sandbox.confine
wrap = sandbox.wrap


def prepare(plan: dict[str, Any], pid: int) -> None:
    """
    What only the parent can do for a cloned init, before it runs. Raises OSError.

    Root may put an app of tier user under another uid: then the map is ours to write.
    """
    owns = plan.get("uid") in {None, os.geteuid()}
    if plan["tier"] == "user" and plan.get("via", "userns") == "userns" and not owns:
        sandbox.map_ids(plan, pid)
