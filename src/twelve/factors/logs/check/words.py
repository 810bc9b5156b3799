"""What the judges of this factor share."""

import re
from collections.abc import Iterator

from twelve.picture.code import Assign, Module
from twelve.picture.mentions import mention
from twelve.picture.paths import is_development
from twelve.picture.pattern import pattern
from twelve.picture.rule import Picture, saying
from twelve.picture.value import Value

HANDLERS = mention("handlers")
LOGGING = pattern(r"(^|_)log(s|ging|ger)?(_|$)|logging|logconf", re.IGNORECASE)
"""Names under which a dictConfig is kept."""


def own(module: Module, path: str) -> bool:
    """Is it app code, and not a file for development?"""
    return module.role == "app" and not is_development(path)


def handler_dicts(picture: Picture) -> Iterator[tuple[Module, Assign, Value]]:
    """The handlers of each dictConfig in app code."""
    for module, assign in saying(picture, HANDLERS):
        if not own(module, assign.path) or assign.value.kind != "dict":
            continue
        owner, _, name = assign.target.rpartition(".")
        if owner.endswith(".handlers"):
            yield module, assign, assign.value
            continue
        held = assign.value if name == "handlers" else None
        if held is None and LOGGING.search(assign.name):
            held = assign.value.get("handlers")
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
