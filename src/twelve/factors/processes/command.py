"""A command as it is run: directly where it needs no shell, else by one that gets out of the way.

A shell that stays between Twelve and a process eats its signals and its exit code.
"""

from collections.abc import Sequence

from twelve.errors import Invalid
from twelve.factors.processes.shell import (
    REDIRECTIONS,
    Operator,
    Token,
    Word,
    tokens_of,
)

SHELL = "/bin/sh"
LONGEST_WORD = 128 * 1024
LONGEST_COMMAND = 1024 * 1024
ENV = "/usr/bin/env"

BUILTINS = frozenset(
    (  # noqa: SIM905 -- sixty quoted words would hide the list
        ". : [ [[ alias bg break cd command continue echo eval exit export false fc fg getopts "
        "hash jobs kill let local printf pwd read readonly return set shift source test time times "
        "trap true type typeset ulimit umask unalias unset wait"
    ).split()
)
"""They change the shell that runs them, or differ from the program of the same name."""

KEYWORDS = frozenset(
    "! { } case do done elif else esac fi for function if in then until while".split()  # noqa: SIM905 -- likewise
)

KEEP_THE_SHELL = frozenset({"trap", "alias", "function"})
"""What they set is lost when the shell is replaced."""


def argv_for(command: str) -> list[str]:
    """The program and arguments to execute for a command as people write it.

    Without shell syntax these are the command's own words. Else it is ``/bin/sh -c`` with ``exec``
    before the last simple command, where that changes nothing but the process that remains.
    Raises Invalid for a command that no shell would take either.
    """
    text = command.strip()
    try:
        tokens = _checked(text, tokens_of(text))
    except ValueError as error:
        raise Invalid(
            f"the command {_short(text)!r} {error}", "mend it, or put it into a script"
        ) from error
    return _direct(tokens) or [SHELL, "-c", _with_exec(text, tokens)]


def check_words(words: Sequence[str]) -> None:
    """The words of a program that is executed as they are. Raises Invalid for what no kernel takes.

    A word may have 128 KiB with its last NUL, all together a little less than the 2 MiB of a stack.
    """
    fault = ""
    if not words or not words[0]:
        fault = "there is nothing to run"
    elif any("\0" in word for word in words):
        fault = "a word holds a NUL byte"
    elif any(len(word.encode(errors="replace")) >= LONGEST_WORD for word in words):
        fault = "a word is longer than 128 KiB"
    elif sum(len(word.encode(errors="replace")) + 1 for word in words) > LONGEST_COMMAND:
        fault = "it is longer than 1 MiB"
    if fault:
        raise Invalid(f"command: {fault}", hint="a list: the program, then its arguments")


def command_problem(command: str) -> str:
    """Why this command cannot be run, as the end of a sentence; empty when it can."""
    try:
        _checked(command.strip(), tokens_of(command.strip()))
    except ValueError as error:
        return str(error)
    return ""


def _checked(text: str, tokens: list[Token]) -> list[Token]:
    if "\0" in text:
        raise ValueError("holds a NUL byte")
    if not tokens:
        raise ValueError("is empty")
    last = tokens[-1]
    if isinstance(last, Operator) and last.text in {"&&", "||", "|"} | REDIRECTIONS:
        raise ValueError(f"ends with {last.text}")
    if isinstance(tokens[0], Operator) and tokens[0].text in {"&&", "||", "|", ";", "&"}:
        raise ValueError(f"begins with {tokens[0].text}")
    words = [token for token in tokens if isinstance(token, Word)]
    if len(words) == len(tokens) and all(word.is_assignment for word in words):
        raise ValueError("sets variables but runs nothing")
    return tokens


def _direct(tokens: list[Token]) -> list[str]:
    """The argv of a command without shell syntax; empty when a shell must read it."""
    words = [token for token in tokens if isinstance(token, Word)]
    if len(words) < len(tokens) or not all(word.plain for word in words):
        return []
    count = next(i for i, word in enumerate(words) if not word.is_assignment)
    first = words[count]
    if first.text == "exec" and len(words) > count + 1:
        # ``exec -a name`` is no sh, and ``exec cd`` fails on purpose: a shell shall say so.
        del words[count]
        first = words[count]
        if first.text.startswith("-") or first.text in BUILTINS | KEYWORDS | {"exec"}:
            return []
    if first.text in BUILTINS | {"exec", ""} or first.bare in KEYWORDS:
        return []
    if count and (first.text.startswith("-") or "=" in first.text):
        return []
    return [*([ENV] if count else []), *(word.text for word in words)]


def _with_exec(text: str, tokens: list[Token]) -> str:
    """The text with ``exec`` before its last simple command, unless that would change more."""
    segments = _segments(tokens)
    if not segments or not segments[-1]:
        return text
    for segment in segments:
        word = _command_word(segment)
        if word is None or word.text in KEEP_THE_SHELL or word.bare in KEYWORDS:
            return text
    last = _command_word(segments[-1])
    if last is None or last.text in BUILTINS | {"exec"} or not _is_a_program(last):
        return text
    return f"{text[: last.start]}exec {text[last.start :]}"


def _segments(tokens: list[Token]) -> list[list[Token]]:
    """The simple commands of a list; nothing where it has pipes, groups, jobs or here-documents."""
    segments: list[list[Token]] = [[]]
    for token in tokens:
        if isinstance(token, Word) or token.text in REDIRECTIONS:
            segments[-1].append(token)
        elif token.text in {"&&", "||", ";", "\n"}:
            segments.append([])
        else:
            return []
    # Blank lines are no commands; a list that ends with ; or a newline keeps its empty end.
    return [s for s in segments[:-1] if s] + segments[-1:]


def _command_word(segment: list[Token]) -> Word | None:
    """The word that names the program: the first that is no assignment."""
    for token in segment:
        if isinstance(token, Operator):
            return None
        if not token.is_assignment:
            return token
    # Only assignments: they set the shell's own variables, which is as good as a builtin.
    first = segment[0]
    return first if isinstance(first, Word) else None


def _is_a_program(word: Word) -> bool:
    """Not a word that may turn out to be empty or a builtin: ``$CMD``. ``$VENV/bin/x`` is one."""
    if word.is_assignment or word.text.startswith("-"):
        return False
    return word.plain or "/" in word.text.rpartition("}")[2]


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
