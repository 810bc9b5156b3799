"""What the check says of a tree before it is built: warnings, or with --strict a refusal."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from twelve.errors import Refused, TwelveError

log = logging.getLogger(__name__)

MOST = 10
"""Sentences that a deploy tells; `twelve check` tells them all."""


def look(folder: Path) -> list[str]:
    """The broken demands of a tree, worst first. Raises Invalid for settings it cannot read."""
    # A control plane that nobody deploys to does without the checker's 60 modules.
    from twelve.checker.deploying import warnings_of

    return warnings_of(folder)


async def audit(
    folder: Path, *, strict: bool, look: Callable[[Path], list[str]] = look
) -> list[str]:
    """One sentence for each broken demand of the tree. Raises Refused for any when strict.

    The check itself never costs a deploy: when it fails, that is the one sentence.
    """
    try:
        found = await asyncio.to_thread(look, folder)
    except TwelveError as error:
        return [f"the tree was not checked: {error.message}"]
    except Exception as error:
        log.warning("the check failed", exc_info=error)
        return [f"the tree was not checked: the check failed with {type(error).__name__}"]
    if found and strict:
        raise Refused(
            f"the tree breaks what the twelve factors demand in {len(found)}"
            f" place{'s' if len(found) != 1 else ''}",
            hint="twelve check says how to mend it; without --strict these are warnings",
            problems=tuple(found),
        )
    more = [f"and {len(found) - MOST} more: twelve check tells them"] if found[MOST:] else []
    return [*found[:MOST], *more]
