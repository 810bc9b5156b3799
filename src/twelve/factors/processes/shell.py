"""The surface of shell syntax: the words and operators of a command, without running any of it."""

import re
from typing import NamedTuple

OPERATORS = re.compile(r"&&|\|\||;;|<<-?|>>|[<>]&|<>|>\||[;&|()<>\n]")
REDIRECTIONS = frozenset({"<", ">", ">>", "<&", ">&", "<>", ">|"})
ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=", re.ASCII)

_PLAIN = re.compile(r"[^\s;&|()<>'\"\\$`*?\[\]~{}]+")
_BLANK = " \t\r\f\v"


class Word(NamedTuple):
    """One word: its text without quotes, and where it begins.

    ``plain`` says that the text is what a shell would make of it: nothing in it is expanded.
    ``bare`` is its beginning up to the first quote: only that can be a keyword or an assignment.
    """

    text: str
    start: int
    plain: bool
    bare: str

    @property
    def is_assignment(self) -> bool:
        """``NAME=…``, which sets a variable when it stands before the program."""
        return ASSIGNMENT.match(self.bare) is not None


class Operator(NamedTuple):
    """``&&``, ``|``, ``>``, a newline and their like."""

    text: str
    start: int


Token = Word | Operator


def tokens_of(command: str) -> list[Token]:
    """The tokens of a command, comments left out.

    Raises ValueError with the end of a sentence when a quote or a bracket is never closed.
    """
    found: list[Token] = []
    position = 0
    while position < len(command):
        if command[position] in _BLANK:
            position += 1
        elif command[position] == "#":
            end = command.find("\n", position)
            position = len(command) if end < 0 else end
        elif operator := OPERATORS.match(command, position):
            found.append(Operator(operator[0], position))
            position = operator.end()
        else:
            word, position = _word(command, position)
            found.append(word)
    return found


def _word(command: str, start: int) -> tuple[Word, int]:
    """The word that begins at ``start``, and where it ends."""
    pieces: list[str] = []
    position, plain, quoted = start, True, -1
    while position < len(command) and not _ends_word(command, position):
        end, text, expands = _piece(command, position)
        letter = command[position]
        if quoted < 0 and letter in "'\"\\":
            quoted = sum(map(len, pieces))
        # A tilde counts at the start of a word or of a value, where a shell expands it.
        home = letter == "~" and (not pieces or pieces[-1][-1:] in {"=", ":"})
        plain = plain and not expands and not home
        pieces.append(text)
        position = end
    text = "".join(pieces)
    return Word(text, start, plain, text if quoted < 0 else text[:quoted]), position


def _ends_word(command: str, position: int) -> bool:
    return command[position] in _BLANK or OPERATORS.match(command, position) is not None


def _piece(command: str, position: int) -> tuple[int, str, bool]:
    """Where this part of a word ends, its text, and whether a shell would expand it."""
    letter = command[position]
    if letter == "'":
        end = command.find("'", position + 1)
        if end < 0:
            raise ValueError("has a ' that is never closed")
        return end + 1, command[position + 1 : end], False
    if letter == '"':
        return _double_quoted(command, position)
    if letter == "\\":
        following = command[position + 1 : position + 2]
        # At the end of a line it joins the next one; a shell knows how.
        return position + 2, following, following in {"", "\n"}
    if letter in "$`":
        end = _expansion_end(command, position)
        return end, command[position:end], True
    if letter == "{" and command.startswith("{}", position):
        return position + 2, "{}", False
    if letter in "*?[]{}":
        return position + 1, letter, True
    plain = _PLAIN.match(command, position)
    end = plain.end() if plain else position + 1
    return end, command[position:end], False


def _double_quoted(command: str, start: int) -> tuple[int, str, bool]:
    pieces: list[str] = []
    position, expands = start + 1, False
    while position < len(command):
        letter = command[position]
        if letter == '"':
            return position + 1, "".join(pieces), expands
        end = position + 1
        if letter == "\\" and command[end : end + 1] in {"$", "`", '"', "\\"}:
            pieces.append(command[end])
            end += 1
        elif letter in "$`" or command.startswith("\\\n", position):
            expands = True
            end = _expansion_end(command, position) if letter in "$`" else position + 2
            pieces.append(command[position:end])
        else:
            pieces.append(letter)
        position = end
    raise ValueError('has a " that is never closed')


def _expansion_end(command: str, start: int) -> int:
    """Where ``$NAME``, ``${…}``, ``$(…)`` or a pair of backquotes ends."""
    if command[start] == "`":
        end = re.compile(r"(?:[^`\\]|\\.)*`", re.DOTALL).match(command, start + 1)
        if end is None:
            raise ValueError("has a ` that is never closed")
        return end.end()
    opening = command[start + 1 : start + 2]
    if opening not in {"{", "("}:
        name = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|.", re.ASCII).match(command, start + 1)
        return name.end() if name and name[0] not in _BLANK + "'\"" else start + 1
    return _closing(command, start + 2, opening)


def _closing(command: str, position: int, opening: str) -> int:
    """Where the bracket closes that was opened before ``position``; quotes are passed over."""
    closing, depth = {"{": "}", "(": ")"}[opening], 1
    while position < len(command) and depth:
        letter = command[position]
        if letter in "'\"`$\\":
            position = _piece(command, position)[0]
            continue
        depth += (letter == opening) - (letter == closing)
        position += 1
    if depth:
        raise ValueError(f"has a {opening} that is never closed")
    return position
