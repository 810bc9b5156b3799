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

from twelve.cli.developing import running_up
from twelve.cli.output import as_json as print_json
from twelve.cli.target import Target, app_option, json_option, no_start_option, target
from twelve.client.calls import runs as calls
from twelve.client.wire import as_error
from twelve.errors import Unreachable, Usage

PIECE = 65536


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("words", nargs=-1, required=True, metavar="-- COMMAND …", type=click.UNPROCESSED)
@app_option
@click.option("--detach", is_flag=True, help="Let it run on and print its name.")
@click.option("--rm-on-hangup", is_flag=True, help="End it when this command is lost.")
@click.option("--no-tty", is_flag=True, help="Pipes, even from a terminal.")
@click.option("--up", is_flag=True, help="In what `twelve up` runs in this folder.")
@click.option("--each", default="", metavar="PATTERN", help="In every deploy of that name.")
@click.option(
    "--at-once",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="With --each: so many.",
)
@click.option("--timeout", default="", metavar="TIME", help="With --each: stop what takes longer.")
@no_start_option
@json_option
def command(words: tuple[str, ...], app: str, **how: Any) -> None:
    """Run a command once, in the current release, with its environment; exit as it exits.

    From a terminal it gets one of its own; else standard input, output and error are passed on
    apart. When this command is lost, it runs on: twelve runs shows it. With --each it runs detached
    in every deploy of the app whose name matches, and a summary is printed: exit 1 when one failed.
    """
    if how["each"]:
        many(app, list(words), how)
    else:
        once(app, list(words), how)


def many(app: str, words: list[str], how: dict[str, Any]) -> None:
    """In every deploy that is meant. Raises Usage."""
    from twelve.cli.run_each import run_in_each

    if how["detach"] or how["rm_on_hangup"] or how["up"]:
        raise Usage(
            "--each is detached by itself, and waits for all",
            hint="leave out --detach, --rm-on-hangup and --up",
        )
    run_in_each(
        app,
        how["each"],
        words,
        at_once=how["at_once"],
        timeout=how["timeout"],
        as_json=how["as_json"],
    )


def once(app: str, words: list[str], how: dict[str, Any]) -> None:
    """In one deploy. Raises Usage, or SystemExit as the command exits."""
    if how["timeout"]:
        raise Usage("--timeout is for --each", hint="put timeout before the command: timeout 10m …")
    aim = running_up(app) if how["up"] else target(app, starts=not how["no_start"])
    if how["detach"]:
        made = calls.start_run(*aim, command=words)
        if how["as_json"]:
            print_json(made)
        else:
            print(made["id"])
        return
    tty = sys.stdin.isatty() and sys.stdout.isatty() and not how["no_tty"]
    raise SystemExit(attached(aim, words, tty=tty, rm=how["rm_on_hangup"]))


def attached(aim: Target, words: list[str], *, tty: bool, rm: bool) -> int:
    """Pass bytes both ways until it ends; its exit status."""
    size = window()
    wish = {
        "command": words,
        "tty": tty,
        "rows": size.lines,
        "columns": size.columns,
        "term": os.environ.get("TERM", "xterm"),
        "rm_on_hangup": rm,
    }
    with link(aim) as socket:
        socket.send(json.dumps(wish))
        begun(socket)
        with raw_terminal(tty), passing_signals(socket, tty):
            feeder = threading.Thread(target=feed, args=(socket, tty), daemon=True)
            feeder.start()
            return pass_out(socket)


def window() -> os.terminal_size:
    """The size of this terminal as it is now, whatever COLUMNS and LINES said at some time."""
    try:
        size = os.get_terminal_size(sys.stdin.fileno())
    except (OSError, ValueError):
        return shutil.get_terminal_size()
    return size if size.columns and size.lines else shutil.get_terminal_size()


def link(aim: Target) -> Any:
    """The WebSocket of a run. Raises Unreachable."""
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect, unix_connect

    address = aim.client.address
    # No limit of our own on frames, and no pings: a run may be silent for days.
    options: dict[str, Any] = {"max_size": None, "compression": None, "ping_interval": None}
    try:
        if address.path:
            return unix_connect(address.path, uri=f"ws://twelve{aim.path}/run", **options)
        scheme = "wss" if address.tls else "ws"
        headers = {"Authorization": f"Bearer {address.token}"}
        uri = f"{scheme}://{address.host}:{address.port}{aim.path}/run"
        return connect(uri, additional_headers=headers, **options)
    except (OSError, WebSocketException) as error:
        where = address.path or f"{address.host}:{address.port}"
        raise Unreachable(
            f"no control plane answers at {where}: {error}", hint="start one: twelve serve"
        ) from None


def begun(socket: Any) -> None:
    """Wait for the word that it runs. Raises the error that it was refused with."""
    from websockets.exceptions import ConnectionClosed

    try:
        said = json.loads(socket.recv())
    except ConnectionClosed:
        raise Unreachable("the control plane hung up", hint="twelve doctor") from None
    if "error" in said:
        raise as_error(said["error"])


def pass_out(socket: Any) -> int:
    """Print what comes; the exit status."""
    from websockets.exceptions import ConnectionClosed

    outs = {1: sys.stdout.fileno(), 2: sys.stderr.fileno()}
    with contextlib.suppress(ConnectionClosed):
        for frame in socket:
            if isinstance(frame, bytes):
                try:
                    write(outs.get(frame[0], 1), memoryview(frame)[1:])
                except BrokenPipeError:
                    # What reads us has left: the run is told as it would be told here.
                    send(socket, {"signal": "SIGPIPE"})
                    outs = dict.fromkeys(outs, os.open(os.devnull, os.O_WRONLY))
                continue
            said = json.loads(frame)
            if "error" in said:
                raise as_error(said["error"])
            if "exit" in said:
                return int(said["exit"])
    raise Unreachable("the control plane went away; the run goes on", hint="twelve runs")


def write(descriptor: int, view: memoryview) -> None:
    """All of it."""
    while view:
        view = view[os.write(descriptor, view) :]


def feed(socket: Any, tty: bool) -> None:
    """Pass standard input on to its end."""
    from websockets.exceptions import ConnectionClosed

    with contextlib.suppress(ConnectionClosed, OSError):
        while data := os.read(sys.stdin.fileno(), PIECE):
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
def passing_signals(socket: Any, tty: bool) -> Iterator[None]:
    """Tell the run of a new window size; without a terminal Ctrl-C and TERM are passed on."""

    def resized(*_: object) -> None:
        size = window()
        tell({"resize": [size.lines, size.columns]})

    def passed(number: int, _: object) -> None:
        tell({"signal": signal.Signals(number).name})

    def tell(order: dict[str, Any]) -> None:
        # Not from the handler itself: the main thread may hold the socket's lock just now.
        threading.Thread(target=send, args=(socket, order), daemon=True).start()

    handlers: dict[int, Any] = (
        {signal.SIGWINCH: resized} if tty else {signal.SIGINT: passed, signal.SIGTERM: passed}
    )
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def send(socket: Any, order: dict[str, Any]) -> None:
    """An order, if anybody still listens."""
    from websockets.exceptions import ConnectionClosed

    with contextlib.suppress(ConnectionClosed, OSError):
        socket.send(json.dumps(order))
