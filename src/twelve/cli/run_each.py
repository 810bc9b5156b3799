"""``twelve run --each``: one command in many deploys, and what came of it."""

import sys
from typing import Any

from twelve.cli.course import follow
from twelve.cli.output import GREEN, RED, Painted, table
from twelve.cli.output import as_json as print_json
from twelve.cli.target import target
from twelve.client.calls import tenants as calls
from twelve.errors import EXIT_FAILED, Usage
from twelve.units import duration


def run_in_each(
    app: str, pattern: str, words: list[str], *, at_once: int, timeout: str, as_json: bool
) -> None:
    """Run it, and end with 1 when it failed anywhere. Raises Usage."""
    if "/" in app:
        raise Usage(f"{app!r} names a deploy and --each others", hint="leave one of them out")
    try:
        seconds = duration(timeout) if timeout else 0.0
    except ValueError as error:
        raise Usage(f"--timeout {timeout!r} {error}", hint="--timeout 10m") from None
    aim = target(app)
    accepted = calls.run_in_each(
        aim.client, aim.app, deploys=pattern, command=words, at_once=at_once, timeout=seconds
    )
    result = follow(aim.client, accepted["operation"], quiet=True)
    if as_json:
        print_json(result)
    else:
        show(result["runs"])
    if result["failed"]:
        raise SystemExit(EXIT_FAILED)


def show(runs: list[dict[str, Any]]) -> None:
    """A line for each deploy, then the last words of those that failed."""
    rows = [
        (each["deploy"], outcome(each), f"{each['seconds']:.1f} s", each["run"]) for each in runs
    ]
    table(("DEPLOY", "ENDED", "TOOK", "RUN"), rows)
    for each in runs:
        for line in each["said"]:
            print(f"{each['deploy']} | {line}", file=sys.stderr)
    failed = sum(not each["ok"] for each in runs)
    if failed:
        print(f"twelve: {failed} of {len(runs)} failed", file=sys.stderr)


def outcome(each: dict[str, Any]) -> Painted:
    """How a run ended, and what ended it."""
    code = "" if each["code"] is None else f"exit {each['code']}"
    words = ", ".join(filter(None, (each["signal"] or code, each["why"])))
    return Painted(words or "unknown", GREEN if each["ok"] else RED)
