"""Python that this interpreter cannot parse: newer syntax is taken back, and what still fails is left out."""

import ast
import re
import warnings

from twelve.picture.pattern import pattern

GENERIC = pattern(
    r"^(\s*(?:class|(?:async\s+)?def)\s+\w+)\[[^\]\n]*(?:\[[^\]\n]*\][^\]\n]*)*\]", re.MULTILINE
)
ALIAS = pattern(r"^(\s*)type\s+(\w+)(?:\[[^\]\n]*\])?\s*=", re.MULTILINE)
EXCEPT = pattern(r"^(\s*except\*?\s+)([\w.]+(?:\s*,\s*[\w.]+)+)(\s*:)", re.MULTILINE)
PRINT = pattern(r"^(\s*)print\s+(?![=(.,)\]])(.*)$", re.MULTILINE)
RAISE = pattern(r"^(\s*except\s+[\w.]+)\s*,\s*(\w+)\s*:", re.MULTILINE)


def parse(text: str) -> ast.Module:
    """The tree of a file, by the interpreter's grammar or by what it shares with its neighbours'."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except SyntaxError:
            return _other(text)


def _other(text: str) -> ast.Module:
    newer = EXCEPT.sub(r"\1(\2)\3", ALIAS.sub(r"\1\2 =", GENERIC.sub(r"\1", text)))
    older = PRINT.sub(r"\1print(\2)", RAISE.sub(r"\1 as \2:", text))
    for attempt in (newer, older):
        try:
            return ast.parse(attempt)
        except SyntaxError:
            continue
    return _by_statement(text)


def _by_statement(text: str) -> ast.Module:
    """Tree-sitter tells the statements apart; each that the interpreter knows is kept."""
    try:
        import tree_sitter
        import tree_sitter_python
    except ImportError:
        return ast.parse(text)
    data = text.encode("utf-8", "replace")
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language())).parse(data)
    body: list[ast.stmt] = []
    for node in tree.root_node.children:
        piece = data[node.start_byte : node.end_byte].decode("utf-8", "replace")
        try:
            body += ast.parse("\n" * node.start_point[0] + piece).body
        except (SyntaxError, ValueError):
            continue
    if not body:
        return ast.parse(text)
    return ast.Module(body=body, type_ignores=[])
