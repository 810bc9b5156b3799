"""Lines as the body of a post: JSON lines, each with the deploy that it is of."""

from collections.abc import Iterable

from twelve.factors.logs.line import Block
from twelve.factors.logs.render import json_lines

KIND = "application/x-ndjson"


def body(blocks: Iterable[Block], app: str, deploy: str) -> bytes:
    """The lines of these blocks, one JSON object each."""
    whose = {"app": app, "deploy": deploy}
    return b"".join(json_lines(block, whose) for block in blocks)
