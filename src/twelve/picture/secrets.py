"""What a credential looks like: by its name, by its form, inside a URL. And what only stands in for one."""

import re

from twelve.picture.origin import DUMMY, LOCAL, PLACEHOLDER
from twelve.picture.pattern import pattern

KEY_NAME = pattern(
    r"(^|[_.\-\s])(secret[_-]?key|secret[_-]?cookie[_-]?key|cookie[_-]?secret|jwt[_-]?(secret|key)([_-]key)?|session[_-]?(secret|key)|signing[_-]?(key|secret)|encryption[_-]?key|fernet[_-]?key|hmac[_-]?(key|secret)|token[_-]?secret|app[_-]?secret|auth[_-]?secret|csrf[_-]?secret|secret[_-]?key[_-]\w+|secret|secretorkey|jwtsecret|sessionsecret|cookiesecret|signingkey|secretkey|cryptokey|crypto[_-]?key)$",
    re.IGNORECASE,
)
"""Names of keys that sign or encrypt: any literal is a fault."""
SECRET_NAME = pattern(
    r"(secret|passw(or)?d|passphrase|token|api[_-]?key|private[_-]?key|access[_-]?key|credential|auth[_-]?key|(^|_)pwd$|(^|_)pass$|account[_-]?key|client[_-]?secret|smtp[_-]?pass)",
    re.IGNORECASE,
)
NOT_SECRET = pattern(
    r"(url|uri|name|field|header|path|type|expir\w*|algorithm|prefix|suffix|template|regex|pattern|label|message|msg|error|help|text|hint|param|var|class|backend|input|placeholder|length|"
    r"min|max|size|_id|ids|ttl|timeout|age|lifetime|format|column|col|attr|attribute|mode|endpoint|policy|validators?|hashers?|scheme|form|view|status|event|action|title|description|scope|"
    r"cookie|route|page|file|dir|mask|strength|count|limit|minutes|seconds|hours|days|enabled|required|changed|reset\w*|confirm\w*|key_prefix|parser|index|style|color|icon|service|provider|kind|issuer|audience|location|role|permission|env|version|lookup|address|kwarg|property|selector|strategy|adapter|subject|check|store|source|level|method|domain|table|salt_?length|model|serializer|queue|topic|flow|generator|cls|func|handler|in|usage|tokens|tokenizer|re|grant)$",
    re.IGNORECASE,
)
SWITCH = pattern(r"(^|_)(use|enable|allow|require|has|is|with|skip|show)_", re.IGNORECASE)
URL_PASSWORD = pattern(r"\b[a-z][a-z0-9+.-]*://[^\s:/@'\"{}$]+:([^\s@/'\"]+)@([^\s/'\":?]+)")
FORMATS = (
    (("AKIA",), pattern(r"\bAKIA[0-9A-Z]{16}\b"), "an AWS access key"),
    (("AIza",), pattern(r"\bAIza[0-9A-Za-z_-]{35}\b"), "a Google API key"),
    (("ghp_", "gho_", "ghs_", "ghu_"), pattern(r"\b(ghp|gho|ghs|ghu)_[A-Za-z0-9]{36}\b"), "a GitHub token"),
    (("github_pat_",), pattern(r"\bgithub_pat_[A-Za-z0-9_]{60,}"), "a GitHub token"),
    (("glpat-",), pattern(r"\bglpat-[A-Za-z0-9_-]{20}\b"), "a GitLab token"),
    (("xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"), pattern(r"\bxox[baprs]-[0-9A-Za-z-]{20,}"), "a Slack token"),
    (("sk_live_", "rk_live_"), pattern(r"\b[sr]k_live_[0-9A-Za-z]{20,}"), "a Stripe key"),
    (("SG.",), pattern(r"\bSG\.[\w-]{22}\.[\w-]{43}\b"), "a SendGrid key"),
    (("PRIVATE KEY",), pattern(r"-----BEGIN (RSA |EC |OPENSSH |DSA |PGP )?PRIVATE KEY( BLOCK)?-----\s*(\\n|\n)?\s*[A-Za-z0-9+/=]{16,}"), "a private key"),
)  # fmt: skip
"""What a text must say, how the credential looks, and what it is."""
FORMAT_WORDS = (
    "AKIA", "AIza", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "sk_live_", "rk_live_", "SG.", "PRIVATE KEY-----",
)  # fmt: skip
"""Of these a file must hold one."""
UNSAYABLE = pattern(r"[bcdfghjklmnpqrstvwxz]{6}")
"""So many consonants in a row stand in no word: small letters alone can be a password."""
SAYS = pattern(
    r"change|replace|placeholder|example|dummy|fake|your|todo|fixme|sample|demo|insecure|(^|[^a-z])(dev|development|develop|local|localhost|test|testing|default|here|secret|temp)([^a-z]|$)|passwo?r?d|not[-_ ]?(so|for|a|very)|x{4,}|super[-_ ]?secret|my[-_ ]?secret|secret[-_ ]?key",
    re.IGNORECASE,
)
GENERATED = pattern(r"^django-insecure-(?=.{30,})")
SAMPLE = pattern(r"EXAMPLE|example|sample|0{8}|1234567|abcdef|xxxx|dummy", re.IGNORECASE)


