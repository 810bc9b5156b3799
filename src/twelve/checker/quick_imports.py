"""The packages that a file may import, read without parsing it."""

from twelve.picture.pattern import pattern

IMPORT = pattern(
    rb"\n[ \t]*+(?:from[ \t]++([A-Za-z_]\w*)[\w.]*+[ \t]++import\b|import[ \t]++([A-Za-z_][\w., \t]*+))",
)
REQUIRE = pattern(rb"\b(?:from|import|require\(|import\()\s*[\"'`]([\w@][^\"'`\n]*)[\"'`]")


def quick_requires(data: bytes) -> set[str]:
    """The packages that a script may import: ``@scope/name``, or the first word of the path."""
    found = set()
    for match in REQUIRE.finditer(data):
        found.add(package_of(match[1].decode("utf-8", "replace")))
    return found


def package_of(module: str) -> str:
    """The package that a module of JavaScript lies in."""
    return "/".join(module.split("/")[: 2 if module.startswith("@") else 1])


def quick_imports(data: bytes) -> set[str]:
    """The top-level packages that a file may import, read without parsing; a docstring may fool it."""
    found = set()
    for match in IMPORT.finditer(b"\n" + data):
        if match[1]:
            found.add(match[1].decode())
        else:
            for piece in match[2].decode("ascii", "ignore").split(","):
                name = piece.strip().partition(" ")[0].partition(".")[0]
                if name:
                    found.add(name)
    return found
