"""The settings of Twelve itself: a row each, read from the environment once, at the door."""

import posixpath
import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from twelve.errors import Invalid
from twelve.units import duration, size, span

T = TypeVar("T")

TIERS = ("strict", "user", "none")
"""The sandbox tiers, the strongest first."""

RUN_FILE = "run.path"
"""In the home: the folder of the sockets of what runs there."""

LONGEST_RUN = 60
"""Characters of a run folder: a socket's whole path must stay below 108 bytes."""

SYSTEMD_UIDS = (61184, 65535)
"""DynamicUser= takes from here, and 65534 and 65535 are nobody's."""


class Setting(NamedTuple):
    """A row: the variable, its default as it would be written, and one sentence."""

    name: str
    default: str
    sentence: str
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "TWELVE_HOME",
        "",
        "Folder of the store, layers and logs; /var/lib/twelve for root, else "
        "$XDG_DATA_HOME/twelve.",
    ),
    Setting("TWELVE_HTTP", "127.0.0.1:8080", "ADDR:PORT where the router answers."),
    Setting("TWELVE_HTTP_PORT", "", "Port of the router alone; goes before that of TWELVE_HTTP."),
    Setting("TWELVE_APP", "", "APP or APP/DEPLOY that commands mean when they name none."),
    Setting("TWELVE_URL", "", "Address of a remote control plane; the local one when empty."),
    Setting("TWELVE_TOKEN", "", "Token for the control plane at TWELVE_URL.", secret=True),
    Setting(
        "TWELVE_MASTER_KEY",
        "",
        "Key that encrypts config and resource URLs, base64 or hex of 32 bytes.",
        secret=True,
    ),
    Setting(
        "TWELVE_MASTER_KEY_FILE",
        "",
        "File that holds the master key; master.key in the home when empty.",
    ),
    Setting("TWELVE_UIDS", "66000-98999", "User ids that deploys and builds run under, for root."),
    Setting("TWELVE_PORTS", "20000-29999", "Ports that processes are given as PORT."),
    Setting(
        "TWELVE_PYTHONS",
        "",
        "Python interpreters, or folders of them, to build with, separated by colons; "
        "those on PATH when empty.",
    ),
    Setting("TWELVE_ENVOY_BIN", "", "Envoy program to use instead of the installed one."),
    Setting("TWELVE_POSTGRES_BIN", "", "Folder of Postgres programs to use instead."),
    Setting("TWELVE_VALKEY_BIN", "", "Valkey or Redis server program to use instead."),
    Setting(
        "TWELVE_TIER",
        "",
        "Sandbox tier: strict, user or none; it can only lower what the machine allows.",
    ),
    Setting("TWELVE_LOG_BUDGET", "256M", "Disk that the log stream of one deploy may fill."),
    Setting("TWELVE_LOG_AGE", "14d", "Age at which log segments go."),
    Setting("TWELVE_DISK_RESERVE", "256M", "Disk that a deploy leaves free, or it is refused."),
    Setting("TWELVE_LAYERS_BUDGET", "20G", "Disk that the layers of all builds may fill."),
    Setting("TWELVE_BUILDS_BUDGET", "8G", "Disk that uploads and builds under way may fill."),
    Setting("TWELVE_CACHE_BUDGET", "4G", "Disk that downloads of package managers may fill."),
    Setting("TWELVE_KEEP_RUNS", "1000", "Records of one-offs that are kept for each deploy."),
    Setting("TWELVE_KEEP_RELEASES", "10", "Releases whose build is kept to roll back to."),
    Setting("TWELVE_WATCH", "30s", "How long a new release is watched after the switch."),
    Setting("TWELVE_PROBE", "10s", "How often a process that serves is asked for its health."),
    Setting(
        "TWELVE_HANDOVER",
        "30s",
        "How long connections may stay with a router that was replaced by the next.",
    ),
    Setting("TWELVE_DIE_AT", "", "For tests of Twelve itself: a file that names where to die."),
)


