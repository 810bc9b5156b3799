"""A build: a codebase at one commit with its dependencies and assets, made without config."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Build(NamedTuple):
    """Immutable, named by its digest, and free of any deploy's config."""

    digest: str
    app: str
    tree: str
    """Digest of the tree it was made from."""
    source: str
    """``git``, ``folder`` or ``archive``."""
    commit: str
    subject: str
    committed_ns: int
    dirty: bool
    manifest: Mapping[str, Any]
    """The manifest as plain data; later rooms give it meaning."""
    artifact: Mapping[str, Any]
    """Where the engine put it: layers, interpreter, warnings; the engine gives it meaning."""

    @property
    def label(self) -> str:
        """How people call it: the short commit, marked when it holds uncommitted changes."""
        name = self.commit[:7] if self.commit else f"tree {self.tree[:7]}"
        return f"{name}+dirty" if self.dirty else name

    def to_plain(self) -> dict[str, Any]:
        """As JSON-ready data."""
        return dict(self._asdict())


def build_from_plain(plain: Mapping[str, Any]) -> Build:
    """The build that ``to_plain`` wrote."""
    return Build(**plain)
