"""Posting over HTTP: lines are delivered when the receiver has answered with 2xx."""

import base64
import http.client
import ssl

from twelve.factors.logs.drains.address import Address
from twelve.factors.logs.drains.posting import KIND

ANSWER_SECONDS = 120.0
_ANSWER_MOST = 64 << 10


class Post:
    """To one receiver, over one connection as long as it lasts."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._headers = {"Content-Type": KIND, "User-Agent": "twelve"}
        if address.user or address.password:
            word = f"{address.user}:{address.password}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(word).decode()}"
        self._link: http.client.HTTPConnection | None = None

    def send(self, body: bytes) -> None:
        """Return when the receiver said that it has it. Raises OSError otherwise."""
        kept = self._link is not None
        try:
            self._ask(body)
        except (ConnectionError, http.client.BadStatusLine):
            self.close()
            if not kept:
                raise
            # A connection that was idle may have been closed meanwhile: that is no failure.
            self._ask(body)

    def close(self) -> None:
        """End the connection."""
        if self._link is not None:
            self._link.close()
        self._link = None

    def _ask(self, body: bytes) -> None:
        if self._link is None:
            self._link = connection(self._address)
        try:
            self._link.request("POST", self._address.target, body, self._headers)
            answer = self._link.getresponse()
            answer.read(_ANSWER_MOST)
        except ConnectionError:
            self.close()
            raise
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise OSError(reason(error)) from None
        if not answer.isclosed():
            self.close()
        if not 200 <= answer.status < 300:
            raise OSError(f"answered {answer.status} {answer.reason}"[:200])


def connection(address: Address) -> http.client.HTTPConnection:
    """A connection that is made with the first request."""
    if not address.encrypted:
        return http.client.HTTPConnection(address.host, address.port, timeout=ANSWER_SECONDS)
    return http.client.HTTPSConnection(
        address.host, address.port, timeout=ANSWER_SECONDS, context=ssl.create_default_context()
    )


def reason(error: Exception) -> str:
    """What to say of it."""
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER_SECONDS:g} s"
    return str(error) or type(error).__name__
