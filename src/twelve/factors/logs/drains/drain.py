"""A drain: one more reader of a deploy's log stream, who gets it sent."""

from typing import NamedTuple


class Drain(NamedTuple):
    """Whose lines, from when on, and where to."""

    key: str
    """Names it for good; another one of the same name has another."""
    app: str
    deploy: str
    name: str
    url: str
    since_ns: int

    def __repr__(self) -> str:
        """Tracebacks and debug lines must not carry what the address holds."""
        return f"Drain({self.label})"

    @property
    def label(self) -> str:
        """``shop/production papertrail``."""
        return f"{self.app}/{self.deploy} {self.name}"
