"""III-2, III-4, III-8 and III-11: no credential in code, in tracked files, in defaults or in the artefact."""

import re
from collections.abc import Iterator

from twelve.finding import Place
from twelve.picture.code import Assign, Call, Module
from twelve.picture.origin import development_only, replaceable, trace
from twelve.picture.paths import is_development
from twelve.picture.rule import Hold, Judgement, Picture, find
from twelve.picture.secrets import (
    FORMAT_WORDS,
    FORMATS,
    SAMPLE,
    is_key_name,
    is_secret_name,
    masked,
    plausible,
    stands_in,
    url_password,
)
from twelve.picture.tree import Instruction
from twelve.picture.value import Value, default_of, fixed_strings, from_env, walk

ENV_FILE = re.compile(r"(^|/)\.env(\.(prod|production|staging|stage|live))?$")
EXAMPLE = re.compile(r"(example|sample|dist|template|tmpl|test|ci|schema|default)", re.IGNORECASE)
CREDENTIAL_FILES = re.compile(
    r"(^|/)(credentials\.json|service[-_]?account[\w-]*\.json|application-prod\w*\.ya?ml|local_settings\.py|settings_local\.py|secrets\.(ya?ml|json|toml|py)|\.htpasswd|\.pgpass|\.netrc|id_rsa|id_ed25519)$"
)
DICT_KEYS = re.compile(
    r"^(password|passwd|secret|secret_?key|api_?key|apikey|token|auth_?token|access_?token|client_?secret|private_?key|jwt_?secret|secret_?or_?key|cookie_?secret|pass|session_?secret)$",
    re.IGNORECASE,
)
SIGNERS = (
    "express-session",
    "cookie-session",
    "session",
    "jsonwebtoken.sign",
    "jwt.sign",
    "jwt.encode",
    "jwt.decode",
    "jsonwebtoken.verify",
    "SessionMiddleware",
    "JwtModule.register",
    "cookie-parser",
    "cookieParser",
    "URLSafeTimedSerializer",
    "fastify-jwt",
    "expressjwt",
)
TRUE = ("True", "true", "1", "yes", "on", "TRUE", "YES")


def no_credential(picture: Picture) -> Iterator[Judgement]:
    """III-2."""
    found = [
        *_assigned(picture),
        *_handed(picture),
        *_urls(picture),
        *_formats(picture),
        *_declared(picture),
    ]
    seen: set[tuple[str, int]] = set()
    for one in found:
        key = (one.places[0].path, one.places[0].line)
        if key not in seen:
            seen.add(key)
            yield one
    if not found:
        yield Hold(
            f"{len(picture.modules)} code files with words of credentials read, none holds one",
            Place("."),
        )


def _spared(module: Module, path: str) -> bool:
    return module.role not in ("app", "script") or is_development(path)


def _assigned(picture: Picture) -> Iterator[Judgement]:
    for module, assign in picture.assigns():
        if _spared(module, assign.path) or assign.augmented:
            continue
        value = assign.value
        if value.kind == "str" and is_secret_name(assign.name):
            yield from _literal(module, assign, value.text)
        elif value.kind in ("dict", "list"):
            for part in walk(value):
                yield from _dict_keys(module, assign, part)


def _literal(module: Module, assign: Assign, text: str) -> Iterator[Judgement]:
    key = (
        is_key_name(assign.name)
        and (assign.function is None or "." in assign.target)
        and _settles(assign)
    )
    if not (key and text.strip() and not _is_word_about(assign.name, text)) and not plausible(
        assign.name, text
    ):
        return
    if not key and stands_in(text):
        return
    if development_only(module, assign.guards) or replaceable(module, assign):
        return
    severity = "high" if key or not stands_in(text) else "medium"
    yield find(
        "III-2",
        severity,
        f"{assign.name} is a literal, {masked(text)}",
        assign.place,
        fix=f"read it from the environment: twelve check --fix III-2",
    )


def _settles(assign: Assign) -> bool:
    """Is it a setting (upper case, an attribute, a key of config), not a variable in passing?"""
    return (
        assign.name.isupper()
        or "." in assign.target
        or assign.name[:1].islower()
        and assign.function is None
    )


