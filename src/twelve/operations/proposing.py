"""What to say when a codebase names no process: what was detected, and who writes it down."""

from collections.abc import Callable, Iterable

from twelve.errors import Invalid
from twelve.factors.dependencies.frameworks import propose
from twelve.manifest import Manifest


def require_processes(
    manifest: Manifest, names: Iterable[str], read: Callable[[str], bytes | None]
) -> None:
    """Raises Invalid with the proposal when there is nothing to run."""
    if manifest.processes:
        return
    found = propose(names, read)
    if not found:
        raise Invalid(
            "there is no Procfile, and nothing here tells what to run",
            hint="write a Procfile with a line like  web: gunicorn app:app --bind $HOST:$PORT",
        )
    raise Invalid(
        "there is no Procfile; this would fit what was found:",
        hint="twelve init writes it; then commit it and deploy again",
        problems=tuple(f"{each.type}: {each.command}    ({each.why})" for each in found),
    )
