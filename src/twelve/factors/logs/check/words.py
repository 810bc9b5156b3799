"""What the judges of this factor share."""

from collections.abc import Iterator

from twelve.picture.code import Assign, Module
from twelve.picture.paths import is_development
from twelve.picture.rule import Picture
from twelve.picture.value import Value


def own(module: Module, path: str) -> bool:
    """Is it app code, and not a file for development?"""
    return module.role == "app" and not is_development(path)


def handler_dicts(picture: Picture) -> Iterator[tuple[Module, Assign, Value]]:
    """The handlers of each dictConfig in app code."""
    for module, assign in picture.assigns(
        "LOGGING",
        "LOGGING_CONFIG",
        "LOG_CONFIG",
        "logging_config",
        "LOGGING_DICT",
        "log_config",
        "logconfig_dict",
        "handlers",
    ):
        if own(module, assign.path):
            held = (
                assign.value.get("handlers")
                if assign.value.kind == "dict" and assign.name != "handlers"
                else assign.value
                if assign.target.endswith(".handlers") or assign.name == "handlers"
                else None
            )
            for _, part in held.items() if held is not None and held.kind == "dict" else ():
                if part.kind == "dict":
                    yield module, assign, part
    for module, call in picture.calls("dictConfig"):
        held = call.value.argument(0)
        held = held.get("handlers") if held is not None and held.kind == "dict" else None
        for _, part in held.items() if held is not None and held.kind == "dict" else ():
            if part.kind == "dict" and own(module, call.path):
                yield (
                    module,
                    Assign("dictConfig", call.value, call.line, call.path, guards=call.guards),
                    part,
                )
