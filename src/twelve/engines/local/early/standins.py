"""Stand-ins: just as much of some large modules as the supervisor uses, in a tenth of their time.

``typing``, ``re``, ``enum``, ``json``, ``socket`` and what they import in turn are two thirds of
the time that a supervisor takes to start. The one that ``early`` forks starts its processes with
these in their place, and then runs its program anew, with the modules themselves; the inits that
it made keep them. What is missing here is an error of import, or ends that supervisor, and then
``up`` goes the long way: nothing wrong comes of it, only something slow. A test has the real
supervisor start processes in this world.
"""

import _collections  # type: ignore[import-not-found]
import _collections_abc
import _ctypes
import _functools  # type: ignore[import-not-found]
import _json
import _signal  # type: ignore[import-not-found]
import _socket
import _struct
import sys

NAMES = (
    "typing",
    "collections",
    "collections.abc",
    "functools",
    "contextlib",
    "ctypes",
    "enum",
    "json",
    "signal",
    "socket",
    "struct",
)
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
else:
    ModuleType = type(sys)

REAL: dict[str, ModuleType] = {}
"""The modules themselves, where a stand-in did not suffice."""


def install() -> None:
    """Put them where the modules would stand that nobody has imported yet."""
    made = typing(), collections(), functools(), contextlib(), enum(), json(), signal(), socket()
    for module in (*made, ctypes()):
        sys.modules.setdefault(module.__name__, module)
    sys.modules.setdefault("struct", _struct)
    sys.modules.setdefault("collections.abc", _collections_abc)


def module_of(name: str, **members: object) -> ModuleType:
    """A module with these members; for any other the module itself is imported after all."""

    def missing(member: str) -> object:
        if member.startswith("__"):
            raise AttributeError(member)
        return getattr(real(name), member)

    module = ModuleType(name)
    module.__dict__.update(members)
    module.__dict__["__getattr__"] = missing
    return module


def real(name: str) -> ModuleType:
    """The module itself; who has the stand-in keeps it."""
    if name not in REAL:
        from importlib import import_module

        stand_in = sys.modules.pop(name)
        try:
            REAL[name] = import_module(name)
        finally:
            sys.modules[name] = stand_in
    return REAL[name]


class Named(type):
    """Makes tuples with names of classes that are written like ``typing.NamedTuple``."""

    def __new__(cls, name: str, bases: tuple[type, ...], space: dict[str, object]) -> type:
        """The class; its fields are those that have annotations."""
        if bases == (tuple,):
            return type.__new__(cls, name, bases, space)
        fields: tuple[str, ...] = tuple(space.get("__annotations__", ()))  # type: ignore[arg-type]
        space |= {"_fields": fields, "__slots__": ()}
        space["_defaults"] = {field: space[field] for field in fields if field in space}
        getter = getattr(_collections, "_tuplegetter")  # noqa: B009 - it has no other name
        space |= {field: getter(at, "") for at, field in enumerate(fields)}
        return type.__new__(cls, name, bases, space)


