"""III-2: no credential in code."""

import re
from collections.abc import Iterator

from twelve.factors.config.check.declared import declared
from twelve.finding import Finding, Place
from twelve.picture.certainty import has_variants
from twelve.picture.code import Assign, Call, Guard, Module
from twelve.picture.mentions import mention
from twelve.picture.origin import development_only, for_tests, replaceable
from twelve.picture.paths import is_development, is_settings
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, by_prefix, find, grouped, overridden
from twelve.picture.secrets import (
    FORMAT_WORDS,
    FORMATS,
    SAMPLE,
    is_key_name,
    is_secret_name,
    masked,
    plausible,
    says_otherwise,
    stands_in,
    url_password,
)
from twelve.picture.tree import Variable
from twelve.picture.value import Value, fixed_strings, walk

EXAMPLE = pattern(r"(example|sample|dist|template|tmpl|test|ci|schema|default)", re.IGNORECASE)
DICT_KEYS = pattern(
    r"^(password|passwd|secret|secret_?key|api_?key|apikey|token|auth_?token|access_?token|client_?secret|private_?key|jwt_?secret|secret_?or_?key|cookie_?secret|pass|session_?secret)$",
    re.IGNORECASE,
)
NAMES = mention(
    "secret", "passw", "passphrase", "token", "key", "credential", "pwd", "pass", "_pass", "hmac", "signing", "fernet",
    then=r"(?!_?pass)|passw|passphrase|pass[\"'\]]*\s*[:=]|_pass\b", small=True,
)  # fmt: skip
"""What the source must say near a literal credential: the names that are looked for hold one of these."""
HANDED = mention(
    "secret", "token", "key", "pass",
    then=r"(?:secret(?:_?(?:or_?)?key)?|token|key|pass(?:word|wd)?)[\"'`\]]*\s*[:=](?!=)", small=True,
)  # fmt: skip
"""How the source must say a key of such a table, or a keyword."""
ITEMS = mention("secret", "token", "key", "pass", then=r"\w*[\"'`]?\s*:", small=True)
SCHEMES = mention("://")
SETTLED = pattern(r"(^|/)(config|settings)(/|\.)|(settings|config)\.(py|[cm]?js|ts)$")
REFUSED = pattern(r"placeholder|insecure|forbidden|example|sample|weak|default", re.IGNORECASE)
SIGNING = 12
"""So long is a key that signs, in a table of settings; what is shorter names something."""
ASKS = pattern(r"(please[-_ ])?(set|fill|enter)[-_ ](me|this|in|your)\b", re.IGNORECASE)
STAND_IN = pattern(r"(^|_)(dummy|fake|disabled|placeholder|unusable|no)_", re.IGNORECASE)
SHOWN = pattern(r"(^|[._])(model_config|schema_extra|\w*examples?)$", re.IGNORECASE)
"""What the schema of a request shows to its readers."""
ENTRY = pattern(r"session_?key$", re.IGNORECASE)
"""A word under such a name is where something is found in a session, it signs nothing."""
SAID = pattern(
    r"(INVALID|MISSING|WRONG|INCORRECT|EXPIRED|UNKNOWN|BAD|NO|ERR|ERROR)_", re.IGNORECASE
)
"""A sentence under such a name is what a user is told."""
TEMPLATE = pattern(r"[\w.-]*:[\w.:-]*(%[sd]|\{\w*\})[\w.:%{}-]*")
"""The place of an entry in a store, with a gap: ``session:user.%s``."""
SIGNED_URL = ("X-Amz-Credential=", "AWSAccessKeyId=")
"""A signed URL names the key that signed it; the secret is not in it."""
CLIENT_SIDE = pattern(r"firebase|google-services\.json|GoogleService-Info", re.IGNORECASE)
"""Google's key of a mobile or browser client names a project: it is in what each user downloads."""
IN_PAGE = pattern(r"maps/api/js\?(\w+=[\w,-]*&)*key=$")
"""The key of a map is in each page that shows one."""
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

SIGNED = mention(
    "session", "jsonwebtoken", "jwt", "SessionMiddleware", "JwtModule", "cookie", "URLSafe"
)
"""What a file says in which one of them is called."""
SIGNED_PATH = pattern("session|jwt|jsonwebtoken")
"""Or its package, from which it imports."""


