"""Env-origin: where a value comes from, and whether the environment can replace it."""

import re

from twelve.picture.code import Assign, Call, Function, Guard, Module
from twelve.picture.pattern import pattern
from twelve.picture.value import Value, env_keys, from_env, walk

DEPTH = 4
PLACEHOLDER = pattern(
    r"^(\W*|change[-_ ]?(me|this|it|in.*)?\W*|.*change[-_ ]?(me|this|it)\b.*|.*change.?in.?prod.*|example.*|.*\bexample\b.*|x{3,}.*|\*+|<.*>|\$\{?.*\}?|\{\{.*|%\(?.*|your[-_ ].*|my[-_ ]?(secret|key|password|token).*"
    r"|set[-_ ](me|this)\b.*|todo|fixme.*|replace.*|insert.*|dummy.*|fake.*|placeholder.*|none|null|undefined|true|false|test(ing)?|secret|password|pass|passwd|default|dev|development|local|foo|bar|baz|redacted|n/?a|unset|empty|root|admin|user|postgres|token|key|not[-_ ]?(set|a|used|real).*|insecure.*|django-insecure.*)$",
    re.IGNORECASE,
)
"""Values that stand where a real one should be."""
DUMMY = pattern(
    r"^(dummy|fake|build[-_]?\w*|placeholder|x+|test\w*|unused|none|ignored?|not-?\w*|a|secret|temp\w*|tmp\w*|foo|bar|key|changeme)$",
    re.IGNORECASE,
)
LOCAL = pattern(
    r"(?<![\w.-])(localhost|127\.0\.0\.1|0\.0\.0\.0|\[?::1?\]?|host\.docker\.internal)(?![\w.-])"
)
CAMEL = pattern(r"(?<=[a-z])(?=[A-Z])")
DEV_TESTS = pattern(
    r"(^|_)(debug|dev|development|local|test|testing|is_dev|ci|debugging)($|_)", re.IGNORECASE
)
ENV_NAMES = pattern(
    r"^(NODE_ENV|RAILS_ENV|FLASK_ENV|APP_ENV|ENV|ENVIRONMENT|DJANGO_ENV|FASTAPI_ENV|STAGE|DEPLOY_ENV|APP_ENVIRONMENT|\w*_(ENV|ENVIRONMENT|STAGE))$"
)

ENVIRONMENT = r"environ|getenv|process\.env|meta\.env|[eE]nv\w*\(|\benv\.|Settings\b|config\("
"""What a file says that reads the environment."""


def trace(module: Module, value: Value, function: Function | None = None, depth: int = 0) -> Value:
    """The value with names replaced by what was assigned to them, as far as this file tells."""
    if depth > DEPTH:
        return value
    if value.kind == "name":
        found = _last(module, value, function)
        return trace(module, found, function, depth + 1) if found is not None else value
    if not value.parts:
        return value
    return value._replace(
        parts=tuple(trace(module, part, function, depth + 1) for part in value.parts)
    )


def _last(module: Module, value: Value, function: Function | None) -> Value | None:
    held = module.assigned(value.text)
    if not held and value.text.startswith(("this.", "self.")) and value.text.count(".") == 1:
        fields = [a for a in module.assigned(value.text[5:]) if a.owner and a.function is None]
        return fields[0].value if len(fields) == 1 else None
    if function is not None:
        own = [
            a
            for a in held
            if a.function is not None
            and a.function.qualified == function.qualified
            and (not value.line or a.line <= value.line)
        ]
        if own:
            return own[-1].value if not own[-1].augmented else None
        if value.text in function.params:
            return None
    top = [a for a in held if a.function is None and not a.owner]
    if len(top) == 1 or (top and all(not a.guards for a in top)):
        return top[-1].value if not top[-1].augmented else None
    if top:
        return Value("cond", "", tuple(a.value for a in top[:6]))
    return None


def replaceable(module: Module, assign: Assign) -> bool:
    """Can the environment replace what is assigned here: in the value, in a condition, or by a later assignment?"""
    if from_env(trace(module, assign.value, assign.function)):
        return True
    for other in module.assigned(assign.target):
        if other is not assign and (
            from_env(trace(module, other.value, other.function))
            or any(from_env(trace(module, g.test, other.function)) for g in other.guards)
        ):
            return True
    return any(from_env(trace(module, guard.test, assign.function)) for guard in assign.guards)


def guarded_by_env(
    module: Module, guards: tuple[Guard, ...], function: Function | None = None
) -> list[str]:
    """The variables that the conditions ask for."""
    return [key for guard in guards for key in env_keys(trace(module, guard.test, function))]


def development_only(module: Module, guards: tuple[Guard, ...]) -> bool:
    """Does the code run only when a debug or development switch is on (or a production one off)?"""
    for guard in guards:
        words = [part.text for part in walk(guard.test) if part.kind in ("name", "env", "str")]
        dev = any(
            DEV_TESTS.search(CAMEL.sub("_", word).replace(".", "_").replace("-", "_"))
            for word in words
        )
        prod = any(re.search(r"prod|live", word, re.IGNORECASE) for word in words)
        negated = guard.test.text in ("not", "noteq") or guard.test.text == "notin"
        if dev and guard.wanted != negated:
            return True
        if prod and guard.wanted == negated:
            return True
        if _local_platform(module, guard):
            return True
    return False


def for_tests(assign: Assign) -> bool:
    """Is it a setting in a class for tests, such as ``class TestingConfig``?"""
    words = CAMEL.sub("_", assign.owner).lower().split("_")
    return bool({"test", "tests", "testing"} & set(words))


def _local_platform(module: Module, guard: Guard) -> bool:
    """The other side of ``if PLATFORM_VARIABLE in os.environ``."""
    test = trace(module, guard.test)
    presence = [part for part in walk(test) if part.kind == "compare" and part.text == "in"]
    return bool(presence) and not guard.wanted and test.text != "not"


def is_main(guards: tuple[Guard, ...]) -> bool:
    """Does the code stand under ``if __name__ == "__main__"`` (or ``require.main === module``)?"""
    return any(
        part.text in ("__name__", "require.main") for guard in guards for part in walk(guard.test)
    )


def call_env(module: Module, call: Call) -> bool:
    """Does an argument of the call come from the environment?"""
    return any(from_env(trace(module, part, call.function)) for part in call.value.parts)
