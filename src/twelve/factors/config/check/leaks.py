"""III-4, III-8 and III-11: no credential in tracked files, in defaults or in the artefact."""

import re
from collections.abc import Iterator

from twelve.factors.config.check.secrets import is_kept, is_real, spared
from twelve.finding import Finding, Place
from twelve.picture.code import Assign, Module
from twelve.picture.mentions import mention
from twelve.picture.origin import development_only, for_tests, trace
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, grouped
from twelve.picture.secrets import (
    is_key_name,
    is_secret_name,
    plausible,
    says_otherwise,
    stands_in,
    url_password,
)
from twelve.picture.tree import Instruction, Variable
from twelve.picture.value import Value, default_of, from_env, walk

ENV_FILE = pattern(r"(^|/)\.env(\.(prod|production|staging|stage|live))?$")
DEPLOY_FILE = pattern(r"(^|/)\.env\.(prod|production|staging|stage|live)$")
ADDRESS = pattern(
    r"^\w+://(?![\w.-]*(?:localhost|example|your|my|domain|changeme|placeholder))[\w-]+(\.[\w-]+)*\.[a-z]{2,}([:/]|$)"
)
CREDENTIAL_FILES = pattern(
    r"(^|/)(credentials\.json|service[-_]?account[\w-]*\.json|application-prod\w*\.ya?ml|local_settings\.py|settings_local\.py|secrets\.(ya?ml|json|toml)|\.htpasswd|\.pgpass|\.netrc|id_rsa|id_ed25519)$"
)
ASKED = mention("secret", "pass", "token", "key", "credential", "pwd", "hmac", "debug", small=True)
"""The names whose defaults are judged hold one of these."""
TRUE = ("True", "true", "1", "yes", "on", "TRUE", "YES")
BOOLEAN = ("true", "false", "yes", "no", "on", "off", "none", "null", "0", "1")


def no_deploy_files(picture: Picture) -> Iterator[Judgement]:
    """III-4."""
    found = [*_env_files(picture), *_credential_files(picture)]
    yield from found
    for ignored, path, line in picture.repository.ignored if not found else ():
        if re.search(r"\.env\b|\*\.env", ignored) and not ignored.startswith("!"):
            yield Hold("env files are ignored", Place(path, line))
            return


def _env_files(picture: Picture) -> Iterator[Finding]:
    for path, held in _tracked_variables(picture).items():
        known = [one for one in held if is_real(one)]
        real = [one.place for one in known]
        sure = any(not says_otherwise(url_password(one.value) or one.value) for one in known)
        soft = [
            one.place
            for one in held
            if is_secret_name(one.name) and one.value and not one.value.startswith("$")
        ]
        if real and not is_development(path):
            yield find(
                "III-4",
                "high" if sure else "medium",
                "an env file with credentials is checked in",
                *real,
                fix=f"twelve check --fix III-4, git rm --cached {path}, and change the credentials",
            )
        elif address := _of_one_deploy(path, held):
            yield find(
                "III-4",
                "medium",
                f"an env file of one deploy is checked in, with the address {address.value[:60]}",
                address.place,
                fix=f"git rm --cached {path}, and set the variables in the deploy",
            )
        elif soft and ENV_FILE.search(path):
            yield find(
                "III-4",
                "low",
                "an env file that names secrets is checked in, with placeholders",
                *soft,
                fix="twelve check --fix III-4",
            )


def _of_one_deploy(path: str, held: list[Variable]) -> Variable | None:
    """The first address of the internet that the env file of a named deploy holds."""
    return next(
        (one for one in held if DEPLOY_FILE.search(path) and ADDRESS.search(one.value)), None
    )


def _tracked_variables(picture: Picture) -> dict[str, list[Variable]]:
    made: dict[str, list[Variable]] = {}
    for one in picture.variables:
        if is_kept(picture, one.path):
            made.setdefault(one.path, []).append(one)
    return made


def _credential_files(picture: Picture) -> Iterator[Finding]:
    for path, file in picture.files.items():
        if (
            file.role in ("app", "script", "dev")
            and CREDENTIAL_FILES.search(path)
            and file.tracked is not False
            and _holds_values(picture, path)
        ):
            yield find(
                "III-4",
                "medium",
                "a file for one deploy's values is checked in",
                Place(path),
                fix=f"git rm --cached {path}, and ignore it",
            )


def _holds_values(picture: Picture, path: str) -> bool:
    text = picture.text(path)
    return (
        bool(
            re.search(
                r"private_key|BEGIN|(password|secret|token|key)[\w\"' ]*[:=]\s*[\"']?[^\s\"'{$<]{6,}",
                text,
                re.IGNORECASE,
            )
        )
        and "{{" not in text
    )


def no_guessable_default(picture: Picture) -> Iterator[Judgement]:
    """III-8."""
    yield from grouped(_guessable(picture))


def _guessable(picture: Picture) -> Iterator[Finding]:
    seen: set[tuple[str, int]] = set()
    for module in picture.modules:
        if spared(module, module.path):
            continue
        for assign in (*module.holding(ASKED, module.assigns), *_calls(module)):
            if (
                not from_env(assign.value)
                or development_only(module, assign.guards)
                or for_tests(assign)
            ):
                continue
            for part in walk(assign.value):
                key = (assign.path, part.line)
                if part.kind == "env" and part.parts and key not in seen:
                    for found in _default(picture, module, assign, part):
                        seen.add(key)
                        yield found


