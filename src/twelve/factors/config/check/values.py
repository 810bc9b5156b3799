"""III-1, III-3, III-7: what varies between deploys comes from the environment, and is declared."""

import re
from collections.abc import Iterator

from twelve.finding import Place
from twelve.picture.certainty import has_variants
from twelve.picture.code import Assign, Module
from twelve.picture.mentions import mention
from twelve.picture.origin import LOCAL, development_only, replaceable, trace
from twelve.picture.paths import is_development, is_settings
from twelve.picture.pattern import pattern
from twelve.picture.rule import Hold, Judgement, Picture, find, overridden, saying
from twelve.picture.value import env_keys, fixed_strings, from_env, text_of, walk

HOSTS = (
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "CORS_ALLOWED_ORIGINS",
    "CORS_ORIGIN_WHITELIST",
    "CORS_ORIGINS",
    "ALLOWED_ORIGINS",
    "SERVER_NAME",
    "SESSION_COOKIE_DOMAIN",
    "CSRF_COOKIE_DOMAIN",
    "INTERNAL_ALLOWED_HOSTS",
)
ADDRESSES = (
    "SITE_URL",
    "BASE_URL",
    "SITE_DOMAIN",
    "FRONTEND_URL",
    "BACKEND_URL",
    "PUBLIC_URL",
    "ROOT_URL",
    "SITE_ROOT",
    "DOMAIN",
    "SITE_HOST",
    "APP_URL",
    "HOSTNAME",
    "API_URL",
)
MAIL = (
    "EMAIL_HOST",
    "DEFAULT_FROM_EMAIL",
    "SERVER_EMAIL",
    "EMAIL_HOST_USER",
    "MAIL_SERVER",
    "MAIL_DEFAULT_SENDER",
    "MAIL_USERNAME",
    "SMTP_HOST",
    "SMTP_SERVER",
)
BUCKETS = (
    "AWS_STORAGE_BUCKET_NAME",
    "GS_BUCKET_NAME",
    "S3_BUCKET",
    "S3_BUCKET_NAME",
    "AWS_S3_BUCKET",
    "BUCKET_NAME",
    "AZURE_CONTAINER",
    "AZURE_ACCOUNT_NAME",
    "AWS_BUCKET",
)
SAMPLE = pattern(
    r"(^|[@.])(example\.(com|org|net)|test|invalid|yourdomain\.\w+|domain\.com|mysite\.com)$|^(webmaster|root|noreply)@localhost$"
)
HOST = pattern(r"^(https?://)?([\w-]+\.)*[\w*-]+(\.[a-z]{2,}|\.\d+)(:\d+)?/?$", re.IGNORECASE)
FRAMEWORKS = (
    "flask",
    "quart",
    "fastapi",
    "starlette",
    "bottle",
    "sanic",
    "tornado",
    "django.conf",
    "dj_database_url",
    "environ",
    "decouple",
)
"""Beside one of them DEBUG is the app's; anywhere else it is a word of that file."""
CONST = pattern(r"^[A-Z][A-Z0-9_]*$")


def no_constant(picture: Picture) -> Iterator[Judgement]:
    """III-1."""
    found = False
    names = ("DEBUG", "SITE_ID", *HOSTS, *ADDRESSES, *MAIL, *BUCKETS)
    for module, assign in picture.assigns(*names):
        if (
            module.role != "app"
            or is_development(assign.path)
            or assign.augmented
            or (assign.function is not None and "." not in assign.target)
        ):
            continue
        if assign.name == "DEBUG" and not (
            is_settings(assign.path) or assign.owner or module.imports_any(*FRAMEWORKS)
        ):
            continue
        judged = _constant(assign)
        if judged is None or replaceable(module, assign) or development_only(module, assign.guards):
            continue
        if overridden(picture, assign):
            continue
        found = True
        sure = judged[0] != "high" or not _others(picture, module, assign)
        yield find(
            "III-1",
            judged[0] if sure else "medium",
            judged[1],
            assign.place,
            fix=f"read {assign.name} from the environment: twelve check --fix III-1",
        )
    for place in _debugged(picture):
        found = True
        yield find(
            "III-1",
            "medium",
            "debug is fixed to on",
            place,
            fix="read it from the environment, off when nothing is said",
        )
    read = next(
        (
            (m, a)
            for m, a in picture.assigns("DEBUG", "ALLOWED_HOSTS")
            if from_env(trace(m, a.value))
        ),
        None,
    )
    if not found and read:
        yield Hold("what varies between deploys is read from the environment", read[1].place)


def _others(picture: Picture, module: Module, assign: Assign) -> bool:
    """Do other classes, or other settings beside it, say another value, so that production may take theirs?"""
    return has_variants(picture, assign.path) or (
        bool(assign.owner)
        and any(one.owner != assign.owner for one in module.assigned(assign.target))
    )


def _debugged(picture: Picture) -> Iterator[Place]:
    """An application that is made with ``debug=True``, outside of development."""
    for module, call in picture.calls(
        "FastAPI", "Starlette", "Litestar", "aiohttp.web.Application"
    ):
        given = call.value.get("debug")
        if (
            module.role == "app"
            and not is_development(call.path)
            and given is not None
            and (given.kind, given.text) == ("bool", "True")
            and not development_only(module, call.guards)
        ):
            yield call.place


