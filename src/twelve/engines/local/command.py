"""Running one of Twelve's own programs in a box, through the supervisor, with its output."""

import asyncio
import contextlib
import os
import secrets
from typing import Any

from twelve.engines.contract import Exit
from twelve.engines.local.engine import LocalEngine
from twelve.factors.processes.instance import PLATFORM, Instance

KEPT = 64 * 1024
"""Bytes of output that are kept, the last ones."""


async def run_command(
    engine: LocalEngine, argv: tuple[str, ...], env: dict[str, str], cwd: str, box: dict[str, Any],
    stdin: bytes,
) -> tuple[int, str]:  # fmt: skip
    """Exit code (negative for a signal) and the output, stdout and stderr as they came."""
    instance = Instance(PLATFORM, "platform", "command", secrets.token_hex(4))
    launch = {
        "name": instance.name,
        "argv": list(argv),
        "env": env,
        "cwd": cwd,
        "stdin": "pipe" if stdin else "null",
        "logs": engine.machine.logs(instance),
        "restart": {"mode": "never"},
        "box": box,
    }
    await engine.parts.launch(launch)
    if stdin and (writer := await engine.parts.input(instance.name)) is not None:
        await asyncio.to_thread(write_all, writer, stdin)
    output = bytearray()
    async for _, data in engine.output(instance.name):
        output += data
        del output[:-KEPT]
    end = await engine.ended(instance.name)
    return code_of(end), output.decode(errors="replace")


def write_all(descriptor: int, data: bytes) -> None:
    """Write and close; a command that ends before it has read all says why itself."""
    with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as pipe:
        pipe.write(data)


def code_of(end: Exit) -> int:
    """The exit code, negative for a signal; 1 when nobody saw the end."""
    if end.code is not None:
        return end.code
    return -(end.status - 128) or 1