class NamedTuple(tuple, metaclass=Named):  # type: ignore[type-arg]
    """A tuple with names."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()
    _defaults: dict[str, object] = {}  # noqa: RUF012 - each class has its own

    def __new__(cls, *values: object, **named: object) -> "NamedTuple":  # noqa: PYI034 - no typing
        """From values in their order, then by name, then as the class says."""
        rest = cls._fields[len(values) :]
        known = cls._defaults | named
        if len(values) > len(cls._fields) or not named.keys() <= set(rest):
            raise TypeError(f"{cls.__name__}: other values than it has fields for")
        try:
            return tuple.__new__(cls, (*values, *(known[field] for field in rest)))
        except KeyError as error:
            raise TypeError(f"{cls.__name__}: {error} is missing") from None

    def _asdict(self) -> dict[str, object]:
        return dict(zip(self._fields, self, strict=True))

    def _replace(self, **named: object) -> "NamedTuple":
        return type(self)(**{**self._asdict(), **named})


def typing() -> ModuleType:
    """Annotations mean nothing when a program runs."""
    plain = dict.fromkeys(("Any", "NoReturn", "Self", "Protocol"), object)
    return module_of("typing", NamedTuple=NamedTuple, **plain)


def collections() -> ModuleType:
    """Of its own it has what is written in C."""
    return module_of("collections", deque=_collections.deque, abc=_collections_abc, __path__=[])


def functools() -> ModuleType:
    """What remembers, without a limit."""
    wrap = _functools._lru_cache_wrapper  # noqa: SLF001 - it has no other name
    info = tuple

    def cache(function: object) -> object:
        return wrap(function, None, False, info)

    return module_of("functools", cache=cache, partial=_functools.partial, reduce=_functools.reduce)


class Suppress:
    """``contextlib.suppress``."""

    def __init__(self, *errors: type[BaseException]) -> None:
        self.errors = errors

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _fault: BaseException | None,
        _trace: object,
    ) -> bool:
        return kind is not None and issubclass(kind, self.errors)


def contextlib() -> ModuleType:
    """The one manager that the supervisor uses."""
    return module_of("contextlib", suppress=Suppress)


class Library:
    """``ctypes.CDLL`` of the program itself, as far as calls of C go."""

    def __init__(self, name: None, *, use_errno: bool = False) -> None:
        flags = _ctypes.FUNCFLAG_CDECL | (_ctypes.FUNCFLAG_USE_ERRNO if use_errno else 0)
        self._handle = _ctypes.dlopen(name, _ctypes.RTLD_LOCAL)  # type: ignore[arg-type]
        space = {"_flags_": flags, "_restype_": SIMPLE["c_int"]}
        make: type[type] = type(_ctypes.CFuncPtr)
        self._kind = make("Call", (_ctypes.CFuncPtr,), space)

    def __getattr__(self, name: str) -> object:
        """The call of that name. Raises AttributeError."""
        call = self._kind((name, self))
        setattr(self, name, call)
        return call


def simple(code: str) -> type:
    """A type of C that is one number or address."""
    plain = _ctypes._SimpleCData  # noqa: SLF001 - it has no other name
    make: type[type] = type(plain)
    return make("Simple", (plain,), {"_type_": code})


SIMPLE = {
    "c_char": simple("c"),
    "c_char_p": simple("z"),
    "c_int": simple("i"),
    "c_uint": simple("I"),
    "c_long": simple("l"),
    "c_ulong": simple("L"),
}


def ctypes() -> ModuleType:
    """Calls of the C library, and what they are given."""

    def create_string_buffer(init: bytes | int, size: int = 0) -> object:
        data = b"" if isinstance(init, int) else init
        buffer = (SIMPLE["c_char"] * (init if isinstance(init, int) else size or len(data) + 1))()  # type: ignore[operator]
        buffer.value = data
        return buffer

    return module_of(
        "ctypes",
        **SIMPLE,
        c_size_t=SIMPLE["c_ulong"],
        CDLL=Library,
        addressof=_ctypes.addressof,
        get_errno=_ctypes.get_errno,
        create_string_buffer=create_string_buffer,
    )


class Members(type):
    """Makes of the values of a class its members."""

    def __new__(cls, name: str, bases: tuple[type, ...], space: dict[str, object]) -> type:
        """The class, each of whose plain values is an instance of it."""
        found = {key: space[key] for key in space if not key.startswith("_")}
        made = type.__new__(cls, name, bases, space)
        new: type = object.__new__  # type: ignore[assignment]
        made.__members__ = {}
        for key, value in found.items():
            member = new(made)
            member.name, member.value = key, value
            made.__members__[key] = member
            setattr(made, key, member)
        return made

    def __call__(cls, value: object) -> object:
        """The member of that value. Raises ValueError."""
        for member in cls.__members__.values():
            if member.value == value:
                return member
        raise ValueError(f"{value!r} is not a valid {cls.__name__}")

    __members__: dict[str, "Enum"]


class Enum(metaclass=Members):
    """``enum.Enum`` without its ways to be iterated and combined."""

    name: str
    value: object


def enum() -> ModuleType:
    """Plain members."""
    return module_of("enum", Enum=Enum)


def json() -> ModuleType:
    """The accelerator of ``json``, which does it all for plain data."""

    def refuse(value: object) -> object:
        raise TypeError(f"{type(value).__name__} is no JSON")

    def dumps(
        data: object,
        *,
        sort_keys: bool = False,
        separators: tuple[str, str] = (", ", ": "),
        ensure_ascii: bool = True,
    ) -> str:
        string = _json.encode_basestring_ascii if ensure_ascii else _json.encode_basestring
        between, after = separators
        make = _json.make_encoder(
            {},
            refuse,
            string,
            None,
            after,
            between,
            sort_keys,
            False,
            True,
        )
        return "".join(make(data, 0))

    class Kept:
        strict, object_hook, object_pairs_hook = True, None, None
        parse_float, parse_int, parse_constant = float, int, float

    scan = _json.make_scanner(Kept())  # type: ignore[arg-type]

    def loads(text: str | bytes) -> object:
        plain = text if isinstance(text, str) else text.decode("utf-8", "surrogatepass")
        try:
            return scan(plain.strip(), 0)[0]
        except StopIteration:
            raise ValueError("this is not JSON") from None

    return module_of("json", dumps=dumps, loads=loads)


class Number(int):
    """A signal: a number with a name."""

    name: str

    @property
    def value(self) -> int:
        """The number."""
        return int(self)


class Signals:
    """``signal.Signals``: from a number, or by name."""

    __members__: dict[str, Number] = {}  # noqa: RUF012 - there is one set of signals

    def __new__(cls, number: int) -> Number:  # type: ignore[misc]
        """The signal of that number. Raises ValueError."""
        for member in cls.__members__.values():
            if member == number:
                return member
        raise ValueError(f"{number!r} is not a valid Signals")


def signal() -> ModuleType:
    """All of its calls are written in C."""
    members = dict(vars(_signal))
    for name, value in list(members.items()):
        if name.startswith("SIG") and "_" not in name:
            number = members[name] = Number(value)
            number.name = name
            if name not in ("SIGRTMIN", "SIGRTMAX", "SIGCLD", "SIGPOLL", "SIGIOT"):
                Signals.__members__[name] = number
    members |= {"__name__": "signal", "Signals": Signals}
    return module_of("signal", **members)


class Socket(_socket.socket):
    """``socket.socket``, and what it does in Python."""

    def accept(self) -> tuple["Socket", object]:
        """The next connection."""
        fd, address = self._accept()  # type: ignore[attr-defined]
        return Socket(self.family, self.type, self.proto, fileno=fd), address


def socket() -> ModuleType:
    """Its calls, and how descriptors are sent and received."""

    def socketpair(family: int = _socket.AF_UNIX, kind: int = _socket.SOCK_STREAM) -> object:
        ends = _socket.socketpair(family, kind, 0)
        return tuple(Socket(family, kind, 0, end.detach()) for end in ends)

    def send_fds(link: Socket, buffers: list[bytes], fds: list[int], flags: int = 0) -> int:
        packed = _struct.pack(f"{len(fds)}i", *fds)
        ancillary = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed)]
        return link.sendmsg(buffers, ancillary, flags)

    def recv_fds(
        link: Socket, size: int, most: int, flags: int = 0
    ) -> tuple[bytes, list[int], int, object]:
        fds: list[int] = []
        data, ancillary, told, address = link.recvmsg(size, _socket.CMSG_LEN(most * 4), flags)
        for level, kind, packed in ancillary:
            if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
                fds += _struct.unpack(f"{len(packed) // 4}i", packed[: len(packed) // 4 * 4])
        return data, fds, told, address

    members = dict(vars(_socket)) | {"__name__": "socket", "socket": Socket, "SocketType": Socket}
    members |= {"socketpair": socketpair, "send_fds": send_fds, "recv_fds": recv_fds}
    return module_of("socket", **members)
