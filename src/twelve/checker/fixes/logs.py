"""XI-1 and XI-2: events go to stdout, in Django's LOGGING and in logging.basicConfig."""

from twelve.checker.fixes.handlers import to_stream
from twelve.checker.picture import RepositoryPicture
from twelve.finding import Finding
from twelve.picture.pattern import pattern

FILENAME = pattern(
    r"(logging\.basicConfig\(.*?)(?:,\s*filename\s*=\s*(?:[\"'][^\"']*[\"']|[\w.]+)|filename\s*=\s*(?:[\"'][^\"']*[\"']|[\w.]+)\s*,?\s*)"
)
LOGGING = """
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
"""


def to_stdout(picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]) -> None:
    """``basicConfig(filename=…)`` loses its file, and handlers of files in a dictConfig write to the stream."""
    held: dict[str, set[int]] = {}
    for one in findings:
        for place in one.places if "FileHandler)" in one.message else ():
            held.setdefault(place.path, set()).add(place.line)
    for path, lines in held.items():
        if path.endswith(".py"):
            edits[path] = to_stream(edits.get(path, picture.text(path)), lines)
    for one in findings:
        for place in one.places if "basicConfig" in one.message else ():
            rows = edits.get(place.path, picture.text(place.path)).split("\n")
            if 0 < place.line <= len(rows):
                rows[place.line - 1] = FILENAME.sub(r"\1", rows[place.line - 1])
                edits[place.path] = "\n".join(rows)


def console_handler(
    picture: RepositoryPicture, findings: list[Finding], edits: dict[str, str]
) -> None:
    """A Django settings module without LOGGING gets one that writes to the stream."""
    for one in findings:
        if "there is no LOGGING" in one.message:
            path = one.places[0].path
            text = edits.get(path, picture.text(path))
            if "LOGGING" not in text:
                edits[path] = text.rstrip("\n") + "\n" + LOGGING
