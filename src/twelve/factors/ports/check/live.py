"""What the judges of this factor share: the steps that run in production."""

from collections.abc import Iterator

from twelve.picture.commands import Process, Step
from twelve.picture.rule import Picture


def live(picture: Picture) -> Iterator[tuple[Process, Step]]:
    """The steps that run in production."""
    for process in picture.processes:
        if process.stage in ("run", "hook") and not process.development:
            for step in process.steps:
                yield process, step
