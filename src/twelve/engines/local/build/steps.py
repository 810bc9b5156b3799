"""A build step: one program that runs in the sandbox, and why it failed, told in a sentence."""

import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from twelve.errors import BuildFailed

SHOWN_LINES = 20
"""Of a step that failed."""

TAIL_LINES = 100
"""Kept of a step: what is shown is chosen from them, and why it failed is read from them."""

PLACE = "{}(?:(?:layer|source|project)/)?"
NPM_MANUAL = re.compile(r"npm error (Clean install a project|Usage:|Log files were not)")

PASSED_ON = (
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "UV_HTTP_TIMEOUT",
    "NPM_CONFIG_CAFILE",
)  # fmt: skip
"""How this machine reaches the world: all that a step with a network sees of Twelve's own
environment, besides the registries."""

REGISTRIES = (
    "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS",
    "UV_INDEX_STRATEGY", "UV_INSECURE_HOST", "NPM_CONFIG_REGISTRY", "NPM_TOKEN", "NODE_AUTH_TOKEN",
)  # fmt: skip
"""Where packages come from, and what lets one in there: seen only by steps that fetch them."""

CREDENTIALS = re.compile(
    r"UV_INDEX_[A-Z0-9_]+_(?:USERNAME|PASSWORD)|npm_config_//\S+|NPM_CONFIG_//\S+"
)

LIKE_PIP = (
    ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", ("UV_INDEX_URL",)),
    ("PIP_EXTRA_INDEX_URL", "UV_INDEX", ("UV_EXTRA_INDEX_URL",)),
)
"""pip's names for what uv names otherwise, unless uv's own are there."""

PASSWORD = re.compile(r"(?<=://)[^/@\s:]+:[^/@\s]+(?=@)")

AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


class Step(NamedTuple):
    """One program to run. All paths are absolute; the environment is complete."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    network: bool = False
    write: tuple[str, ...] = ()
    """Folders it may write to; whoever runs it makes them, with all they hold, its own."""
    read: tuple[str, ...] = ()
    """Further paths it must be able to read, besides the system's."""
    foreign: bool = False
    """It runs code of the app or of a package, so it never gets a folder that other builds read."""


class StepResult(NamedTuple):
    """How a step ended."""

    code: int
    """Exit status; 128 + signal when a signal ended it."""
    tail: list[str]
    """The last ``TAIL_LINES`` of both streams."""
    isolated: bool = True
    """It had no more network than it asked for."""


Execute = Callable[[Step], Awaitable[StepResult]]


def reaching(environ: Mapping[str, str]) -> dict[str, str]:
    """Pick the variables that tell how to reach the world, and whom to trust there.

    Unless told otherwise that is whom this machine trusts, so that its own authorities count too.
    """
    given = _picked(environ, PASSED_ON)
    trusted = next((path for path in AUTHORITIES if os.path.exists(path)), None)
    if trusted is None:
        return given
    return {"SSL_CERT_FILE": trusted, "NODE_EXTRA_CA_CERTS": trusted, **given}


def fetching(environ: Mapping[str, str]) -> dict[str, str]:
    """Pick those, and the variables that name package registries and let one in there."""
    given = _picked(environ, REGISTRIES)
    given |= {name: value for name, value in environ.items() if CREDENTIALS.fullmatch(name)}
    for name, meant, same in LIKE_PIP:
        if environ.get(name) and not any(one in given for one in (meant, *same)):
            given[meant] = environ[name]
    return {**reaching(environ), **given}


