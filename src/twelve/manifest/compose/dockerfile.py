"""What a Dockerfile runs and installs: the words of its last stage, and its system packages."""

import json
import re
import shlex

_INSTRUCTION = re.compile(r"^\s*(FROM|ENTRYPOINT|CMD)\s+(.*)$", re.IGNORECASE)

_INSTALL = re.compile(r"\b(?:apt-get|apt|apk)\s+(?:-\S+\s+)*(?:install|add)\s+([^&|;]*)")


def packages_of(data: bytes) -> list[str]:
    """The system packages that it installs, in their order."""
    text = re.sub(r"\\[ \t]*\r?\n", " ", data.decode(errors="replace"))
    found = [word for match in _INSTALL.findall(text) for word in match.split()]
    names = (word.partition("=")[0] for word in found if re.match(r"[a-z0-9][a-z0-9+.-]*", word))
    return list(dict.fromkeys(names))


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
