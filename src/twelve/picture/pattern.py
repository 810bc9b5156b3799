"""Regular expressions that are compiled when they are first used: a run needs a third of them."""

import re
from typing import Any, AnyStr, cast

METHODS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split", "pattern")


class _Later:
    """Becomes the compiled expression, in effect, once one of its methods is asked for."""

    def __init__(self, text: Any, flags: int) -> None:
        self.text = text
        self.flags = flags

    def __getattr__(self, name: str) -> Any:
        made = re.compile(self.text, self.flags)
        for method in METHODS:
            setattr(self, method, getattr(made, method))
        return getattr(made, name)


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What ``re.compile`` gives, as far as its methods go."""
    return cast("re.Pattern[AnyStr]", _Later(text, flags))
