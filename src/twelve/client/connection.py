"""The client: where control is, started when a command may start it, and the calls to it."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from twelve.client.wire import Address, Answer, as_error, ask, connect
from twelve.errors import Unreachable
from twelve.settings import RUN_FILE, Settings, load_settings


class Client:
    """Speaks with the control plane that the settings name."""

    def __init__(self, settings: Settings, *, starts: bool = False) -> None:
        self.settings = settings
        self.address = address_of(settings)
        if starts and not settings.url:
            self.start_control()

    def start_control(self) -> None:
        """Start a local control when none answers, and say so."""
        try:
            connect(self.address).close()
        except Unreachable:
            from twelve.starting import start_control

            print(f"twelve: starting the control plane of {self.settings.home}", file=sys.stderr)
            start_control(self.settings, os.environ)

    def get(self, path: str, **query: Any) -> Any:
        """Ask and give the answer's JSON."""
        return self.ask("GET", path, **query).json()

    def ask(
        self, method: str, path: str, *, body: Any = None, key: str = "", **query: Any
    ) -> Answer:
        """One call; ``query`` leaves out what is empty or off."""
        return ask(self.address, method, asked(path, query), body=body, headers=keyed(key))

    def upload(
        self, path: str, file: BinaryIO, *, facts: str = "", key: str = "", **query: Any
    ) -> Any:
        """Send a file as the body, with what is known of it."""
        headers = keyed(key) | ({"Twelve-Tree": facts} if facts else {})
        return ask(self.address, "POST", asked(path, query), upload=file, headers=headers).json()

    def call(self, method: str, path: str, body: Any = None, *, key: str = "", **query: Any) -> Any:
        """A call that changes something; under a ``key`` it is made once, however often sent."""
        given = {name: value for name, value in (body or {}).items() if value is not None}
        return self.ask(method, path, body=given or body, key=key, **query).json()

    def events(self, operation: str) -> Iterator[dict[str, Any]]:
        """What an operation says, to its end. Raises the error that it ended with."""
        answer = self.ask("GET", f"/v1/operations/{operation}/events")
        for line in until_cut_off(answer.lines()):
            event = json.loads(line)
            if event["step"] == "end" and not event["ok"]:
                raise as_error(event["error"])
            yield event
            if event["step"] == "end":
                return
        raise Unreachable(
            "the control plane went away; what was begun is finished or undone when it is back",
            hint="twelve releases says how it came out",
        )

    def cancel(self, operation: str) -> bool:
        """Take an operation back; whether it was still possible."""
        return bool(self.call("POST", f"/v1/operations/{operation}/cancel")["cancelled"])


def asked(path: str, query: Mapping[str, Any]) -> str:
    """A path with its query, without what is empty or off."""
    given = [
        # A name that Python keeps for itself is written with a _ behind it.
        (name.rstrip("_"), "true" if value is True else str(value))
        for name, values in query.items()
        for value in (values if isinstance(values, list | tuple) else [values])
        if value is not None and value is not False and value != ""
    ]
    if not given:
        return path
    from urllib.parse import urlencode

    return f"{path}?{urlencode(given)}"


def keyed(key: str) -> dict[str, str]:
    """The header of a call that is made once."""
    return {"Idempotency-Key": key} if key else {}


def quoted(word: str) -> str:
    """A word as a part of a path."""
    # Most are names; urllib.parse is a tenth of the time that ``twelve ps`` takes to start.
    if word.replace("-", "").replace("_", "").isalnum() and word.isascii():
        return word
    from urllib.parse import quote

    return quote(word, safe="")


def until_cut_off(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The lines that came, whether or not that was all."""
    with contextlib.suppress(Unreachable):
        yield from lines


def settings_here(*, even_gone: bool = False) -> Settings:
    """The settings of this call's environment.

    A home that runs keeps the folder of its sockets, also when this call's XDG_RUNTIME_DIR is
    another one than that of the call that started it (a login shell's and cron's differ).
    Raises Unreachable when that home's folder was removed under what runs, unless ``even_gone``.
    """
    settings = load_settings(os.environ, uid=os.geteuid())
    try:
        with open(f"{settings.home}/{RUN_FILE}", encoding="utf-8") as file:
            run = file.read().strip()
    except OSError:
        if not even_gone and is_gone(settings):
            raise Unreachable(
                f"the folder of this home, {settings.home}, is gone while its apps run",
                hint="twelve down --all ends them",
            ) from None
        return settings
    return settings._replace(run=run) if os.path.exists(f"{run}/supervisor.sock") else settings


def is_gone(settings: Settings) -> bool:
    """Whether a home's folder was removed while its supervisor runs."""
    if settings.url or os.path.exists(settings.home):
        return False
    with contextlib.suppress(Unreachable):
        connect(Address(path=f"{settings.run}/supervisor.sock")).close()
        return True
    return False


def address_of(settings: Settings) -> Address:
    """Where control is."""
    if not settings.url:
        return Address(path=f"{settings.run}/control.sock")
    from urllib.parse import urlsplit

    parts = urlsplit(settings.url)
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    return Address("", parts.hostname or "", port, tls, settings.token)


def deploy_path(app: str, deploy: str) -> str:
    """The path of a deploy's calls."""
    return f"/v1/apps/{quoted(app)}/deploys/{quoted(deploy)}"
