"""YAML with line numbers, by the C parser; a file that does not parse is reported, a template is passed over."""

from typing import Any, NamedTuple

from twelve.errors import Missing
from twelve.picture.tree import Broken

BIGGEST = 1_000_000
MOST_NODES = 200_000


class Node(NamedTuple):
    """A YAML node: ``value`` is a str, a list of nodes or a dict of nodes."""

    value: Any
    line: int

    def get(self, *keys: str) -> "Node":
        """The node under a path of keys; an empty one when there is none."""
        node = self
        for key in keys:
            found = node.value.get(key) if isinstance(node.value, dict) else None
            if found is None:
                return Node(None, node.line)
            node = found
        return node

    @property
    def text(self) -> str:
        return self.value if isinstance(self.value, str) else ""

    @property
    def items(self) -> list["Node"]:
        return self.value if isinstance(self.value, list) else []

    @property
    def pairs(self) -> list[tuple[str, "Node"]]:
        return list(self.value.items()) if isinstance(self.value, dict) else []


NONE = Node(None, 0)


def read_yaml(path: str, text: str) -> tuple[list[Node], Broken | None]:
    """The documents of a file, or why it does not parse."""
    try:
        import yaml
    except ImportError:
        raise Missing("YAML needs the extra 'check'", "pip install 'twelve[check]'") from None
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return [
            _Maker().node(document)
            for document in yaml.compose_all(text, Loader=loader)
            if document is not None
        ], None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return [], Broken(path, line, str(error.problem or "does not parse"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return [], Broken(path, 0, str(error).split("\n", 1)[0][:200])


class _Maker:
    """Turns composed nodes into ours; counts them, because anchors can multiply without end."""

    def __init__(self) -> None:
        self.left = MOST_NODES

    def node(self, found: Any, depth: int = 0) -> Node:
        self.left -= 1
        if self.left < 0 or depth > 60:
            raise ValueError("too many nodes")
        line = found.start_mark.line + 1
        kind = type(found).__name__
        if kind == "ScalarNode":
            return Node(found.value, line)
        if kind == "SequenceNode":
            return Node([self.node(child, depth + 1) for child in found.value], line)
        made: dict[str, Node] = {}
        for key, value in found.value:
            name = key.value if isinstance(key.value, str) else ""
            child = self.node(value, depth + 1)
            if name == "<<":
                for held in child.items or [child]:
                    made = {**dict(held.pairs), **made}
            else:
                made[name] = (
                    child
                    if isinstance(child.value, dict | list)
                    else Node(
                        child.value, key.start_mark.line + 1 if not child.text else child.line
                    )
                )
        return Node(made, line)
