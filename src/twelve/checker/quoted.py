"""Whether a place in Python lies in a comment or in the midst of a string, told from its own line alone."""

from twelve.picture.pattern import pattern

CLOSED = pattern(rb"(?:[^\"'#]++|\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+')*+")
"""Code, and strings that end again."""
TRIPLE = pattern(rb"[ \t]*+[rR]?\"\"\"[A-Z`]")
"""A docstring: after the end of another string no name could follow."""


def is_quoted(data: bytes, at: int, said: bytes) -> bool:
    """Is there surely no code at this place, nor in what is said from there on?

    Whether the line is code or the text of a longer string, the place is then in a string. One that is formatted may
    hold code, and what goes on behind the string's end is code again: a key, say.
    """
    start = data.rfind(b"\n", 0, at) + 1
    before = data[start:at]
    if b'"""' in before or b"'''" in before:
        once = before.count(b'"""') == 1 and b'"""' not in said
        return once and TRIPLE.match(before) is not None
    code = CLOSED.match(before)
    rest = before[code.end() :] if code else b""
    if not rest or data[start - 2 : start] == b"\\\n":
        return False
    if rest[:1] == b"#":
        return True
    prefix = before[: len(before) - len(rest)][-2:].lower()
    # A key ends before what gives it a value.
    key = said.partition(b"=")[0].partition(b":")[0]
    return rest[:1] not in key and b"f" not in prefix and b"t" not in prefix
