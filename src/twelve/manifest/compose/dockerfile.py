"""What a Dockerfile runs: the last ENTRYPOINT and CMD of its last stage."""

import json
import re
import shlex

_INSTRUCTION = re.compile(r"^\s*(FROM|ENTRYPOINT|CMD)\s+(.*)$", re.IGNORECASE)


def command_of(data: bytes) -> tuple[str, str]:
    """Entrypoint and command as people write them; empty where there is none."""
    entrypoint = command = ""
    takes_words = True
    text = re.sub(r"\\[ \t]*\r?\n", " ", data.decode(errors="replace"))
    for line in text.splitlines():
        found = _INSTRUCTION.match(line)
        if found is None:
            continue
        word, rest = found[1].upper(), plain(found[2].strip())
        if word == "FROM":
            entrypoint, command, takes_words = "", "", True
        elif word == "ENTRYPOINT":
            # Its shell form is handed no words.
            entrypoint, takes_words = rest, found[2].strip().startswith("[")
        else:
            command = rest
    return entrypoint, command if takes_words else ""


def plain(text: str) -> str:
    """The exec form as a command line; the shell form as it stands."""
    if not text.startswith("["):
        return text
    try:
        words = json.loads(text)
    except ValueError:
        return text
    return shlex.join(map(str, words)) if isinstance(words, list) else text
