"""A launch: everything that is needed to start one process, checked before anything is touched."""

import json
import signal
from typing import Any

from twelve.errors import Invalid
from twelve.factors.lifecycle import backoff

_MODES = ("null", "pipe", "pty")
_DEFAULTS: dict[str, Any] = {
    "stdin": "null",
    "size": [24, 80],
    "logs": {},
    "restart": {"mode": "never"},
    "grace": 30.0,
    "stop_signal": "SIGTERM",
    "notify": False,
    "leaves": False,
    "nice": 0,
    "module": "",
    "version": "",
    "box": {"tier": "bare"},
}


def _own_sha256() -> Any:
    """The interpreter's own: hashlib would load OpenSSL, 4 MB for one function."""
    for module in ("_sha2", "_sha256", "hashlib"):
        try:
            return __import__(module).sha256
        except ImportError:
            continue
    raise ImportError("no sha256 in this interpreter")


SHA256 = _own_sha256()
_OWN_MODULES = ("", "twelve.engines.local.collector")
"""What may run in a clone itself, which has most of what it imports already: ``argv`` is its name
and its words."""

_REQUIRED = ("name", "argv", "env", "cwd")


def checked(plain: Any) -> dict[str, Any]:
    """The launch with its defaults. Raises Invalid, naming what is wrong."""
    if not isinstance(plain, dict):
        raise Invalid("launch: this is not a table")
    if missing := [key for key in _REQUIRED if key not in plain]:
        raise Invalid(f"launch: {missing[0]} is missing")
    launch = {**_DEFAULTS, **plain}
    name = launch["name"]
    if not isinstance(name, str) or not name or len(name) > 200 or not name.isprintable():
        raise Invalid(f"launch: {name!r} is not a name of 1 to 200 printable characters")
    argv = launch["argv"]
    if (
        not isinstance(argv, list)
        or not argv
        or not argv[0]
        or not all(_fits(word) for word in argv)
    ):
        raise Invalid(f"{name}: argv must be a list of words without NUL, the first not empty")
    env = launch["env"]
    if not isinstance(env, dict) or not all(_fits(key) and key and "=" not in key for key in env):
        raise Invalid(f"{name}: env must be a table, its names without '=' and NUL")
    if bad := sorted(key for key, value in env.items() if not _fits(value)):
        raise Invalid(f"{name}: the value of {bad[0]} is not a string without NUL")
    _check_rest(name, launch)
    return launch


def _check_rest(name: str, launch: dict[str, Any]) -> None:
    if launch["stdin"] not in _MODES:
        raise Invalid(f"{name}: stdin is {launch['stdin']!r}", hint="say " + ", ".join(_MODES))
    size = launch["size"]
    if (
        not isinstance(size, list | tuple)
        or len(size) != 2
        or not all(_number(n) and 0 <= n < 65536 for n in size)
    ):
        raise Invalid(f"{name}: size is {size!r}", hint="say [rows, columns]")
    if not _number(launch["grace"]) or launch["grace"] < 0:
        raise Invalid(f"{name}: grace is {launch['grace']!r}, which is no number of seconds")
    if not isinstance(launch["nice"], int) or not 0 <= launch["nice"] <= 19:
        raise Invalid(f"{name}: nice is {launch['nice']!r}", hint="say a number from 0 to 19")
    if launch["module"] not in _OWN_MODULES:
        raise Invalid(f"{name}: module is {launch['module']!r}, which is no part of Twelve")
    if not isinstance(launch["box"], dict) or "tier" not in launch["box"]:
        raise Invalid(f"{name}: box does not name a tier")
    if not isinstance(launch["restart"], dict):
        raise Invalid(f"{name}: restart is not a table")
    if (
        not isinstance(launch["cwd"], str)
        or not launch["cwd"].startswith("/")
        or not _fits(launch["cwd"])
    ):
        raise Invalid(f"{name}: cwd is {launch['cwd']!r}, which is no absolute path")
    backoff.from_plain(launch["restart"])
    signal_number(launch["stop_signal"])


def digest(launch: dict[str, Any]) -> str:
    """The sha256 of the canonical launch: the same digest means the same process."""
    text = json.dumps(launch, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return str(SHA256(text.encode("utf-8", "surrogateescape")).hexdigest())


def signal_number(named: Any) -> int:
    """
    The number of a signal that is given by name (``SIGTERM``, ``TERM``) or number.

    Raises Invalid.
    """
    if _number(named) and int(named) in signal.valid_signals():
        return int(named)
    text = str(named).upper()
    found = signal.Signals.__members__.get(text if text.startswith("SIG") else f"SIG{text}")
    if found is None:
        raise Invalid(f"{named!r} is not a signal", hint="say for example SIGTERM")
    return int(found)


def _fits(text: Any) -> bool:
    return isinstance(text, str) and "\0" not in text


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def short(name: str) -> str:
    """16 hex digits for a name, fit for a folder."""
    return str(SHA256(name.encode()).hexdigest())[:16]
