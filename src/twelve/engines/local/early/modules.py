"""Modules in one file: those that an early supervisor imports, read at once instead of one by one.

Half of the time that imports take goes into looking for files. The first early supervisor writes
down what it has imported, and the next one takes it from there, while every file is as it was.
"""

import marshal
import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import ExtensionFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
else:
    ModuleType = type(sys)

MADE_OF = (sys.version, sys.executable, os.path.dirname(__file__))
"""Another Twelve, or another interpreter, has a file of its own: the last one that began."""
LATE = frozenset(
    {
        "heapq",
        "twelve.engines.local.supervisor.adoption",
        "twelve.engines.local.supervisor.ending",
        "twelve.engines.local.supervisor.protocol",
        "twelve.engines.local.supervisor.succession",
        "twelve.engines.local.supervisor.terminal",
    }
)
"""What an early supervisor needs only when its processes run: its code waits for the first use."""

Signature = tuple[int, int]
Entry = tuple[str, bool, bytes]
"""Path of the source, whether it is a package, and what it compiles to; nothing for a library."""


class Late(ModuleType):
    """A module whose code runs when something of it is asked for."""

    def __getattr__(self, name: str) -> object:
        """What is not there before the code has run."""
        spec = self.__spec__
        self.__class__ = ModuleType  # type: ignore[assignment]
        run(self, spec.loader.entries[spec.name])  # type: ignore[union-attr]
        return getattr(self, name)


class Modules:
    """Finds and loads what the file holds."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self.entries = entries

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> object:
        """Where a module comes from; None for one that is not here."""
        entry = self.entries.get(name)
        if entry is None:
            return None
        path, is_package, code = entry
        loader = self if code else ExtensionFileLoader(name, path)
        spec = ModuleSpec(name, loader, origin=path, is_package=is_package)  # type: ignore[arg-type]
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [os.path.dirname(path)]
        return spec

    def create_module(self, _spec: object) -> None:
        """As usual."""

    def exec_module(self, module: ModuleType) -> None:
        """Run its code, or see to it that it is run."""
        if module.__name__ in LATE:
            module.__class__ = Late
        else:
            run(module, self.entries[module.__name__])


def run(module: ModuleType, entry: Entry) -> None:
    """Run the code of a module."""
    exec(marshal.loads(entry[2]), module.__dict__)  # noqa: S102, S302 - it is our own code


def use(path: str) -> bool:
    """Import from a file that ``keep`` wrote from now on, if it still holds."""
    try:
        with open(path, "rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return False
            made_of, signatures, entries = marshal.loads(file.read())  # noqa: S302 - it is our own
        if made_of != MADE_OF or any(map(changed, signatures.items())):
            return False
    except (OSError, ValueError, TypeError, EOFError):
        return False
    sys.meta_path.insert(0, Modules(entries))  # type: ignore[arg-type]
    return True


def changed(one: tuple[str, Signature]) -> bool:
    """Whether a source is another one than it was. Raises OSError."""
    return signature(one[0]) != one[1]


def signature(path: str) -> Signature:
    """What changes when a source does. Raises OSError."""
    facts = os.stat(path)
    return facts.st_mtime_ns, facts.st_size


def keep(path: str, before: set[str]) -> None:
    """Write down every module that is there now and was not ``before``."""
    entries: dict[str, Entry] = {}
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        origin = getattr(spec, "origin", None) or ""
        if spec is None or name in before:
            continue
        if origin.endswith(".py") and (code := spec.loader.get_code(name)):
            is_package = spec.submodule_search_locations is not None
            entries[name] = origin, is_package, marshal.dumps(code)
        elif origin.endswith(".so"):
            entries[name] = origin, False, b""
    signatures = {origin: signature(origin) for origin, _, _ in entries.values()}
    temporary = f"{path}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    file = os.open(temporary, flags, 0o600)
    try:
        with open(file, "wb") as out:
            out.write(marshal.dumps((MADE_OF, signatures, entries)))
        os.rename(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
