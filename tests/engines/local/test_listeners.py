"""Who listens where, of real processes."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from twelve.engines.local.listeners import family, listeners_of
from twelve.factors.ports.readiness import Listener

pytestmark = pytest.mark.live

LISTEN = """
import os, socket, sys, time
made = []
for address in sys.argv[1:]:
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    s.bind((address, 0)); s.listen(); made.append(s)
print(" ".join(str(s.getsockname()[1]) for s in made), flush=True)
sys.stdin.read()
"""
FORK = "import os\nif os.fork(): os.wait(); raise SystemExit\n" + LISTEN


def start(*addresses, code=LISTEN, prefix=()):
    process = subprocess.Popen(
        [*prefix, sys.executable, "-c", code, *addresses],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    ports = [int(word) for word in process.stdout.readline().split()]
    return process, ports


def end(process):
    process.stdin.close()
    process.stdout.close()
    process.wait(10)


def test_both_families_are_read_with_their_addresses():
    process, ports = start("127.0.0.1", "0.0.0.0", "::1", "127.1.2.3")
    try:
        assert set(listeners_of([process.pid])) == {
            Listener("127.0.0.1", ports[0]),
            Listener("0.0.0.0", ports[1]),
            Listener("::1", ports[2]),
            Listener("127.1.2.3", ports[3]),
        }
        assert ports[0] not in {found.port for found in listeners_of([os.getpid()])}
    finally:
        end(process)


def test_a_connection_is_no_listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            found = [one for one in listeners_of([os.getpid()]) if one.port == port]
    assert found == [Listener("127.0.0.1", port)]


def test_a_grandchild_belongs_to_the_family():
    process, (port,) = start("127.0.0.1", code=FORK)
    try:
        assert listeners_of([process.pid]) == ()
        assert len(family(process.pid)) == 2
        assert listeners_of(family(process.pid)) == (Listener("127.0.0.1", port),)
    finally:
        end(process)


def test_processes_that_are_gone_are_skipped():
    process, _ = start("127.0.0.1")
    end(process)
    assert listeners_of(family(process.pid)) == ()


@pytest.mark.parametrize("network", [(), ("--net",)], ids=["shared", "own"])
def test_another_pid_namespace_is_seen_from_outside(network):
    unshare = shutil.which("unshare")
    words = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    prefix = (unshare, *words, "--pid", "--fork", "--mount-proc", *network)
    if (
        not unshare
        or subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("namespaces are refused here")
    process, (port,) = start("0.0.0.0", prefix=prefix)
    try:
        assert listeners_of(family(process.pid)) == (Listener("0.0.0.0", port),)
    finally:
        end(process)


def test_an_odd_process_name_does_not_confuse(tmp_path: Path):
    proc = tmp_path
    for pid, stat in ((10, "10 (a) b) S 1 10"), (11, "11 (x y) S 10 11"), (12, "12 (gone")):
        (proc / str(pid)).mkdir()
        (proc / str(pid) / "stat").write_text(stat)
    (proc / "self").mkdir()
    assert family(10, proc=proc) == (10, 11)
