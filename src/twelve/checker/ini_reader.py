"""Small formats: ini files that repeat keys (uwsgi, supervisord), env files and Procfiles."""

from twelve.picture.pattern import pattern
from twelve.picture.tree import Option, Variable

ENV_LINE = pattern(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)$")
PROCFILE_LINE = pattern(r"^([A-Za-z0-9_-]+):\s*(.+)$")


def read_ini(path: str, text: str) -> list[Option]:
    """Every ``key = value`` in order; a key may stand there twice."""
    section = ""
    made: list[Option] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
            continue
        key, equals, value = line.partition("=")
        if raw[:1] in " \t" and made and not equals:
            made[-1] = made[-1]._replace(value=f"{made[-1].value} {line}".strip())
            continue
        made.append(Option(section, key.strip(), value.split(" ;")[0].strip(), path, number))
    return made


def read_env(path: str, text: str) -> list[Variable]:
    """The variables of an env file, quotes taken off."""
    made = []
    for number, raw in enumerate(text.splitlines(), 1):
        match = ENV_LINE.match(raw)
        if match and not raw.lstrip().startswith("#"):
            value = match[2].strip()
            if value[:1] in "'\"" and value[-1:] == value[:1] and len(value) > 1:
                value = value[1:-1]
            else:
                value = value.split(" #")[0].strip()
            made.append(Variable(match[1], value, path, number))
    return made


def read_procfile(text: str) -> list[tuple[str, str, int]]:
    """Process types with their commands and lines."""
    made = []
    for number, raw in enumerate(text.splitlines(), 1):
        match = PROCFILE_LINE.match(raw.strip())
        if match and not raw.lstrip().startswith("#"):
            made.append((match[1], match[2].strip(), number))
    return made