def _is_word_about(name: str, text: str) -> bool:
    """``secret = "secret_id"``: the text names the thing, it is not the thing."""
    return (
        bool(re.fullmatch(r"[a-z]+([_-][a-z]+)+|[A-Z]+(_[A-Z]+)+", text))
        and not name.isupper()
        or text.startswith(("/", "http://", "https://", "arn:", "projects/"))
    )


def _dict_keys(module: Module, assign: Assign, part: Value) -> Iterator[Judgement]:
    if part.kind != "dict":
        return
    for key, item in part.items():
        if (
            item.kind == "str"
            and DICT_KEYS.match(key)
            and plausible(key, item.text)
            and not development_only(module, assign.guards)
        ):
            place = Place(assign.path, item.line or assign.line)
            yield find(
                "III-2",
                "high",
                f"{key} in {assign.name} is a literal, {masked(item.text)}",
                place,
                fix="read it from the environment",
            )


def _handed(picture: Picture) -> Iterator[Judgement]:
    """Credentials handed to a call, as a keyword or in an options object."""
    for module in picture.modules:
        if _spared(module, module.path):
            continue
        for call in module.calls:
            signer = any(call.name.removeprefix("new ").endswith(name) for name in SIGNERS)
            if call.last in ("get", "getenv", "post", "Field", "field", "add_argument", "option"):
                continue
            for key, item in _keyed(call):
                if DICT_KEYS.match(key):
                    yield from _handed_value(module, call, key, item, signer)
            if signer:
                yield from _signed(module, call)


def _keyed(call: Call) -> Iterator[tuple[str, Value]]:
    if call.value.kind == "call":
        yield from call.value.items()
    for argument in call.value.arguments:
        if argument.kind == "dict":
            yield from argument.items()


def _handed_value(
    module: Module, call: Call, key: str, item: Value, signer: bool
) -> Iterator[Judgement]:
    text = item.text if item.kind == "str" else ""
    if not text.strip() or development_only(module, call.guards):
        return
    if (signer and is_key_name(key)) or plausible(key, text):
        place = Place(call.path, item.line or call.line)
        yield find(
            "III-2",
            "high" if signer or not stands_in(text) else "medium",
            f"{key} of {call.last} is a literal, {masked(text)}",
            place,
            fix="read it from the environment",
        )


def _signed(module: Module, call: Call) -> Iterator[Judgement]:
    """``jwt.encode(payload, "key")``."""
    position = 0 if call.last in ("cookie-parser", "cookieParser", "URLSafeTimedSerializer") else 1
    given = (
        call.value.argument(position, "key")
        if call.last not in ("register", "session", "express-session", "cookie-session")
        else None
    )
    if given is not None and given.kind == "str" and given.text.strip():
        yield find(
            "III-2",
            "high",
            f"the key of {call.last} is a literal, {masked(given.text)}",
            Place(call.path, given.line or call.line),
            fix="read it from the environment",
        )
    del module


def _urls(picture: Picture) -> Iterator[Judgement]:
    for module in picture.modules:
        if _spared(module, module.path):
            continue
        for line, value, guards in _values(module):
            for text in fixed_strings(value):
                if (
                    "://" in text.text
                    and (password := url_password(text.text))
                    and not development_only(module, guards)
                ):
                    yield find(
                        "III-2",
                        "high",
                        f"a URL holds a password, {masked(password)}",
                        Place(module.path, text.line or line),
                        fix="keep the URL in the environment",
                    )


def _values(module: Module) -> Iterator[tuple[int, Value, tuple[object, ...]]]:
    for assign in module.assigns:
        yield assign.line, assign.value, assign.guards
    for call in module.calls:
        yield call.line, call.value, call.guards


def _formats(picture: Picture) -> Iterator[Judgement]:
    for path in picture.holding(*FORMAT_WORDS):
        text = picture.text(path)
        for pattern, what in FORMATS:
            for match in pattern.finditer(text):
                if not SAMPLE.search(match[0][:60]) and not EXAMPLE.search(path.rpartition("/")[2]):
                    yield find(
                        "III-2",
                        "high",
                        f"{what}, {masked(match[0].split(chr(10))[0])}",
                        Place(path, text.count("\n", 0, match.start()) + 1),
                        fix="revoke it, then keep the new one in the environment",
                    )
                    break


