"""``twelve run``: a one-off, attached to this terminal or to pipes."""

import contextlib
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import click

from twelve.cli.target import Target, app_option, json_option, target
from twelve.cli.wire import as_error
from twelve.errors import EXIT_UNREACHABLE


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("words", nargs=-1, required=True, metavar="-- COMMAND …", type=click.UNPROCESSED)
@app_option
@click.option("--detach", is_flag=True, help="Let it run on and print its name.")
@click.option("--rm-on-hangup", is_flag=True, help="End it when this command is lost.")
@click.option("--no-tty", is_flag=True, help="Pipes, even from a terminal.")
@json_option
def command(words: tuple[str, ...], app: str, *, detach: bool, as_json: bool, **how: bool) -> None:
    """Run a command once, in the current release, with its environment; exit as it exits."""
    aim = target(app, starts=True)
    if detach:
        made = aim.client.call("POST", f"{aim.path}/runs", {"command": list(words)})
        print(json.dumps(made, indent=2) if as_json else made["id"])
        return
    tty = sys.stdin.isatty() and sys.stdout.isatty() and not how["no_tty"]
    raise SystemExit(attached(aim, list(words), tty=tty, rm=how["rm_on_hangup"]))


def attached(aim: Target, words: list[str], *, tty: bool, rm: bool) -> int:
    """Pass bytes both ways until it ends; its exit status."""
    size = shutil.get_terminal_size()
    wish = {
        "command": words,
        "tty": tty,
        "rows": size.lines,
        "columns": size.columns,
        "term": os.environ.get("TERM", "xterm"),
        "rm_on_hangup": rm,
    }
    with link(aim) as socket, raw_terminal(tty), following_size(socket, tty):
        socket.send(json.dumps(wish))
        feeder = threading.Thread(target=feed, args=(socket, tty), daemon=True)
        feeder.start()
        return pass_out(socket)


def link(aim: Target) -> Any:
    """The WebSocket of a run."""
    from websockets.sync.client import connect, unix_connect

    address = aim.client.address
    if address.path:
        uri = f"ws://twelve{aim.path}/run"
        return unix_connect(address.path, uri=uri, max_size=None, compression=None)
    scheme = "wss" if address.tls else "ws"
    headers = {"Authorization": f"Bearer {address.token}"}
    uri = f"{scheme}://{address.host}:{address.port}{aim.path}/run"
    return connect(uri, max_size=None, compression=None, additional_headers=headers)


def pass_out(socket: Any) -> int:
    """Print what comes; the exit status. Raises the error that the run was refused with."""
    from websockets.exceptions import ConnectionClosed

    outs = {1: sys.stdout.fileno(), 2: sys.stderr.fileno()}
    try:
        for frame in socket:
            if isinstance(frame, bytes):
                write(outs.get(frame[0], 1), memoryview(frame)[1:])
                continue
            said = json.loads(frame)
            if "error" in said:
                raise as_error(said["error"])
            if "exit" in said:
                return int(said["exit"])
    except ConnectionClosed:
        pass
    print("twelve: the control plane went away; the run goes on: twelve runs", file=sys.stderr)
    return EXIT_UNREACHABLE


def write(descriptor: int, view: memoryview) -> None:
    """All of it."""
    while view:
        view = view[os.write(descriptor, view) :]


def feed(socket: Any, tty: bool) -> None:
    """Pass standard input on to its end."""
    from websockets.exceptions import ConnectionClosed

    with contextlib.suppress(ConnectionClosed, OSError):
        while data := os.read(sys.stdin.fileno(), 65536):
            socket.send(data)
        if not tty:
            socket.send(json.dumps({"eof": True}))


@contextlib.contextmanager
def raw_terminal(tty: bool) -> Iterator[None]:
    """Keys go to the run as they are, Ctrl-C included."""
    if not tty:
        yield
        return
    import termios
    import tty as terminal

    before = termios.tcgetattr(sys.stdin)
    terminal.setraw(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


@contextlib.contextmanager
def following_size(socket: Any, tty: bool) -> Iterator[None]:
    """Tell the run when the window changes; without a terminal Ctrl-C is passed on as a signal."""

    def resized(*_: object) -> None:
        size = shutil.get_terminal_size()
        socket.send(json.dumps({"resize": [size.lines, size.columns]}))

    def interrupted(*_: object) -> None:
        socket.send(json.dumps({"signal": "SIGINT"}))

    number, handler = (signal.SIGWINCH, resized) if tty else (signal.SIGINT, interrupted)
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