class Settings(NamedTuple):
    """What the rows say, typed: ages and spans in seconds, budgets in bytes."""

    home: str
    run: str
    http_host: str
    http_port: int
    app: str
    url: str
    token: str
    master_key: str
    master_key_file: str
    uids: tuple[int, int]
    ports: tuple[int, int]
    pythons: tuple[str, ...]
    envoy_bin: str
    postgres_bin: str
    valkey_bin: str
    tier: str
    log_budget: int
    log_age: float
    disk_reserve: int
    layers_budget: int
    builds_budget: int
    cache_budget: int
    keep_runs: int
    keep_releases: int
    watch: float
    probe: float
    handover: float
    die_at: str

    def __repr__(self) -> str:
        """Tracebacks and debug lines must not carry the token or the key."""
        hidden = {row.name.removeprefix("TWELVE_").lower() for row in SETTINGS if row.secret}
        shown = (
            f"{name}={'••••••' if name in hidden and value else repr(value)}"
            for name, value in zip(self._fields, self, strict=True)
        )
        return f"Settings({', '.join(shown)})"


def load_settings(
    environ: Mapping[str, str], flags: Mapping[str, str] | None = None, *, uid: int
) -> Settings:
    """Settings from flags (by the rows' names), else the environment, else the defaults.

    An empty value counts as not set. ``uid`` is the caller's user id: root has other folders.
    Raises Invalid that names every bad setting at once.
    """
    given = {
        row.name: (flags or {}).get(row.name) or environ.get(row.name) or row.default
        for row in SETTINGS
    }
    read = _Reader(given)
    home = read("TWELVE_HOME", lambda text: _absolute(text) if text else default_home(environ, uid))
    host, port = read("TWELVE_HTTP", _address) or ("", 0)
    settings = Settings(
        home=home or "",
        run=run_folder(home or "", environ, uid),
        http_host=host,
        http_port=read("TWELVE_HTTP_PORT", lambda text: _port(text) if text else port) or 0,
        app=given["TWELVE_APP"],
        url=read("TWELVE_URL", _web_address) or "",
        token=given["TWELVE_TOKEN"],
        master_key=given["TWELVE_MASTER_KEY"],
        master_key_file=read("TWELVE_MASTER_KEY_FILE", _maybe_absolute) or "",
        uids=read("TWELVE_UIDS", _uids) or (0, 0),
        ports=read("TWELVE_PORTS", _ports) or (0, 0),
        pythons=tuple(part for part in given["TWELVE_PYTHONS"].split(":") if part),
        envoy_bin=read("TWELVE_ENVOY_BIN", _maybe_absolute) or "",
        postgres_bin=read("TWELVE_POSTGRES_BIN", _maybe_absolute) or "",
        valkey_bin=read("TWELVE_VALKEY_BIN", _maybe_absolute) or "",
        tier=read("TWELVE_TIER", _tier) or "",
        log_budget=read("TWELVE_LOG_BUDGET", _budget) or 0,
        log_age=read("TWELVE_LOG_AGE", duration) or 0.0,
        disk_reserve=read("TWELVE_DISK_RESERVE", size) or 0,
        layers_budget=read("TWELVE_LAYERS_BUDGET", size) or 0,
        builds_budget=read("TWELVE_BUILDS_BUDGET", size) or 0,
        cache_budget=read("TWELVE_CACHE_BUDGET", size) or 0,
        keep_runs=read("TWELVE_KEEP_RUNS", _at_least_one) or 0,
        keep_releases=read("TWELVE_KEEP_RELEASES", _at_least_one) or 0,
        watch=read("TWELVE_WATCH", duration) or 0.0,
        probe=read("TWELVE_PROBE", duration) or 0.0,
        handover=read("TWELVE_HANDOVER", duration) or 0.0,
        die_at=read("TWELVE_DIE_AT", _maybe_absolute) or "",
    )
    if read.problems:
        raise Invalid(
            read.problems[0],
            hint="every setting is explained in docs/reference/settings.md",
            problems=tuple(read.problems[1:]),
        )
    return settings


