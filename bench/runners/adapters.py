"""The runners: how each is told what to run, how it is started, ended, and where lines come out."""

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import programs

Commands = Sequence[tuple[str, str]]
"""Names and shell commands."""


class Runner(NamedTuple):
    """One of them, in one way of use."""

    title: str
    prepare: Callable[[Path, Commands], list[str]]
    program: str = ""
    out: str = "pipe"
    """Lines come to its standard output, to `files`, or only to a `screen`."""
    restarts: bool = False
    stop: signal.Signals = signal.SIGTERM
    lines: int = 1_000_000
    """How many a measure of throughput takes."""
    note: str = ""


def write(folder: Path, name: str, text: str, mode: int = 0o644) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def procfile(folder: Path, commands: Commands) -> str:
    return write(folder, "Procfile", "".join(f"{name}: {text}\n" for name, text in commands))


def cat(folder: Path, commands: Commands) -> list[str]:
    every = "".join(f"{text} &\n" for _, text in commands)
    script = f"trap 'kill $(jobs -p) 2>/dev/null; exit 0' TERM\n{{\n{every}wait\n}} | cat &\nwait\nwait\n"
    return ["/bin/bash", write(folder, "run.sh", script)]


def twelve(folder: Path, commands: Commands) -> list[str]:
    procfile(folder, commands)
    return [str(Path(sys.executable).parent / "twelve"), "up"]


def honcho(folder: Path, commands: Commands) -> list[str]:
    return [*programs.command("honcho"), "-f", procfile(folder, commands), "start"]


def foreman(folder: Path, commands: Commands) -> list[str]:
    return [
        *programs.command("foreman"),
        "start",
        "-f",
        procfile(folder, commands),
        "-d",
        str(folder),
    ]


def nf(folder: Path, commands: Commands) -> list[str]:
    return [*programs.command("nf"), "start", "-j", procfile(folder, commands)]


def supervisor(folder: Path, commands: Commands) -> list[str]:
    head = {
        "nodaemon": "true",
        "logfile": f"{folder}/main.log",
        "pidfile": f"{folder}/pid",
        "childlogdir": str(folder),
        "loglevel": "error",
        "minfds": "4096",
    }
    if os.geteuid() == 0:
        head["user"] = "root"
    text = "[supervisord]\n" + "".join(f"{key}={value}\n" for key, value in head.items())
    for name, command in commands:
        quoted = command.replace("%", "%%").replace('"', '\\"')
        text += (
            f'[program:{name}]\ncommand=/bin/sh -c "exec {quoted}"\nautorestart=true\nstartsecs=0\n'
            "redirect_stderr=true\nstdout_logfile=/dev/fd/1\nstdout_logfile_maxbytes=0\n"
        )
    return [*programs.command("supervisor"), "-c", write(folder, "supervisor.conf", text)]


def circus(folder: Path, commands: Commands) -> list[str]:
    ends = ("endpoint", "pubsub_endpoint", "stats_endpoint")
    text = "[circus]\ncheck_delay=5\n" + "".join(f"{end}=ipc://{folder}/{end}\n" for end in ends)
    for name, command in commands:
        text += (
            f"[watcher:{name}]\ncmd={command}\nshell=True\ncopy_env=True\n"
            "stdout_stream.class=StdoutStream\n"
        )
    return [
        *programs.command("circus"),
        "--log-level",
        "CRITICAL",
        write(folder, "circus.ini", text),
    ]


def service(folder: Path, name: str, command: str, log: str) -> None:
    write(folder, f"sv/{name}/run", f"#!/bin/sh\nexec 2>&1\nexec {command}\n", 0o755)
    write(folder, f"sv/{name}/log/run", f"#!/bin/sh\nexec {log}\n", 0o755)
    (folder / "logs" / name).mkdir(parents=True, exist_ok=True)


def runit(folder: Path, commands: Commands) -> list[str]:
    for name, command in commands:
        service(folder, name, command, f"svlogd -tt -b 65536 {folder}/logs/{name}")
        write(folder, f"logs/{name}/config", "s1000000000\nn5\n")
    return [*programs.command("runit"), "-P", f"{folder}/sv"]


def s6(folder: Path, commands: Commands) -> list[str]:
    for name, command in commands:
        service(folder, name, command, f"s6-log -b n5 s268435455 T {folder}/logs/{name}")
    return [*programs.command("s6"), f"{folder}/sv"]


def mprocs(folder: Path, commands: Commands) -> list[str]:
    rows = "".join(
        f"  {name}:\n    shell: {json.dumps('exec ' + text)}\n    stop: SIGTERM\n    autorestart: true\n"
        for name, text in commands
    )
    return [*programs.command("mprocs"), "-c", write(folder, "mprocs.yaml", "procs:\n" + rows)]


RUNNERS = {
    "cat": Runner("sh and cat", cat, note="a floor: one `cat` behind all processes"),
    "twelve": Runner("twelve up", twelve, restarts=True),
    "honcho": Runner("honcho", honcho, "honcho", lines=30_000),
    "foreman": Runner("foreman", foreman, "foreman", lines=40_000, note="Ruby, Debian's"),
    "nf": Runner("nf", nf, "nf", lines=100_000, note="npm's foreman"),
    "supervisor": Runner(
        "supervisor", supervisor, "supervisor", restarts=True, note="to its own output"
    ),
    "circus": Runner("circus", circus, "circus", restarts=True, lines=200_000, note="StdoutStream"),
    "s6": Runner("s6", s6, "s6", "files", restarts=True, note="s6-log T: a stamp on each line"),
    "runit": Runner(
        "runit",
        runit,
        "runit",
        "files",
        True,
        signal.SIGHUP,
        500_000,
        "svlogd -tt: a stamp on each line",
    ),
    "mprocs": Runner("mprocs", mprocs, "mprocs", "screen", restarts=True, note="no line output"),
}