def _constant(assign: Assign) -> tuple[str, str] | None:
    name, value = assign.name, assign.value
    if name == "DEBUG":
        top = (
            assign.function is None
            and (
                not assign.owner
                or not re.search(r"dev|test|local|debug", assign.owner, re.IGNORECASE)
            )
            and assign.target in ("DEBUG", "app.config.DEBUG")
        )
        return (
            ("high", "DEBUG is fixed to True")
            if value.kind == "bool" and value.text == "True" and top
            else None
        )
    if name == "SITE_ID":
        return (
            ("low", f"SITE_ID is fixed to {value.text}, the row of one deploy's database")
            if value.kind == "num" and value.text not in ("0", "1")
            else None
        )
    texts = (
        [one.text for one in fixed_strings(value)] if value.kind in ("str", "list", "join") else []
    )
    if name in HOSTS and value.kind in ("list", "str"):
        return _hosts(name, texts)
    if (
        name in ADDRESSES
        and value.kind == "str"
        and (is_settings(assign.path) or "." in assign.target or assign.owner)
    ):
        own = [
            text
            for text in texts
            if HOST.match(text) and not LOCAL.search(text) and not SAMPLE.search(text.rstrip("/"))
        ]
        return (
            ("medium", f"{name} is fixed to {own[0]}")
            if own and (name not in ("DOMAIN", "HOSTNAME", "API_URL") or assign.function is None)
            else None
        )
    if name in MAIL and value.kind == "str":
        own = [
            text
            for text in texts
            if "." in text and not LOCAL.search(text) and not SAMPLE.search(text)
        ]
        return ("low", f"{name} is fixed to one deploy's value") if own else None
    return (
        ("medium", f"{name} is fixed to {texts[0]}")
        if name in BUCKETS and value.kind == "str" and texts and texts[0]
        else None
    )


def _hosts(name: str, texts: list[str]) -> tuple[str, str] | None:
    own = [
        text
        for text in texts
        if HOST.match(text) and not LOCAL.search(text) and not SAMPLE.search(text)
    ]
    if own:
        return "high", f"{name} lists {own[0]}, the address of one deploy"
    return None


CLOUD = mention("AWS_", "AZURE_", "GOOGLE_", "GCP_")
READS_ENV = mention("env", "ENV", "config", "Settings")


def reads(picture: Picture) -> Iterator[Assign]:
    """The assignments of the files that may read the environment."""
    for module in picture.modules:
        if module.role == "app" and module.lines_of(READS_ENV):
            yield from module.assigns


def declared(picture: Picture) -> Iterator[Judgement]:
    """III-7."""
    names = {
        one.name
        for one in picture.variables
        if picture.files[one.path].role == "example"
        or re.search(r"example|sample|dist|template", one.path)
    }
    if not names:
        return
    missing: dict[str, list[Place]] = {}
    for assign in reads(picture):
        if is_development(assign.path):
            continue
        for part in walk(assign.value):
            if (
                part.kind == "env"
                and not part.parts
                and CONST.match(part.text)
                and part.text not in names
                and not part.text.startswith(("DJANGO_", "CI", "PYTHON", "NODE_", "npm_"))
            ):
                missing.setdefault(part.text, []).append(
                    Place(assign.path, part.line or assign.line)
                )
    for name, places in sorted(missing.items()):
        yield find(
            "III-7",
            "low",
            f"{name} is read and has no default, and no example file declares it",
            *places[:5],
            fix="twelve check --fix III-7",
        )
    if not missing:
        yield Hold(
            f"{len(names)} keys are declared",
            next(one.place for one in picture.variables if one.name in names),
        )


def static_keys(picture: Picture) -> Iterator[Judgement]:
    """ID-1."""
    keys = {
        "AWS_SECRET_ACCESS_KEY",
        "AZURE_CLIENT_SECRET",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "AZURE_ACCOUNT_KEY",
        "GCP_SERVICE_ACCOUNT",
    }
    places = [a.place for _, a in saying(picture, CLOUD) if keys & set(env_keys(a.value))]
    if places:
        yield find(
            "ID-1",
            "info",
            "static keys of a cloud are read; a workload identity would be short-lived",
            *places[:5],
        )


def read_once(picture: Picture) -> Iterator[Judgement]:
    """ID-2."""
    for module, call in picture.calls("read_text", "open"):
        if (
            module.role == "app"
            and call.function is None
            and call.value.parts
            and from_env(trace(module, call.value.parts[0]))
            and re.search(
                "token|identity", text_of(trace(module, call.value.parts[0])), re.IGNORECASE
            )
        ):
            yield find(
                "ID-2",
                "info",
                "an identity's file is read once, at import",
                call.place,
                fix="read it again for each use",
            )


def settings_module(module: Module) -> bool:
    """Does the module hold settings that the framework reads?"""
    return any(a.name in ("INSTALLED_APPS", "MIDDLEWARE", "SECRET_KEY") for a in module.assigns)