def unknown_settings(environ: Mapping[str, str]) -> list[str]:
    """Names that look like settings of Twelve and are none, for a warning: perhaps a slip."""
    # Twelve gives these to each app, so they are there when an app's process calls twelve.
    known = {row.name for row in SETTINGS} | {
        f"TWELVE_{n}" for n in ("DEPLOY", "RELEASE", "PROCESS")
    }
    return sorted(name for name in environ if name.startswith("TWELVE_") and name not in known)


def default_home(environ: Mapping[str, str], uid: int) -> str:
    """The home when TWELVE_HOME is not set. Raises ValueError when nothing says where."""
    if uid == 0:
        return "/var/lib/twelve"
    data = environ.get("XDG_DATA_HOME", "")
    # The XDG specification: a relative path there is to be ignored.
    if data.startswith("/"):
        return posixpath.normpath(f"{data}/twelve")
    if environ.get("HOME", "").startswith("/"):
        return posixpath.normpath(f"{environ['HOME']}/.local/share/twelve")
    raise ValueError("is not set, and neither is HOME: set one of them to an absolute path")


def run_folder(home: str, environ: Mapping[str, str], uid: int) -> str:
    """Where sockets and FIFOs of this home stand: never below the home, whose path may be long."""
    name = f"{zlib.crc32(home.encode()):08x}"
    if uid == 0:
        # /run/user/0 is 0700 and goes at logout: the apps' own uids must reach their FIFOs.
        return f"/run/twelve/{name}"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    below = posixpath.normpath(f"{runtime}/twelve/{name}")
    if runtime.startswith("/") and len(below.encode()) <= LONGEST_RUN:
        return below
    return f"/tmp/twelve-{uid}/{name}"  # noqa: S108 -- its owner and mode are checked when made


def _absolute(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("is not an absolute path")
    if "\0" in text or "\n" in text:
        raise ValueError("is not a path: it holds a control character")
    return posixpath.normpath("/" + text.lstrip("/"))


def _maybe_absolute(text: str) -> str:
    return _absolute(text) if text else ""


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError("is not a port: write a number from 1 to 65535")
    return int(text)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host) or set(host) - set("0123456789abcdefABCDEF.:"):
        raise ValueError("is not an address: write ADDR:PORT, e.g. 127.0.0.1:8080 or [::1]:8080")
    return host, _port(port)


def _web_address(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise ValueError("is not the address of a control plane: write http://… or https://…")
    return text.rstrip("/")


def _uids(text: str) -> tuple[int, int]:
    low, high = span(text)
    if low < 1000:
        raise ValueError("holds user ids of the system: start at 1000 or above")
    if low <= SYSTEMD_UIDS[1] and high >= SYSTEMD_UIDS[0]:
        raise ValueError("holds user ids of systemd (61184-65535): choose others")
    if high >= 2**32 - 1:
        raise ValueError("holds numbers that are no user ids: end below 4294967295")
    return low, high


def _ports(text: str) -> tuple[int, int]:
    low, high = span(text)
    if low < 1024 or high > 65535:
        raise ValueError("is not a range of free ports: stay within 1024-65535")
    return low, high


def _tier(text: str) -> str:
    if text and text not in TIERS:
        raise ValueError(f"is not a tier: write {', '.join(TIERS[:-1])} or {TIERS[-1]}")
    return text


def _budget(text: str) -> int:
    number = size(text)
    if number < 1024 * 1024:
        raise ValueError("is too little: a log stream needs 1M at least")
    return number


def _at_least_one(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ValueError("is not a number to keep: write 1 or more")
    return int(text)


class _Reader:
    """Reads one row after the other and keeps what is wrong, so that all is said at once."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given
        self.problems: list[str] = []

    def __call__(self, name: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(self.given[name])
        except ValueError as error:
            shown = f"{self.given[name]!r} " if self.given[name] else ""
            self.problems.append(f"{name}: {shown}{error}")
            return None
