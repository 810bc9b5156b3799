"""The values of the manifest's keys: each reads one, or raises ValueError with half a sentence."""

import difflib
import re
import zoneinfo
from typing import Any

from twelve.factors.admin.ticks import cron_problem
from twelve.factors.concurrency.formation import quantity_problem
from twelve.factors.config.contract import TYPES
from twelve.factors.processes.command import command_problem
from twelve.factors.processes.instance import app_problem
from twelve.units import duration, size

LONGEST_TIME = 24 * 3600.0
SMALLEST_MEMORY = 1024 * 1024
STOP_SIGNALS = ("TERM", "INT", "QUIT", "HUP", "USR1", "USR2")

CRON_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Minute, hour, day, month, weekday: the least and the greatest number."""
CRON_NAMES = {
    3: "jan feb mar apr may jun jul aug sep oct nov dec".split(),  # noqa: SIM905 -- a calendar
    4: "sun mon tue wed thu fri sat".split(),  # noqa: SIM905 -- likewise
}
CRON_SHORT = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")


def text(value: Any) -> str:
    """A text on one line or more, not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("is not a text")
    return value.strip()


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise ValueError('is not a list of texts: write ["…"]')
    return tuple(item.strip() for item in value)


def flag(value: Any) -> bool:
    """Either true or false."""
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")  # noqa: TRY004 -- read_keys waits for this one
    return value


def reload_rule(value: Any) -> bool | tuple[str, ...]:
    """Either true or false, or a list of patterns of files."""
    if isinstance(value, bool):
        return value
    try:
        found = texts(value)
    except ValueError:
        raise ValueError(
            'is no rule: write true, false, or a list of files, e.g. ["mail/"]'
        ) from None
    if any(each.startswith(("/", "./", "../")) for each in found):
        raise ValueError("names no file of the app: write paths from its folder, e.g. mail/*.py")
    return found


def app_name(value: Any) -> str:
    """The name of an app."""
    if fault := app_problem(text(value)):
        raise ValueError(fault)
    return text(value)


def command(value: Any) -> str:
    """A command as people write it."""
    if fault := command_problem(text(value)):
        raise ValueError(f"{fault}: mend it, or put it into a script")
    return text(value)


def commands(value: Any) -> tuple[str, ...]:
    """A list of commands."""
    return tuple(command(item) for item in texts(value))


def seconds(value: Any) -> float:
    """A duration of at most a day."""
    if duration(value) > LONGEST_TIME:
        raise ValueError("is longer than a day: choose less")
    return duration(value)


def quantity(value: Any) -> int:
    """How many processes."""
    if fault := quantity_problem(_whole(value)):
        raise ValueError(fault.partition(" ")[2])
    return _whole(value)


def path(value: Any) -> str:
    """A path to ask a process for."""
    if not re.fullmatch(r"/[!-~]*", text(value)):
        raise ValueError("is not a path: write /… without spaces")
    return text(value)


def memory(value: Any) -> int:
    """Bytes, enough for a process to begin with."""
    if size(value) < SMALLEST_MEMORY:
        raise ValueError("is too little: write bytes, or a number with M or G, e.g. 512M")
    return size(value)


def cpus(value: Any) -> float:
    """How many processors, also a part of one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1024:
        raise ValueError("is not a number of processors: write e.g. 0.5 or 2")
    return float(value)


def count(value: Any) -> int:
    """A limit of at least one."""
    if not 0 < _whole(value) < 2**31:
        raise ValueError("is not a limit: write a whole number above 0")
    return _whole(value)


def stop_signal(value: Any) -> str:
    """A signal by name, with or without SIG."""
    name = text(value).upper().removeprefix("SIG")
    if name not in STOP_SIGNALS:
        raise ValueError(f"is not a stop signal: write {', '.join(STOP_SIGNALS)}")
    return f"SIG{name}"


def config_type(value: Any) -> str:
    """The type of a variable."""
    if value not in list(TYPES):
        raise ValueError(f"is not a type: write {', '.join(TYPES)}")
    return text(value)


def config_value(value: Any) -> str:
    """What a variable holds: a text; numbers and true or false are written out."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise ValueError("is not a value for a variable: write a text")  # noqa: TRY004 -- as above
    return str(value)


def config_values(value: Any) -> tuple[str, ...]:
    """A list of these."""
    if not isinstance(value, list) or not value:
        raise ValueError('is not a list of values: write ["…", "…"]')
    return tuple(config_value(item) for item in value)


def cron(value: Any) -> str:
    """Five fields, as cron has them, or a word like @daily."""
    words = text(value).lower().split()
    if words[0] in CRON_SHORT and len(words) == 1:
        return words[0]
    if len(words) != len(CRON_FIELDS):
        raise ValueError("is not a time: write five fields, e.g. 0 3 * * * for each night at 3")
    for number, word in enumerate(words):
        if not all(_cron_part(part, number) for part in word.split(",")):
            raise ValueError(f"is not a time: {word!r} cannot be its field {number + 1}")
    if fault := cron_problem(" ".join(words)):
        raise ValueError(fault)
    return " ".join(words)


def timezone(value: Any) -> str:
    """A name of the time zone database."""
    name = text(value)
    try:
        known = re.fullmatch(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}", name)
        if known and zoneinfo.ZoneInfo(name):
            return name
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        pass
    near = difflib.get_close_matches(name, zoneinfo.available_timezones(), n=1)
    write = f"did you mean {near[0]}?" if near else "write e.g. UTC or Europe/Berlin"
    raise ValueError(f"is not a time zone: {write}")


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("is not a whole number")  # noqa: TRY004 -- as above
    return value


def _cron_part(part: str, field: int) -> bool:
    base, slash, step = part.partition("/")
    if slash and not re.fullmatch(r"[1-9][0-9]{0,2}", step, re.ASCII):
        return False
    if base == "*":
        return True
    ends = [_cron_number(end, field) for end in base.split("-")]
    low, high = CRON_FIELDS[field]
    return len(ends) <= 2 and all(low <= end <= high for end in ends) and ends == sorted(ends)


def _cron_number(word: str, field: int) -> int:
    names = CRON_NAMES.get(field, [])
    if word in names:
        return names.index(word) + CRON_FIELDS[field][0]
    return int(word) if re.fullmatch(r"[0-9]{1,2}", word, re.ASCII) else -1
