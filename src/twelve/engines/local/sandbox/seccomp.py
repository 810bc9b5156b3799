"""A filter of kernel calls: those that no app needs and that sandboxes were broken through."""

import ctypes
import errno
import struct
from typing import NamedTuple

from twelve.engines.local.sandbox import syscalls

ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
KILL = 0x80000000
ALLOW = 0x7FFF0000
ERRNO = 0x00050000
X32 = 0x40000000

# name: number on x86_64, number on aarch64 (None: there is no such call).
DENIED: dict[str, tuple[int | None, int | None]] = {
    # mounts and roots
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "open_by_handle_at": (304, 265),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    # namespaces
    "unshare": (272, 97),
    "setns": (308, 268),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "move_pages": (279, 239),
    # keyrings are not in any namespace
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # the kernel itself
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "create_module": (174, None),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "acct": (163, 89),
    "vhangup": (153, 58),
    "nfsservctl": (180, 42),
    "lookup_dcookie": (212, 18),
    "uselib": (134, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "settimeofday": (164, 170),
}
NUMBERS_WITH_ARGUMENTS = {"clone": (56, 220), "socket": (41, 198), "ioctl": (16, 29)}
CLONE3 = 435  # its flags lie in memory that a filter cannot read; libc falls back to clone
NEW_NAMESPACES = 0x7E020000
INTERNET = (2, 10)
FAMILIES = (1, 16)  # unix and netlink, which getifaddrs asks
TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX

LOAD, JUMP_EQUAL, JUMP_ABOVE, JUMP_BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06

_MADE: dict[tuple[str, bool], bytes] = {}


class Instruction(NamedTuple):
    """One step of a filter; ``yes`` and ``no`` name the place to go on at, empty for the next."""

    code: int
    value: int
    yes: str = ""
    no: str = ""
    name: str = ""


def filter_program(machine: str, *, internet: bool) -> bytes:
    """The filter for one architecture, as the kernel takes it; ``internet`` False refuses IP.

    Made once: what a process has made, all that it forks have.
    """
    if (machine, internet) not in _MADE:
        _MADE[machine, internet] = _made(machine, internet=internet)
    return _MADE[machine, internet]


def _made(machine: str, *, internet: bool) -> bytes:
    column = list(ARCHITECTURE).index(machine)
    families = (*FAMILIES, *INTERNET) if internet else FAMILIES
    steps = [
        Instruction(LOAD, 4),
        Instruction(JUMP_EQUAL, ARCHITECTURE[machine], no="kill"),
        Instruction(LOAD, 0),
    ]
    if machine == "x86_64":
        steps.append(Instruction(JUMP_ABOVE, X32, yes="absent"))
    for name, numbers in NUMBERS_WITH_ARGUMENTS.items():
        steps.append(Instruction(JUMP_EQUAL, numbers[column], yes=name))
    steps.append(Instruction(JUMP_EQUAL, CLONE3, yes="absent"))
    for both in DENIED.values():
        number = both[column]
        if number is not None:
            steps.append(Instruction(JUMP_EQUAL, number, yes="denied"))
    steps += [
        Instruction(RETURN, ALLOW),
        Instruction(LOAD, 16, name="clone"),
        Instruction(JUMP_BITS, NEW_NAMESPACES, yes="denied", no="allowed"),
        Instruction(LOAD, 16, name="socket"),
        *[Instruction(JUMP_EQUAL, family, yes="allowed") for family in families],
        Instruction(RETURN, ERRNO | errno.EAFNOSUPPORT),
        Instruction(LOAD, 24, name="ioctl"),
        *[Instruction(JUMP_EQUAL, request, yes="denied") for request in TERMINAL_INJECTION],
        Instruction(RETURN, ALLOW, name="allowed"),
        Instruction(RETURN, ERRNO | errno.EPERM, name="denied"),
        Instruction(RETURN, ERRNO | errno.ENOSYS, name="absent"),
        Instruction(RETURN, KILL, name="kill"),
    ]
    return _assemble(steps)


def install(*, internet: bool) -> bool:
    """Filter this process and all it starts; False where the architecture is not known.

    Needs no_new_privs. Raises OSError where the kernel has no seccomp filters.
    """
    machine = syscalls.machine()
    if not machine:
        return False
    program = filter_program(machine, internet=internet)
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    argument = ctypes.create_string_buffer(header, len(header))
    mode_filter, speculation_allowed = 1, 4
    number = ctypes.c_long(syscalls.SYS_SECCOMP[machine])
    for flags in (speculation_allowed, 0):  # the flag is unknown before Linux 4.17
        result = syscalls.LIBC.syscall(
            number, ctypes.c_uint(mode_filter), ctypes.c_uint(flags), argument
        )
        if result == 0 or ctypes.get_errno() != errno.EINVAL:
            break
    syscalls.check(result, "sandbox: install the seccomp filter")
    return True


def _assemble(steps: list[Instruction]) -> bytes:
    places = {step.name: index for index, step in enumerate(steps) if step.name}
    packed = []
    for index, step in enumerate(steps):
        jumps = [places[name] - index - 1 if name else 0 for name in (step.yes, step.no)]
        packed.append(struct.pack("@HBBI", step.code, *jumps, step.value))
    return b"".join(packed)
