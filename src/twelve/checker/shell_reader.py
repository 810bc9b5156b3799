"""Shell text taken apart into simple commands: words, what joins them, and the loop or condition they stand in."""

import re
from typing import NamedTuple

from twelve.picture.pattern import pattern

OPERATORS = ("&&", "&>", "||", ";;", ";", "|&", "|", "&", "(", ")", "\n")
ASSIGNMENT = pattern(r"^[A-Za-z_]\w*\+?=")
OPENERS = {
    "while": "loop",
    "until": "loop",
    "for": "for",
    "if": "if",
    "case": "case",
    "select": "for",
}
CLOSERS = {"done", "fi", "esac"}
SKIP = {"do", "then", "else", "elif", "{", "}", "!", "time", "in"}
HEREDOC = pattern(r"<<-?\s*['\"]?(\w+)['\"]?")
MAX_TOKENS = 50_000


class Token(NamedTuple):
    """A word or an operator, with its line."""

    text: str
    line: int
    operator: bool = False
    quoted: bool = False


class Simple(NamedTuple):
    """One simple command."""

    words: tuple[str, ...]
    line: int
    env: tuple[tuple[str, str], ...] = ()
    before: str = ""
    after: str = ""
    loop: bool = False
    condition: bool = False
    function: str = ""
    redirects: tuple[str, ...] = ()
    case: tuple[str, str] = ("", "")
    """The subject and the pattern of the ``case`` branch that it stands in."""


def tokens(text: str, line: int = 1) -> list[Token]:
    """Words and operators; quotes are taken off, substitutions stay inside their word."""
    found: list[Token] = []
    at, size = 0, len(text)
    heredocs: list[str] = []
    while at < size and len(found) < MAX_TOKENS:
        char = text[at]
        if char == "\n":
            found.append(Token("\n", line, True))
            line += 1
            at += 1
            while heredocs and at < size:
                end = text.find("\n", at)
                end = size if end < 0 else end
                if text[at:end].strip() == heredocs[0]:
                    heredocs.pop(0)
                at = end + 1
                line += 1
        elif char in " \t\r":
            at += 1
        elif char == "\\" and text[at + 1 : at + 2] == "\n":
            at += 2
            line += 1
        elif char == "#" and (not found or found[-1].operator or text[at - 1] in " \t\n"):
            end = text.find("\n", at)
            at = size if end < 0 else end
        elif operator := next((op for op in OPERATORS if text.startswith(op, at)), ""):
            found.append(Token(operator, line, operator != "&>"))
            at += len(operator)
        else:
            if match := HEREDOC.match(text, at):
                heredocs.append(match[1])
                at = match.end()
                continue
            word, after, quoted = _word(text, at)
            found.append(Token(word, line, False, quoted))
            line += text.count("\n", at, after)
            at = max(after, at + 1)
    return found


def _word(text: str, at: int) -> tuple[str, int, bool]:
    out: list[str] = []
    size = len(text)
    quoted = False
    while at < size:
        char = text[at]
        if char in " \t\r\n;|()" or (char == "&" and not (out and out[-1][-1:] == ">")):
            break
        if char == "\\":
            if text[at + 1 : at + 2] == "\n":
                at += 2
                continue
            out.append(text[at + 1 : at + 2])
            at += 2
        elif char in "'\"":
            end = _quote_end(text, at)
            inside = text[at + 1 : end]
            out.append(inside if char == "'" else inside.replace('\\"', '"').replace("\\\n", ""))
            at = end + 1
            quoted = True
        elif char == "`":
            end = text.find("`", at + 1)
            end = size if end < 0 else end
            out.append(text[at : end + 1])
            at = end + 1
        elif text.startswith(("$(", "${", "<(", ">("), at):
            end = _close(text, at + 1)
            out.append(text[at : end + 1])
            at = end + 1
        else:
            out.append(char)
            at += 1
    return "".join(out), at, quoted


def _quote_end(text: str, at: int) -> int:
    quote = text[at]
    at += 1
    while at < len(text):
        if text[at] == "\\" and quote == '"':
            at += 2
            continue
        if text[at] == quote:
            return at
        at += 1
    return len(text)


