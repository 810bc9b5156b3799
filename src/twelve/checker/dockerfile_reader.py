"""Dockerfiles: instructions with continued lines joined, and the words of the exec form."""

import json
import re

from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.tree import Dockerfile, Instruction

HEREDOC = pattern(r"<<-?\s*[\"']?(\w+)[\"']?")
NAME = pattern(r"(^|/)(Dockerfile|Containerfile)([._-][\w.-]+)?$|\.(dockerfile|Dockerfile)$")
ASIDE = pattern(r"(migrat\w*|seed\w*|lint\w*|docs?)$", re.IGNORECASE)
"""A stage by such a name, were it the last, makes an image that runs once."""
FLAG = pattern(r"^--\w[\w-]*(=\S*)?\s+")


def is_dockerfile(path: str) -> bool:
    """Is it a Dockerfile, by its name?"""
    named = ("ockerfile" in path or "ontainerfile" in path) and NAME.search(path)
    return bool(named) and not path.endswith((".dockerignore", ".sh", ".md", ".py"))


def read_dockerfile(path: str, text: str) -> Dockerfile:
    """All instructions in order, each with the stage it belongs to."""
    made: list[Instruction] = []
    stage, count = "", 0
    for number, lines in _logical(text.split("\n")):
        joined = " ".join(
            line.rstrip().removesuffix("\\").strip()
            for _, line in lines
            if not line.lstrip().startswith("#")
        )
        word, _, rest = joined.strip().partition(" ")
        word = word.upper()
        if not word.isalpha():
            continue
        rest = rest.strip()
        if word == "FROM":
            match = re.search(r"\s+[aA][sS]\s+(\S+)\s*$", rest)
            stage = match[1] if match else str(count)
            count += 1
        while match := FLAG.match(rest):
            rest = rest[match.end() :]
        made.append(Instruction(word, rest, number, _exec_form(rest), stage, lines))
    shipped = [
        one.stage
        for one in made
        if one.word == "FROM" and not is_development(one.stage) and not ASIDE.match(one.stage)
    ]
    final = shipped[-1] if shipped else stage
    return Dockerfile(path, tuple(made), final, is_development(path))


def _logical(lines: list[str]) -> list[tuple[int, tuple[tuple[int, str], ...]]]:
    found, at = [], 0
    while at < len(lines):
        text = lines[at].strip()
        if not text or text.startswith("#"):
            at += 1
            continue
        start, held = at + 1, [(at + 1, lines[at])]
        while (
            held[-1][1].rstrip().endswith("\\")
            or held[-1][1].lstrip().startswith("#")
            or not held[-1][1].strip()
        ) and at + 1 < len(lines):
            at += 1
            held.append((at + 1, lines[at]))
        if (match := HEREDOC.search(held[0][1])) and text.upper().startswith(("RUN", "COPY")):
            while at + 1 < len(lines) and lines[at].strip() != match[1]:
                at += 1
                held.append((at + 1, lines[at]))
        found.append((start, tuple(held)))
        at += 1
    return found


def _exec_form(text: str) -> tuple[str, ...]:
    if not text.startswith("["):
        return ()
    try:
        words = json.loads(text)
    except ValueError:
        return ()
    return tuple(word for word in words if isinstance(word, str)) if isinstance(words, list) else ()


def shell_text(instruction: Instruction) -> str:
    """The shell text of a RUN, with its own lines kept so that places are right."""
    lines = []
    for index, (_, raw) in enumerate(instruction.lines):
        text = raw
        if index == 0:
            text = re.sub(r"^\s*(RUN|CMD|ENTRYPOINT|HEALTHCHECK)\s+", "", text, flags=re.IGNORECASE)
            while match := FLAG.match(text):
                text = text[match.end() :]
        if text.lstrip().startswith("#") or not text.strip():
            text = "\\"
        lines.append(re.sub(r"^\s*--mount=\S+\s*", "", text))
    return "\n".join(lines)
