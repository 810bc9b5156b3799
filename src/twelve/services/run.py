"""Run a program once, as ourselves or as another user, and collect what it says."""

import asyncio

from twelve.errors import Missing, TwelveError
from twelve.services.contract import Command, Done

KEPT = 64 * 1024
"""Bytes of output that are kept, the last ones."""


async def run_here(command: Command, seconds: float = 120.0) -> Done:
    """Run without a sandbox: a box of tier ``bare``, with or without a uid.

    Raises Missing for a program that is not there or not ours to run, TwelveError when it takes
    longer than ``seconds`` or when its box needs the supervisor.
    """
    box = command.box
    if box.get("tier", "bare") != "bare":
        raise TwelveError(f"{command.argv[0]}: a {box['tier']} box needs the supervisor")
    try:
        process = await asyncio.create_subprocess_exec(
            *command.argv,
            env=command.env,
            cwd=command.cwd,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            user=box.get("uid"),
            group=box.get("gid"),
            extra_groups=None if box.get("uid") is None else [],
        )
    except (FileNotFoundError, PermissionError) as error:
        raise Missing(f"{command.argv[0]} cannot be run: {error.strerror}") from None
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate(command.stdin)
    except TimeoutError:
        raise TwelveError(f"{command.argv[0]} did not end within {seconds:g} s") from None
    finally:
        # Also when the caller was cancelled: nobody would reap it.
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Done(process.returncode or 0, output[-KEPT:].decode(errors="replace"))


def last_lines(output: str, count: int = 5) -> str:
    """The end of a program's output, for a message."""
    said = [line for line in output.splitlines() if line.strip()]
    return "\n".join(said[-count:])
