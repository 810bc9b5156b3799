"""The plain calls of ``twelve check``, understood without the library that reads all the others."""

import os

FORMATS = ("text", "json", "sarif", "junit", "github", "html")
FLAGS = {"--extended": "extended", "--exit-zero": "exit_zero"}


def plain_call(words: list[str]) -> dict[str, object] | None:
    """What the words say: a path, a format, these flags; None for whatever else, and for a slip."""
    made: dict[str, object] = {}
    pending = iter(words)
    for word in pending:
        if word in FLAGS:
            made[FLAGS[word]] = True
        elif word == "--format" or word.startswith("--format="):
            shape = word.partition("=")[2] if "=" in word else next(pending, "")
            if shape not in FORMATS:
                return None
            made["shape"] = shape
        elif word and not word.startswith("-") and "path" not in made:
            made["path"] = word
        else:
            return None
    # Where a shell asks for completions, the words are not all there.
    return None if "_TWELVE_COMPLETE" in os.environ else made
