"""Lines as the body of a post: JSON lines, each with the deploy that it is of."""

import json
from collections.abc import Iterable

from twelve.factors.logs.line import Block
from twelve.factors.logs.render import plain

KIND = "application/x-ndjson"


def body(blocks: Iterable[Block], app: str, deploy: str) -> bytes:
    """The lines of these blocks, one JSON object each."""
    whose = {"app": app, "deploy": deploy}
    return b"".join(
        json.dumps(whose | plain(line), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        for block in blocks
        for line in block.lines()
    )
