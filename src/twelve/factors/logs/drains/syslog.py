"""Lines as messages of syslog: RFC 5424, each led by its length as in RFC 6587 and RFC 5425."""

from collections.abc import Iterable
from datetime import UTC, datetime

from twelve.factors.logs.line import GAP, Block

LONGEST = 8192
"""Bytes of a message that every receiver should take (RFC 5425, 4.3.1); longer lines are cut."""

_APP, _PLATFORM, _LOSS = 16 * 8 + 6, 16 * 8 + 5, 16 * 8 + 4
"""local0: informational for what processes print, notice for Twelve's own, warning for a gap."""
_OWN = frozenset({"twelve", "router"})


def frames(blocks: Iterable[Block], app: str, deploy: str) -> bytes:
    """The messages of these blocks, one after the other."""
    return b"".join(frame for block in blocks for frame in _messages(block, app, deploy))


def _messages(block: Block, app: str, deploy: str) -> list[bytes]:
    head = _head(block, app, deploy)
    most = LONGEST - len(head)
    found = []
    for data in block.data[:-1].split(b"\n") if block.plain else [block.data]:
        for at in range(0, len(data) or 1, most):
            message = head + data[at : at + most]
            found.append(b"%d %b" % (len(message), message))
    return found


def _head(block: Block, app: str, deploy: str) -> bytes:
    process, release, stream = block.origin
    priority = _LOSS if block.flags & GAP else _PLATFORM if block.origin.type in _OWN else _APP
    # HOSTNAME is the deploy as its address has it, PROCID the process, MSGID the stream.
    return (
        f"<{priority}>1 {_stamp(block.ns)} {deploy}.{app} {app[:48]} {process[:128]} {stream[:32]} "
        f'[origin software="{app[:48]}" swVersion="{release[:32]}"] '
    ).encode()


def _stamp(ns: int) -> str:
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"