def _calls(module: Module) -> Iterator[Assign]:
    """Calls, seen as assignments to what they call."""
    for call in module.holding(ASKED, module.calls):
        yield Assign(
            call.last,
            call.value,
            call.line,
            call.path,
            call.column,
            call.function,
            guards=call.guards,
        )


def _default(picture: Picture, module: Module, assign: Assign, part: Value) -> Iterator[Finding]:
    names = (part.text, assign.name)
    default = trace(module, default_of(part) or part.parts[0], assign.function)
    place = Place(assign.path, part.line or assign.line)
    if (
        re.search(r"(^|_)DEBUG$", part.text)
        and default.text in TRUE
        and default.kind in ("str", "bool", "num")
    ):
        yield find(
            "III-8",
            "medium",
            "debug is on when nothing is said",
            place,
            fix="let the default be off",
        )
        return
    texts = (
        [one.text for one in (default, *default.parts) if one.kind == "str" and one.text.strip()]
        if default.kind in ("str", "cond")
        else []
    )
    if (
        not texts
        or not any(is_secret_name(name) for name in names if name != "{}")
        or _refused(picture, module, assign, texts[0])
    ):
        return
    key = any(is_key_name(name) for name in names)
    if texts[0].lower() in BOOLEAN:
        return
    if not key and (
        texts[0].startswith(("http", "/"))
        or not (stands_in(texts[0]) or plausible(part.text, texts[0]))
    ):
        return
    yield find(
        "III-8",
        "high" if key else "low",
        f"{part.text} has a default that anybody can guess",
        place,
        fix="leave the default out: the app must not start without it",
    )


def _refused(picture: Picture, module: Module, assign: Assign, default: str) -> bool:
    """Does code compare with the placeholder, or ask for the name, and raise?"""
    for one in module.raises:
        for guard in one.guards:
            words = [part.text for part in walk(guard.test)]
            if (
                assign.name in words
                or default in words
                or any(word.endswith("." + assign.name) for word in words)
            ):
                return True
    del picture
    own = f"self.{assign.name}"
    return any(
        default in words or (own in words and guard.test.kind == "compare")
        for guard in module.guards
        for words in ([part.text for part in walk(guard.test)],)
        if module.raises
    )


def no_secret_in_artefact(picture: Picture) -> Iterator[Judgement]:
    """III-11."""
    found = False
    for docker in picture.dockerfiles:
        for one in docker.instructions:
            for judgement in _baked(
                docker.path,
                one,
                one.stage == docker.final,
                docker.development or is_development(one.stage),
            ):
                found = True
                yield judgement
    for path, file in picture.files.items():
        if (
            file.name in (".npmrc", ".pypirc", "pip.conf")
            and file.tracked is not False
            and re.search(r"(_authToken|password)\s*=\s*[^$\s{]{8,}", picture.text(path))
        ):
            found = True
            yield find(
                "III-11",
                "high",
                "the registry's token is checked in and copied into the build",
                Place(path),
                fix="use a build secret",
            )
    if picture.dockerfiles and not found:
        yield Hold(
            "no ARG, ENV or COPY of the image holds a secret", Place(picture.dockerfiles[0].path)
        )


def _baked(path: str, one: Instruction, final: bool, development: bool) -> Iterator[Judgement]:
    if development:
        return
    if one.word == "ARG":
        name, _, value = one.text.partition("=")
        if is_secret_name(name.strip()) and not (
            value and stands_in(value.strip("\"'")) and not final
        ):
            yield find(
                "III-11",
                "medium",
                f"the build takes the secret {name.strip()} as an argument: it stays in the image's history",
                Place(path, one.line),
                fix="RUN --mount=type=secret",
            )
    if one.word == "ENV":
        for number, name, value in _env_pairs(one):
            if (
                is_secret_name(name)
                and value
                and (final or not stands_in(value))
                and not value.startswith("/")
            ):
                severity = "high" if plausible(name, value) else "low"
                yield find(
                    "III-11",
                    severity,
                    f"{name} is baked into the image",
                    Place(path, number),
                    fix="set it in the deploy's config",
                )
    if one.word in ("COPY", "ADD") and any(
        re.search(r"(^|/)\.env$|(^|/)(id_rsa|credentials\.json)$", word)
        for word in one.text.split()[:-1]
    ):
        yield find(
            "III-11",
            "high",
            f"the image gets {one.text.split()[0]}",
            Place(path, one.line),
            fix="leave it out (.dockerignore)",
        )


def _env_pairs(one: Instruction) -> Iterator[tuple[int, str, str]]:
    pairs = re.findall(r"([A-Za-z_]\w*)=(\"[^\"]*\"|'[^']*'|\S*)", one.text)
    if not pairs and " " in one.text:
        name, _, value = one.text.partition(" ")
        pairs = [(name, value)]
    for name, value in pairs:
        number = next((number for number, raw in one.lines if name in raw), one.line)
        yield number, name, value.strip("\"'")