def _close(text: str, at: int) -> int:
    opened = text[at]
    closing = {"(": ")", "{": "}"}[opened]
    depth = 0
    while at < len(text):
        if text[at] == opened:
            depth += 1
        elif text[at] == closing:
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return len(text)


class _Parser:
    """Groups tokens into simple commands, remembering open loops and conditions."""

    def __init__(self) -> None:
        self.made: list[Simple] = []
        self.words: list[Token] = []
        self.stack: list[str] = []
        self.function = ""
        self.function_depth = -1
        self.braces = 0
        self.before = ""
        self.subjects: list[str] = []
        self.patterns: list[str] = []
        self.expect = False
        self.pattern_words: list[str] = []

    def feed(self, found: list[Token]) -> list[Simple]:
        for index, token in enumerate(found):
            if token.operator:
                if (
                    token.text == "("
                    and self.words
                    and index + 1 < len(found)
                    and found[index + 1].text == ")"
                ):
                    self.function, self.function_depth = self.words[-1].text, self.braces
                    self.words = []
                    continue
                if self.stack[-1:] == ["case"] and self._pattern(token.text):
                    continue
                self._flush(token.text)
                if token.text == ";;":
                    self.expect = True
                continue
            if not self.words and not token.quoted and self._keyword(token.text):
                continue
            self.words.append(token)
        self._flush("")
        return self.made

    def _pattern(self, operator: str) -> bool:
        """Take in the patterns of a branch, up to its closing bracket."""
        words = [token.text for token in self.words]
        if words[:1] == ["case"]:
            self.subjects[-1] = words[1] if len(words) > 1 else ""
            self.pattern_words = words[words.index("in") + 1 :] if "in" in words else []
            self.words, self.expect = [], True
        elif self.expect:
            self.pattern_words += words
            self.words = []
        if not self.expect:
            return False
        if operator == ")":
            self.patterns[-1] = "|".join(self.pattern_words)
            self.pattern_words, self.expect = [], False
        return True

    def _keyword(self, word: str) -> bool:  # noqa: C901 - a list of cases
        if word in OPENERS:
            self.stack.append(OPENERS[word])
            if word == "case":
                self.subjects.append("")
                self.patterns.append("")
            if word in ("for", "case", "select"):
                self.words.append(Token(word, 0))
            return True
        if word in CLOSERS:
            if self.stack and self.stack.pop() == "case":
                self.subjects.pop()
                self.patterns.pop()
                self.expect = False
            return True
        if word == "{":
            self.braces += 1
        if word == "}":
            self.braces -= 1
            if self.braces <= self.function_depth:
                self.function, self.function_depth = "", -1
        if word in ("then", "do"):
            return True
        if word == "function":
            return True
        return word in SKIP

    def _flush(self, operator: str) -> None:
        words, self.words = self.words, []
        before, self.before = self.before, operator
        if not words or words[0].text in ("for", "case", "select"):
            return
        env: list[tuple[str, str]] = []
        kept: list[str] = []
        redirects: list[str] = []
        line = words[0].line
        for token in words:
            text = token.text
            if not kept and ASSIGNMENT.match(text):
                name, _, value = text.partition("=")
                env.append((name, value))
            elif re.match(r"^\d*(>>?|<|&>)", text) and not token.quoted:
                redirects.append(text)
            elif redirects and redirects[-1].strip("0123456789") in (">", ">>", "<", "&>"):
                redirects[-1] += text
            else:
                if not kept:
                    line = token.line
                kept.append(text)
        self.made.append(
            Simple(
                tuple(kept),
                line,
                tuple(env),
                before,
                operator,
                "loop" in self.stack,
                bool({"if", "case"} & set(self.stack)),
                self.function,
                tuple(redirects),
                (self.subjects[-1], self.patterns[-1]) if self.subjects else ("", ""),
            )
        )


def commands_of(text: str, line: int = 1) -> list[Simple]:
    """The simple commands of a script, in their order."""
    return _Parser().feed(tokens(text, line))


def split_words(text: str) -> tuple[str, ...]:
    """The words of one command line."""
    return tuple(token.text for token in tokens(text) if not token.operator)