def no_credential(picture: Picture) -> Iterator[Judgement]:
    """III-2."""
    found = [
        *_assigned(picture),
        *_handed(picture),
        *_urls(picture),
        *_formats(picture),
        *declared(picture),
    ]
    seen: set[tuple[str, int]] = set()
    kept = []
    for one in found:
        key = (one.places[0].path, one.places[0].line)
        if key not in seen:
            seen.add(key)
            kept.append(one)
    yield from grouped(kept)
    if not found and not any(
        is_real(one) and is_kept(picture, one.path) and not is_development(one.path)
        for one in picture.variables
    ):
        yield Hold(
            f"{len(picture.modules)} code files with words of credentials read, none holds one",
            Place("."),
        )


def is_kept(picture: Picture, path: str) -> bool:
    """Is an env file checked in, and no example?"""
    file = picture.files[path]
    kept = file.role not in ("example", "docs", "test", "dev")
    return file.tracked is not False and kept and not EXAMPLE.search(file.name)


def is_real(one: Variable) -> bool:
    """Does a variable of an env file hold a credential?"""
    named = is_secret_name(one.name) and plausible(one.name, one.value)
    return named or bool(url_password(one.value))


def spared(module: Module, path: str) -> bool:
    """Is the file one that these rules leave alone?"""
    return module.role not in ("app", "script") or is_development(path)


def _assigned(picture: Picture) -> Iterator[Finding]:
    for module in picture.modules:
        if spared(module, module.path):
            continue
        for assign in module.holding(NAMES, module.assigns):
            if not assign.augmented and is_secret_name(assign.name) and assign.value.kind == "str":
                for one in _literal(module, assign, assign.value.text):
                    yield _weighed(picture, assign, one)
        for assign in module.holding(ITEMS, module.assigns):
            if SHOWN.search(assign.target) or assign.augmented:
                continue
            if assign.value.kind in ("dict", "list"):
                for part in walk(assign.value):
                    yield from _dict_keys(module, assign, part)


def _weighed(picture: Picture, assign: Assign, found: Finding) -> Finding:
    """Less severe where other settings replace the value, or may."""
    if _default(picture, assign):
        return found._replace(severity="low")
    if has_variants(picture, assign.path):
        return found._replace(severity="medium")
    return found


def _default(picture: Picture, assign: Assign) -> bool:
    """Is it there for development alone, because the environment or other settings replace it?"""
    if overridden(picture, assign):
        return True
    return (bool(assign.owner) or "config" in assign.target) and by_prefix(picture)


def _literal(module: Module, assign: Assign, text: str) -> Iterator[Finding]:
    key = (
        is_key_name(assign.name)
        and (assign.function is None or "." in assign.target)
        and _settles(assign)
    )
    if not (key and text.strip() and not _is_word_about(assign.name, text)) and not plausible(
        assign.name, text
    ):
        return
    if (not key and stands_in(text)) or text.lower() == assign.name.lower():
        return
    if (SAID.match(assign.name) and " " in text) or TEMPLATE.fullmatch(text):
        return
    if STAND_IN.search(assign.name) or not re.search(r"\w", text):
        return
    if development_only(module, assign.guards) or replaceable(module, assign) or for_tests(assign):
        return
    severity = "high" if key or is_settings(assign.path) else "medium"
    if says_otherwise(text) or (assign.owner and not key):
        severity = "medium"
    yield find(
        "III-2",
        severity,
        f"{assign.name} is a literal, {masked(text)}",
        assign.place,
        fix="read it from the environment: twelve check --fix III-2",
    )


def _settles(assign: Assign) -> bool:
    """Is it a setting (upper case, an attribute, a key of config), not a variable in passing?"""
    return (
        assign.name.isupper()
        or "." in assign.target
        or (assign.name[:1].islower() and assign.function is None)
    )


def _is_word_about(name: str, text: str) -> bool:
    """``secret = "secret_id"``: the text names the thing, it is not the thing."""
    if ENTRY.search(name) and re.fullmatch(r"[A-Za-z][a-z_-]*", text):
        return True
    return (
        bool(re.fullmatch(r"[a-z]+([_-][a-z]+)+|[A-Z]+(_[A-Z]+)+", text)) and not name.isupper()
    ) or text.startswith(("/", "http://", "https://", "arn:", "projects/"))


