"""Once: a call that carries an ``Idempotency-Key`` is made once, however often it comes.

The header and its statuses are those of the IETF's draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from twelve.api.call import Rooms
from twelve.errors import Conflict, Invalid
from twelve.store import calls
from twelve.store.calls import Known

KEY = re.compile(r"[!-~]{1,255}")


class Keyed(NamedTuple):
    """A key, its owner, and the call that it stands for."""

    who: str
    key: str
    fingerprint: str


def keyed(request: Request, who: str, body: bytes) -> Keyed | None:
    """The key that a call carries, or nothing. Raises Invalid."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method == "GET":
        return None
    if not KEY.fullmatch(key):
        raise Invalid(
            "the header Idempotency-Key is not 1 to 255 visible ASCII characters",
            hint="send a random word, such as a UUID, and the same one when you repeat the call",
        )
    parts = (request.method, request.url.path, request.url.query)
    about = "\n".join((*parts, request.headers.get("twelve-tree", ""))).encode()
    return Keyed(who, key, hashlib.sha256(about + b"\n" + body).hexdigest())


async def once(rooms: Rooms, own: Keyed, act: Callable[[], Awaitable[Response]]) -> Response:
    """Make the call, or give the answer that it got before. Raises Invalid or Conflict.

    A call that is refused did nothing: its key stays free.
    """
    store = rooms.house.store
    known = calls.take(
        store,
        own.who,
        own.key,
        fingerprint=own.fingerprint,
        life=rooms.operations.life,
        now_ns=rooms.house.now(),
    )
    if known:
        return again(known, own, rooms.operations.life)
    try:
        response = await act()
    except BaseException:
        calls.free(store, own.who, own.key)
        raise
    calls.answered(store, own.who, own.key, response.status_code, bytes(response.body).decode())
    return response


def again(known: Known, own: Keyed, life: str) -> Response:
    """The answer that a call got before. Raises Invalid or Conflict."""
    if known.fingerprint != own.fingerprint:
        raise Invalid(
            f"Idempotency-Key {own.key}: another call was made under it",
            hint="a key stands for one call: send a new one",
        )
    if known.status is None and known.life == life:
        raise Conflict(
            f"Idempotency-Key {own.key}: that call is under way", hint="repeat it in a moment"
        )
    if known.status is None or known.answer is None:
        raise Conflict(
            f"Idempotency-Key {own.key}: the control plane ended over that call",
            hint="look what came of it, and make it anew under another key if it must be",
        )
    headers = {"Idempotency-Replayed": "true"}
    return Response(known.answer, known.status, headers, "application/json")
