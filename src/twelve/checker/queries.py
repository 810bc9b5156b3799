"""What is asked of the modules of a picture: calls and assignments by their names."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from twelve.picture.code import Assign, Call, Module
from twelve.picture.paths import is_settings


class Queries:
    """Answers from an index that is made once, over whatever modules there are."""

    if TYPE_CHECKING:

        @property
        def modules(self) -> Sequence[Module]: ...

    @cached_property
    def _call_index(self) -> dict[str, list[tuple[Module, Call]]]:
        index: dict[str, list[tuple[Module, Call]]] = {}
        for module in self.modules:
            for call in module.calls:
                index.setdefault(call.last.removeprefix("new "), []).append((module, call))
        return index

    def calls(self, *names: str) -> Iterable[tuple[Module, Call]]:
        for name in names:
            last = name.rpartition(".")[2].removeprefix("new ")
            for module, call in self._call_index.get(last, ()):
                if (
                    call.name == name
                    or call.name.endswith("." + name)
                    or call.name.removeprefix("new ") == name
                ):
                    yield module, call

    @cached_property
    def _assign_index(self) -> dict[str, list[tuple[Module, Assign]]]:
        index: dict[str, list[tuple[Module, Assign]]] = {}
        for module in self.modules:
            for assign in module.assigns:
                index.setdefault(assign.name, []).append((module, assign))
        return index

    def assigns(self, *names: str) -> Iterable[tuple[Module, Assign]]:
        if not names:
            for module in self.modules:
                for assign in module.assigns:
                    yield module, assign
        for name in names:
            yield from self._assign_index.get(name, ())

    def constant(self, name: str) -> Assign | None:
        held = [a for _, a in self.assigns(name) if a.function is None and is_settings(a.path)]
        return held[-1] if held else None