def _dict_keys(module: Module, assign: Assign, part: Value) -> Iterator[Finding]:
    if part.kind != "dict":
        return
    for key, item in part.items():
        if (
            item.kind == "str"
            and (
                (DICT_KEYS.match(key) and plausible(key, item.text))
                or (SETTLED.search(assign.path) and is_key_name(key) and _signs(assign, item))
            )
            and not development_only(module, assign.guards)
        ):
            place = Place(assign.path, item.line or assign.line)
            yield find(
                "III-2",
                "high" if is_settings(assign.path) and not says_otherwise(item.text) else "medium",
                f"{key} in {assign.name} is a literal",
                place,
                fix="read it from the environment",
            )


def _signs(assign: Assign, item: Value) -> bool:
    """Long enough for a key, and not in a table of words that are refused as keys."""
    return len(item.text) >= SIGNING and not (
        REFUSED.search(assign.target) or ASKS.match(item.text)
    )


def _handed(picture: Picture) -> Iterator[Finding]:
    """Credentials handed to a call, as a keyword or in an options object."""
    for module in picture.modules:
        if spared(module, module.path):
            continue
        signs = module.lines_of(SIGNED) or SIGNED_PATH.search(module.path)
        for call in module.calls if signs else module.holding(HANDED, module.calls):
            if call.last in ("get", "getenv", "post", "Field", "field", "add_argument", "option"):
                continue
            signer = call.name.removeprefix("new ").endswith(SIGNERS)
            if not signer and not module.on_lines(HANDED, call):
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
) -> Iterator[Finding]:
    text = item.text if item.kind == "str" else ""
    if not text.strip() or development_only(module, call.guards):
        return
    if (signer and is_key_name(key)) or plausible(key, text):
        place = Place(call.path, item.line or call.line)
        yield find(
            "III-2",
            "high" if (signer or is_settings(call.path)) and not says_otherwise(text) else "medium",
            f"{key} of {call.last.removeprefix('new ')} is a literal",
            place,
            fix="read it from the environment",
        )


def _signed(module: Module, call: Call) -> Iterator[Finding]:
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
            "medium" if says_otherwise(given.text) else "high",
            f"the key of {call.last} is a literal, {masked(given.text)}",
            Place(call.path, given.line or call.line),
            fix="read it from the environment",
        )
    del module


def _urls(picture: Picture) -> Iterator[Finding]:
    for module in picture.modules:
        if spared(module, module.path):
            continue
        for line, value, guards in _values(module) if b"@" in module.source else ():
            for text in fixed_strings(value):
                if (
                    "://" in text.text
                    and (password := url_password(text.text))
                    and not development_only(module, guards)
                ):
                    yield find(
                        "III-2",
                        "medium" if says_otherwise(password) else "high",
                        f"a URL holds a password, {masked(password)}",
                        Place(module.path, text.line or line),
                        fix="keep the URL in the environment",
                    )


def _values(module: Module) -> Iterator[tuple[int, Value, tuple[Guard, ...]]]:
    for assign in module.holding(SCHEMES, module.assigns):
        yield assign.line, assign.value, assign.guards
    for call in module.holding(SCHEMES, module.calls):
        yield call.line, call.value, call.guards


def _formats(picture: Picture) -> Iterator[Finding]:
    for path in picture.holding(*FORMAT_WORDS):
        text = picture.text(path)
        for words, form, what in FORMATS:
            for match in form.finditer(text) if any(word in text for word in words) else ():
                if what == "an AWS access key" and text[: match.start()].endswith(SIGNED_URL):
                    continue
                if what == "a Google API key" and CLIENT_SIDE.search(f"{path}\n{text}"):
                    continue
                if not SAMPLE.search(match[0][:60]) and not EXAMPLE.search(path.rpartition("/")[2]):
                    known = what == "a Google API key" and IN_PAGE.search(text[: match.start()])
                    key = what == "a private key" and path.endswith((".key", ".pem", ".crt"))
                    yield find(
                        "III-2",
                        "medium" if key or known else "high",
                        f"{what}, {masked(match[0].split(chr(10))[0])}",
                        Place(path, text.count("\n", 0, match.start()) + 1),
                        fix="revoke it, then keep the new one in the environment",
                    )
                    break
