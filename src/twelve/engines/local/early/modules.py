"""Modules in one file: those that an early supervisor imports, read at once instead of one by one.

Half of the time that imports take goes into looking for files. The first early supervisor writes
down what it has imported, and the next one takes it from there, while every file is as it was.
"""

import marshal
import os
import sys
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

Signature = tuple[int, int]
Entry = tuple[str, bool, CodeType]
"""Path of the source, whether it is a package, and what it compiles to."""


class Modules:
    """Finds and loads what the file holds."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self.entries = entries

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> object:
        """Where a module comes from; None for one that is not here."""
        entry = self.entries.get(name)
        if entry is None:
            return None
        path, is_package, _ = entry
        spec = ModuleSpec(name, self, origin=path, is_package=is_package)  # type: ignore[arg-type]
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [os.path.dirname(path)]
        return spec

    def create_module(self, _spec: object) -> None:
        """As usual."""

    def exec_module(self, module: ModuleType) -> None:
        """Run its code."""
        exec(self.entries[module.__name__][2], module.__dict__)  # noqa: S102 - it is our own code


def use(path: str) -> bool:
    """Import from a file that ``keep`` wrote from now on, if it still holds."""
    try:
        with open(path, "rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                return False
            version, signatures, entries = marshal.loads(file.read())  # noqa: S302 - it is our own
        if version != sys.version or any(map(changed, signatures.items())):
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
        if spec is None or name in before or not origin.endswith(".py"):
            continue
        if code := spec.loader.get_code(name):
            entries[name] = origin, spec.submodule_search_locations is not None, code
    signatures = {origin: signature(origin) for origin, _, _ in entries.values()}
    temporary = f"{path}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    file = os.open(temporary, flags, 0o600)
    try:
        with open(file, "wb") as out:
            out.write(marshal.dumps((sys.version, signatures, entries)))
        os.rename(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