def _picked(environ: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    both = [*names, *(name.lower() for name in names)]
    return {name: environ[name] for name in both if environ.get(name)}


def failed(step: Step, result: StepResult) -> BuildFailed:
    """Give the error of a step: its last lines, and the next thing to do where they show it."""
    # Where the build stands on the disk tells nobody anything, and differs each time.
    staging = f"{os.path.dirname(step.env.get('HOME', '/?/'))}/"
    lines = [re.sub(PLACE.format(re.escape(staging)), "", line.rstrip()) for line in result.tail]
    lines = [PASSWORD.sub("***", line) for line in lines]
    shown = [f"  {line}" for line in _essential(lines)[-SHOWN_LINES:]]
    message = "\n".join([f"{step.name} failed (exit {result.code})", *shown])
    return BuildFailed(message, advice(lines, network=step.network))


def _essential(lines: list[str]) -> list[str]:
    """Leave out npm's manual page, which it prints after its error."""
    start = next((at for at, line in enumerate(lines) if NPM_MANUAL.match(line)), len(lines))
    return [line for line in lines[:start] if line.strip() not in ("", "npm error")]


def advice(lines: Sequence[str], *, network: bool) -> str:
    """Give the next step for what a program said last, or nothing."""
    text = "\n".join(lines)
    for pattern, sentence in _ADVICE:
        if match := re.search(pattern, text):
            return match.expand(sentence)
    if wrong := re.findall(_PLACEHOLDER, text):
        key = wrong[-1].upper().replace("-", "_")
        return (
            f"the build has no config, and a placeholder would not do for {key}; in twelve.toml:\n"
            f'  [config.{key}]\n  build = "a value that will"'
        )
    if key := missing_key(text):
        return (
            f"the build has no config: give {key} a value for the build only, in twelve.toml:\n"
            f'  [config.{key}]\n  build = "only-for-the-build"'
        )
    if not network and re.search(_NETWORK, text):
        return "hooks have no network: declare what is fetched here as a dependency, or commit it"
    return ""


def missing_key(text: str) -> str:
    """Find the environment variable that a program missed."""
    for pattern in _MISSING:
        found = re.findall(pattern, text)
        if found:
            return str(found[-1])
    return ""


_NAME = r"([A-Z][A-Z0-9_]+)"
_MISSING = (
    rf"KeyError: ['\"]{_NAME}['\"]",
    rf"Set the {_NAME} environment variable",
    rf"{_NAME} not found\. Declare it as envvar",
    rf"The {_NAME} setting must not be empty",
    rf"ImproperlyConfigured.*?\b{_NAME}\b",
    rf"[Ee]nvironment variable ['\"]?{_NAME}",
    rf"\b{_NAME} (?:is not set|is required|must be set|environment variable)",
    rf"^{_NAME}: (?:parameter not set|unbound variable)",
    rf"\n{_NAME}\n\s+Field required",
)
_PLACEHOLDER = r"placeholder-for-([a-z0-9-]+)-at-build-time"
_NETWORK = (
    r"ENOTFOUND|EAI_AGAIN|ENETUNREACH|Temporary failure in name resolution|Network is unreachable|"
    r"Could not resolve host|NameResolutionError|getaddrinfo"
)
_ADVICE = (
    (
        r"[Bb]ecause (\S+) was not found in the package registry",
        r"is \1 spelled right? no registry has it",
    ),
    (r"there is no version of (\S+?),?\s", r"no registry has \1: choose a version that exists"),
    (
        r"requested Python version \(([^)]*)\) does not satisfy Python(\S+)",
        r"ask for Python \2 in .python-version",
    ),
    (
        r"lockfile at `uv\.lock` needs to be updated|needs to be updated, but `--locked`",
        "run `uv lock` and commit uv.lock",
    ),
    (
        r"Hash mismatch for `([^`]+)`",
        r"the registry holds another file of \1 than the lock was made from: ask why, lock again",
    ),
    (
        r"40[13] (?:Unauthorized|Forbidden)|Missing credentials",
        "let Twelve into the registry, by UV_INDEX_NAME_USERNAME and UV_INDEX_NAME_PASSWORD",
    ),
    (
        r"npm (?:error|ERR!) code E40[13]",
        "let Twelve into the registry: give its control plane NPM_TOKEN",
    ),
    (
        r"[Ll]ockfile needs to be updated, but yarn|--frozen-lockfile`",
        "run `yarn install` and commit yarn.lock",
    ),
    (
        r"ERR_PNPM_OUTDATED_LOCKFILE|ERR_PNPM_LOCKFILE|pnpm-lock\.yaml is not compatible",
        "run `pnpm install --lockfile-only` and commit pnpm-lock.yaml",
    ),
    (
        r"package-lock\.json.*in sync",
        "run `npm install --package-lock-only` and commit package-lock.json",
    ),
    (
        r"npm (?:error|ERR!) code ETARGET",
        "a version in package-lock.json is in no registry: run `npm update` and commit",
    ),
    (r"npm (?:error|ERR!) 404.*?'(\S+?)@", r"no registry has \1: is its name right?"),
    (r"Could not find a version that satisfies the requirement (\S+)", r"no registry has \1"),
)
