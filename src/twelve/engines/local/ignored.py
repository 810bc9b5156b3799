"""What git ignores in a folder."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

ASK = ("git", "-c", "core.quotePath=false", "check-ignore", "-z", "--stdin")


async def ignored_by_git(folder: Path, names: Sequence[str]) -> frozenset[str]:
    """Those of the relative names that git ignores; none where there is no git to ask."""
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        git = await asyncio.create_subprocess_exec(
            *ASK, cwd=folder, stdin=pipe, stdout=pipe, stderr=null
        )
    except OSError:
        return frozenset()
    asked = b"".join(name.encode(errors="surrogateescape") + b"\0" for name in names)
    said, _ = await git.communicate(asked)
    return frozenset(said.decode(errors="surrogateescape").split("\0")) - {""}