def is_key_name(name: str) -> bool:
    """Does the name mean a key that signs or encrypts?"""
    return bool(KEY_NAME.search(name)) and not NOT_SECRET.search(name)


def is_secret_name(name: str) -> bool:
    """Does the name mean a credential of any sort?"""
    if SWITCH.search(name):
        return False
    return is_key_name(name) or (bool(SECRET_NAME.search(name)) and not NOT_SECRET.search(name))


def stands_in(value: str) -> bool:
    """Is the text a placeholder, not a value?"""
    return not value.strip() or bool(PLACEHOLDER.match(value)) or bool(DUMMY.match(value))


def says_otherwise(value: str) -> bool:
    """Does the text say itself that a real value takes its place: a word of development, tests or examples?

    What Django generates for a new project is a real key, whatever it starts with.
    """
    return not GENERATED.match(value) and bool(SAYS.search(value) or SAMPLE.search(value))


def plausible(name: str, value: str) -> bool:
    """May the text be a real credential under this name?"""
    if (
        stands_in(value)
        or len(value) < 6
        or re.search(r"\s|^\d+/(s|sec|second|m|min|minute|h|hour|d|day)s?$", value)
        or value.startswith(
            (
                "/",
                "http://",
                "https://",
                "./",
                "$",
                "{",
                "<",
                "%",
                "#",
                ".",
                "@",
                "[",
                "^",
                "(",
                "+",
            )
        )
    ):
        return False
    words = re.sub(r"[^a-z]", "", value.lower())
    if words and (words in name.lower().replace("_", "") or name.lower().replace("_", "") in words):
        return False
    if re.fullmatch(r"[a-z]{12,}", value) and UNSAYABLE.search(value):
        return True
    if re.fullmatch(
        r"[a-z]+([A-Z][a-z]+)+|[a-z]+([_.:/-][a-z]+)+|[A-Z]+(_[A-Z]+)+(_\d{1,4})?|[A-Z]?[a-z]+",
        value,
    ):
        return False
    if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", value) and not value.startswith("eyJ"):
        return False
    return (
        bool(re.search(r"\d", value))
        or bool(re.search(r"[^\w.:/-]", value))
        or bool(re.search(r"[a-z].*[A-Z]|[A-Z].*[a-z]", value))
    )


def url_password(text: str) -> str:
    """The password in a URL when it is a real one at a place that is not this machine."""
    match = URL_PASSWORD.search(text)
    if (
        not match
        or stands_in(match[1])
        or "{" in match[1]
        or LOCAL.search(match[2])
        or "example" in match[2]
    ):
        return ""
    user = text[match.start() : match.end()].partition("://")[2].partition(":")[0]
    return (
        ""
        if match[1] == user
        or match[1].startswith(("$", "<", "%(", "*"))
        or re.fullmatch(r"[A-Z_]+|x+|\.+|pass\w*|pw|user\w*", match[1])
        or "." not in match[2]
        else match[1]
    )


def masked(value: str) -> str:
    """Enough of a value to find it again, never the whole."""
    return (value[:2] if len(value) > 8 else "") + "…" + f" ({len(value)} characters)"
