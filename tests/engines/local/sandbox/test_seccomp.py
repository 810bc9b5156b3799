"""The filter of kernel calls, followed step by step for each architecture."""

import errno
import os
import struct

import pytest

from twelve.engines.local.sandbox import seccomp

ALLOWED = ("allowed", 0)
MACHINES = list(seccomp.ARCHITECTURE)
NATIVE = {"x86_64": {"read": 0, "openat": 257}, "aarch64": {"read": 63, "openat": 56}}


def verdict(machine, number, *arguments, architecture=None, internet=True):
    """Run the filter as the kernel does: 32-bit loads, forward jumps."""
    program = list(struct.iter_unpack("@HBBI", seccomp.filter_program(machine, internet=internet)))
    words = list(arguments) + [0] * (6 - len(arguments))
    data = struct.pack("<IIQ6Q", number, architecture or seccomp.ARCHITECTURE[machine], 0, *words)
    at, value = 0, 0
    while True:
        code, yes, no, constant = program[at]
        at += 1
        if code == seccomp.RETURN:
            break
        if code == seccomp.LOAD:
            value = struct.unpack_from("<I", data, constant)[0]
            continue
        holds = {
            seccomp.JUMP_EQUAL: value == constant,
            seccomp.JUMP_ABOVE: value >= constant,
            seccomp.JUMP_BITS: value & constant,
        }[code]
        at += yes if holds else no
    if constant == seccomp.ALLOW:
        return ALLOWED
    if constant == seccomp.KILL:
        return ("killed", 0)
    return ("refused", constant & 0xFFFF)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_call_of_the_list_is_refused(machine):
    column = MACHINES.index(machine)
    for name, numbers in seccomp.DENIED.items():
        if numbers[column] is not None:
            assert verdict(machine, numbers[column]) == ("refused", errno.EPERM), name


@pytest.mark.parametrize("machine", MACHINES)
def test_other_calls_pass(machine):
    column = MACHINES.index(machine)
    listed = {numbers[column] for numbers in seccomp.DENIED.values()} | {seccomp.CLONE3}
    special = {numbers[column] for numbers in seccomp.NUMBERS_WITH_ARGUMENTS.values()}
    for number in set(range(470)) - listed - special:
        assert verdict(machine, number) == ALLOWED
    for number in NATIVE[machine].values():
        assert verdict(machine, number) == ALLOWED


@pytest.mark.parametrize("machine", MACHINES)
def test_threads_are_cloned_and_namespaces_are_not(machine):
    clone = seccomp.NUMBERS_WITH_ARGUMENTS["clone"][MACHINES.index(machine)]
    thread = 0x3D0F00
    assert verdict(machine, clone, thread) == ALLOWED
    assert verdict(machine, clone, 17) == ALLOWED
    for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x2000000, 0x4000000, 0x8000000):
        assert verdict(machine, clone, flag | 17) == ("refused", errno.EPERM)
    assert verdict(machine, seccomp.CLONE3) == ("refused", errno.ENOSYS)


@pytest.mark.parametrize("machine", MACHINES)
def test_sockets_are_of_the_known_families(machine):
    socket = seccomp.NUMBERS_WITH_ARGUMENTS["socket"][MACHINES.index(machine)]
    for family, open_, cut in (
        (1, 1, 1),
        (2, 1, 0),
        (10, 1, 0),
        (16, 1, 1),
        (40, 0, 0),
        (38, 0, 0),
    ):
        refused = ("refused", errno.EAFNOSUPPORT)
        assert verdict(machine, socket, family) == (ALLOWED if open_ else refused)
        assert verdict(machine, socket, family, internet=False) == (ALLOWED if cut else refused)


@pytest.mark.parametrize("machine", MACHINES)
def test_nothing_is_typed_into_a_terminal(machine):
    ioctl = seccomp.NUMBERS_WITH_ARGUMENTS["ioctl"][MACHINES.index(machine)]
    assert verdict(machine, ioctl, 0, 0x5401) == ALLOWED
    assert verdict(machine, ioctl, 0, 0x5412) == ("refused", errno.EPERM)
    # The kernel looks at 32 bits of the request only, hence so does the filter.
    assert verdict(machine, ioctl, 0, 0x1_0000_5412) == ("refused", errno.EPERM)


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_another_architecture_end_the_process(machine):
    i386, arm = 0x40000003, 0x40000028
    for architecture in (i386, arm):
        assert verdict(machine, 20, architecture=architecture) == ("killed", 0)


def test_the_x32_calls_do_not_exist():
    assert verdict("x86_64", seccomp.X32 | 165) == ("refused", errno.ENOSYS)


def test_the_numbers_are_those_of_the_headers_of_this_machine():
    """Against the system's own header, where a C library's development files are installed."""
    path = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
    if not os.path.exists(path):
        pytest.skip("no kernel headers here")
    with open(path) as file:
        words = [line.split() for line in file if line.startswith("#define __NR_")]
    known = {name.removeprefix("__NR_"): int(number) for _, name, number in words}
    ours = {**seccomp.DENIED, **seccomp.NUMBERS_WITH_ARGUMENTS, "clone3": (seccomp.CLONE3,)}
    assert {name: numbers[0] for name, numbers in ours.items() if name in known} == {
        name: known[name] for name in ours if name in known
    }


def test_the_numbers_of_the_generic_table_are_those_of_its_header():
    path = "/usr/include/asm-generic/unistd.h"
    if not os.path.exists(path):
        pytest.skip("no kernel headers here")
    with open(path) as file:
        words = [line.split() for line in file if line.startswith("#define __NR")]
    known = {
        word[1].removeprefix("__NR3264_").removeprefix("__NR_"): int(word[2])
        for word in words
        if len(word) > 2 and word[2].isdigit()
    }
    ours = {**seccomp.DENIED, **seccomp.NUMBERS_WITH_ARGUMENTS}
    for name, (_, number) in ours.items():
        if name in known:
            assert number == known[name], name
        else:
            assert number is None or number > 435, name