def _declared(picture: Picture) -> Iterator[Judgement]:
    """Values in compose files and Kubernetes manifests that go to the app."""
    for service in picture.services:
        for name, value, line in service.environment:
            if (
                service.build
                and not service.development
                and is_secret_name(name)
                and plausible(name, value)
            ):
                yield find(
                    "III-2",
                    "medium",
                    f"{name} of service {service.name} is a literal, {masked(value)}",
                    Place(service.path, line),
                    fix=f"${{{name}:?}}",
                )
    for one in picture.workloads:
        for name, value, line in one.env if one.kind != "ConfigMap" else one.data:
            if is_secret_name(name) and plausible(name, value):
                yield find(
                    "III-2",
                    "high",
                    f"{name} of {one.kind} {one.name} is a literal, {masked(value)}",
                    Place(one.path, line),
                    fix="valueFrom.secretKeyRef",
                )


def no_deploy_files(picture: Picture) -> Iterator[Judgement]:
    """III-4."""
    found = False
    by_path: dict[str, list[tuple[str, str, int]]] = {}
    for one in picture.variables:
        file = picture.files[one.path]
        if (
            file.tracked is not False
            and file.role not in ("example", "docs", "test", "dev")
            and not EXAMPLE.search(file.name)
        ):
            by_path.setdefault(one.path, []).append((one.name, one.value, one.line))
    for path, held in by_path.items():
        real = [
            Place(path, line)
            for name, value, line in held
            if is_secret_name(name) and (plausible(name, value) or url_password(value))
        ]
        real += [
            Place(path, line)
            for name, value, line in held
            if url_password(value) and not is_secret_name(name)
        ]
        soft = [
            Place(path, line)
            for name, value, line in held
            if is_secret_name(name) and value and not value.startswith("$")
        ]
        if real and not is_development(path):
            found = True
            yield find(
                "III-4",
                "high",
                "an env file with credentials is checked in",
                *real,
                fix="twelve check --fix III-4, and change the credentials",
            )
        elif soft and ENV_FILE.search(path):
            found = True
            yield find(
                "III-4",
                "low",
                "an env file that names secrets is checked in, with placeholders",
                *soft,
                fix="twelve check --fix III-4",
            )
    for path, file in picture.files.items():
        if (
            CREDENTIAL_FILES.search(path)
            and file.tracked is not False
            and file.role in ("app", "script", "dev")
            and _holds_values(picture, path)
        ):
            found = True
            yield find(
                "III-4",
                "medium",
                "a file for one deploy's values is checked in",
                Place(path),
                fix=f"git rm --cached {path}, and ignore it",
            )
    ignored = next(
        (
            Place(path, line)
            for pattern, path, line in picture.repository.ignored
            if re.search(r"\.env\b|\*\.env", pattern) and not pattern.startswith("!")
        ),
        None,
    )
    if not found and ignored:
        yield Hold("env files are ignored", ignored)


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
    for module, assign in picture.assigns():
        if (
            _spared(module, assign.path)
            or not from_env(assign.value)
            or development_only(module, assign.guards)
        ):
            continue
        for part in walk(assign.value):
            if part.kind == "env" and part.parts:
                yield from _default(picture, module, assign, part)


def _default(picture: Picture, module: Module, assign: Assign, part: Value) -> Iterator[Judgement]:
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
    return any(
        default in [part.text for part in walk(guard.test)]
        for guard in module.guards
        if module.raises
    )


def no_secret_in_artefact(picture: Picture) -> Iterator[Judgement]:
    """III-11."""
    found = False
    for docker in picture.dockerfiles:
        for one in docker.instructions:
            for judgement in _baked(
                docker.path, one, one.stage == docker.final, docker.development
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
        re.search(r"(^|/)\.env$|(^|/)(id_rsa|\.npmrc|credentials\.json)$", word)
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
