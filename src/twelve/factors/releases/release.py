"""A release: build + config + attachments + formation of one deploy, numbered, never edited."""

import hashlib
import json
from collections.abc import Mapping
from typing import NamedTuple

MOST_DIGITS = 9


class Release(NamedTuple):
    """One row of the ledger."""

    app: str
    deploy: str
    number: int
    build: str
    config: int
    """The version of the config."""
    attachments: int
    """The version of the attachments."""
    formation: Mapping[str, int]
    runtimes: Mapping[str, int]
    """For each process type, the release whose processes run: scaling leaves processes alone."""
    digest: str
    """Of build, config and attachments: two releases with the same digest run the same thing."""
    reason: str
    who: str
    at_ns: int

    @property
    def name(self) -> str:
        """``shop/production v7``."""
        return f"{self.app}/{self.deploy} v{self.number}"

    @property
    def tag(self) -> str:
        """``v7``."""
        return f"v{self.number}"


def runtime_digest(build: str, config: str, attachments: str) -> str:
    """What runs, in one word; ``config`` and ``attachments`` are keyed digests of the values."""
    text = json.dumps({"build": build, "config": config, "attachments": attachments})
    return hashlib.sha256(text.encode()).hexdigest()


def runtimes_of(
    number: int, formation: Mapping[str, int], digest: str, before: Release | None
) -> dict[str, int]:
    """Whose processes run for each type: the former release's where nothing about them changed."""
    keep = before.runtimes if before is not None and before.digest == digest else {}
    return {kind: keep.get(kind, number) for kind in formation}


def parse_release_number(text: str) -> int:
    """The number in ``v7`` or ``7``. Raises ValueError."""
    number = text.removeprefix("v")
    if not (number.isascii() and number.isdigit() and len(number) <= MOST_DIGITS):
        raise ValueError("is not a release: write v1, v2 …")
    return int(number)
