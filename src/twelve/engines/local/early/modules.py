"""Modules in one file: those that an early supervisor imports, read at once instead of one by one.

Two thirds of the time that imports take go into looking for files and into the ceremony around
each. The first early supervisor writes down what it has imported, and the next one has it all from
there, while every file is as it was: modules whose code runs when something of them is asked for.
"""

import _imp
import marshal
import os
import sys
from _frozen_importlib import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
else:
    ModuleType = type(sys)

MADE_OF = (sys.version, sys.executable, os.path.dirname(__file__))
"""Another Twelve, or another interpreter, has a file of its own: the last one that began."""
LATER = frozenset(
    {
        "heapq",
        "_heapq",
        "twelve.engines.local.supervisor.adoption",
        "twelve.engines.local.supervisor.ending",
        "twelve.engines.local.supervisor.protocol",
        "twelve.engines.local.supervisor.succession",
        "twelve.engines.local.supervisor.terminal",
    }
)
"""What no app needs on its way to its program, so that it need not be there before the forks."""

Signature = tuple[int, int]
Entry = tuple[str, bool, bytes]
"""Path of the source, whether it is a package, and what it compiles to; nothing for a library."""

WAITING: dict[str, bytes] = {}
"""The code of modules of which nothing was asked for yet."""


class Waiting(ModuleType):
    """A module whose code runs when something of it is asked for."""

    def __getattr__(self, name: str) -> object:
        """What is not there before the code has run: no name that the import system looks for."""
        if name.startswith("__") or not run(self):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(self, name)


def run(module: ModuleType) -> bool:
    """Run its code; False when that was done before."""
    code = WAITING.pop(module.__name__, None)
    if code is None:
        return False
    module.__class__ = ModuleType
    exec(marshal.loads(code), module.__dict__)  # noqa: S102, S302 - it is our own code
    return True


def use(path: str) -> bool:
    """Have the modules of a file that ``keep`` wrote, if it still holds."""
    try:
        with open(path, "rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return False
            made_of, signatures, entries = marshal.loads(file.read())  # noqa: S302 - it is our own
        if made_of != MADE_OF or any(map(changed, signatures.items())):
            return False
    except (OSError, ValueError, TypeError, EOFError):
        return False
    for name in sorted(entries):  # what holds others comes before them
        if name not in sys.modules:
            put(name, entries[name])
    return True


def put(name: str, entry: Entry) -> None:
    """A module where others find it; a library is loaded at once, unless it can wait."""
    path, is_package, code = entry
    if not code:
        if name not in LATER:
            spec = ModuleSpec(name, None, origin=path)
            sys.modules[name] = module = _imp.create_dynamic(spec)
            _imp.exec_dynamic(module)
        return
    module = Waiting(name)
    parent, _, last = name.rpartition(".")
    module.__file__ = path
    module.__package__ = name if is_package else parent
    if is_package:
        module.__path__ = [os.path.dirname(path)]
    WAITING[name] = code
    sys.modules[name] = module
    if parent:
        setattr(sys.modules[parent], last, module)


def settle() -> None:
    """What a fork is to find is there: all but what can wait longer."""
    for name in list(WAITING):
        if name not in LATER:
            run(sys.modules[name])


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
