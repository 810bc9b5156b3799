"""``twelve config``: variables of a deploy."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from twelve.cli.output import ago, as_json, follow, table
from twelve.cli.target import Target, app_option, json_option, target
from twelve.errors import Invalid, NotFound, Usage

FORMATS = click.Choice(["dotenv", "json"])


@click.group(invoke_without_command=True)
@app_option
@click.pass_context
def command(ctx: click.Context, app: str) -> None:
    """Set, unset, list, import, export and compare the variables of a deploy."""
    ctx.obj = app
    if ctx.invoked_subcommand is None:
        show_list(target(app), reveal=False, as_plain=False)


@command.command("set")
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE|KEY=-|KEY=@FILE|KEY …")
@app_option
@click.pass_context
def set_(ctx: click.Context, pairs: tuple[str, ...], app: str) -> None:
    """Set variables: one version, one release.

    KEY alone asks for the value, KEY=- reads it from standard input, KEY=@FILE from a file.
    Secrets are not taken from the command line, where every user of the machine can read them.
    """
    aim = target(app or ctx.obj, starts=True)
    refuse_open_secrets(aim, pairs)
    ensure(aim)
    change(aim, {name: value for name, value in map(read_pair, pairs)}, ())


@command.command()
@click.argument("names", nargs=-1, required=True)
@app_option
@click.pass_context
def unset(ctx: click.Context, names: tuple[str, ...], app: str) -> None:
    """Unset variables: one version, one release."""
    change(target(app or ctx.obj), {}, names)


@command.command()
@click.argument("name")
@app_option
@click.pass_context
def get(ctx: click.Context, name: str, app: str) -> None:
    """Print one value in clear."""
    aim = target(app or ctx.obj)
    config = aim.client.get(f"{aim.path}/config", reveal=True)["config"]
    if name not in config:
        raise NotFound(f"{aim.label} has no config {name}", hint="twelve config lists what it has")
    print(config[name])


@command.command("ls")
@app_option
@json_option
@click.option("--reveal", is_flag=True, help="Show the values.")
@click.pass_context
def ls(ctx: click.Context, app: str, *, as_json: bool, reveal: bool) -> None:
    """List variables, values masked."""
    show_list(target(app or ctx.obj), reveal=reveal, as_plain=as_json)


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--format", "form", type=FORMATS, default="dotenv", show_default=True)
@app_option
@click.pass_context
def import_(ctx: click.Context, file: Path, form: str, app: str) -> None:
    """Set all variables of a file, or none when a line is off."""
    from twelve.factors.config.dotenv import parse_dotenv, parse_json

    aim = target(app or ctx.obj, starts=True)
    data = sys.stdin.buffer.read() if str(file) == "-" else read_file(file)
    parse = parse_json if form == "json" else parse_dotenv
    pairs = dict(parse(data, str(file)))
    ensure(aim)
    change(aim, pairs, ())


@command.command()
@click.option("--format", "form", type=FORMATS, default="dotenv", show_default=True)
@app_option
@click.pass_context
def export(ctx: click.Context, form: str, app: str) -> None:
    """Print all variables in clear, as they can be imported again."""
    from twelve.factors.config.dotenv import write_dotenv, write_json

    aim = target(app or ctx.obj)
    pairs = aim.client.get(f"{aim.path}/config", reveal=True)["config"].items()
    write = write_json if form == "json" else write_dotenv
    print(write(pairs), end="")


@command.command()
@app_option
@json_option
@click.pass_context
def history(ctx: click.Context, app: str, *, as_json: bool) -> None:
    """List the versions: who changed what, and whether the release came up."""
    aim = target(app or ctx.obj)
    plain = aim.client.get(f"{aim.path}/config/history")
    if as_json:
        print(json.dumps(plain, indent=2))
        return
    rows = [
        (f"c{v['version']}", v["state"], v["who"], ago(v["at_ns"]), v["note"])
        for v in plain["versions"]
    ]
    table(("VERSION", "STATE", "WHO", "AGE", "WHAT"), rows)


@command.command()
@click.argument("one")
@click.argument("other")
@click.option("--reveal", is_flag=True, help="Show the values.")
@json_option
def diff(one: str, other: str, *, reveal: bool, as_json: bool) -> None:
    """Compare the variables of two deploys: A/D1 A/D2."""
    before, after = target(one), target(other)
    query = {"app": after.app, "deploy": after.deploy, "reveal": reveal}
    plain = before.client.get(f"{before.path}/config/diff", **query)
    if as_json:
        print(json.dumps(plain, indent=2))
        return
    rows = [
        (d["name"], d["before"] if d["before"] is not None else "-", d["after"] or "-")
        for d in plain["differences"]
    ]
    table(("NAME", before.label, after.label), rows)


def show_list(aim: Target, *, reveal: bool, as_plain: bool) -> None:
    """The variables of the head."""
    plain = aim.client.get(f"{aim.path}/config", reveal=reveal)
    if as_plain:
        as_json(plain)
        return
    for name, value in plain["config"].items():
        print(f"{name}={value}")


def read_pair(text: str) -> tuple[str, str]:
    """A variable and its value, from where the word says. Raises Invalid."""
    name, equals, value = text.partition("=")
    if not equals:
        return name, click.prompt(name, hide_input=True, err=True)
    if value == "-":
        return name, sys.stdin.read().removesuffix("\n")
    if value.startswith("@"):
        data = read_file(Path(value[1:]))
        try:
            return name, data.decode().removesuffix("\n")
        except UnicodeDecodeError:
            raise Invalid(f"{value[1:]}: not UTF-8 text", hint="encode it, e.g. base64") from None
    return name, value


def read_file(path: Path) -> bytes:
    """A file's bytes. Raises Invalid."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}") from None


def refuse_open_secrets(aim: Target, pairs: tuple[str, ...]) -> None:
    """Refuse values of secrets that stand on the command line. Raises Usage."""
    from twelve.factors.config.secret import looks_secret

    bare = [p.partition("=") for p in pairs if "=" in p]
    open_ = [name for name, _, value in bare if value != "-" and not value.startswith("@")]
    secret = {name for name in open_ if looks_secret(name)}
    try:
        answer = aim.client.get(f"{aim.path}/config/secret", names=",".join(open_))
        secret = set(answer["secret"])
    except NotFound:
        # The app is not there yet: its names alone can tell.
        pass
    if secret:
        names = ", ".join(sorted(secret))
        raise Usage(
            f"{names}: a secret on the command line can be read by every user of this machine",
            hint=f"twelve config set {sorted(secret)[0]}   (asks), or KEY=- (stdin), KEY=@file",
        )


def ensure(aim: Target) -> None:
    """Make the app when it is not there, so that config can come before the first deploy."""
    from twelve.errors import TwelveError

    try:
        aim.client.get(f"{aim.path}/config")
    except TwelveError as error:
        if error.code != "not-found":
            raise
        aim.client.call("POST", "/v1/apps", {"name": aim.app, "deploy": aim.deploy})


def change(aim: Target, put: dict[str, str], drop: tuple[str, ...]) -> None:
    """Send it and follow."""
    body: dict[str, Any] = {"put": put, "drop": list(drop)}
    accepted = aim.client.call("PATCH", f"{aim.path}/config", body)
    result = follow(aim.client, accepted["operation"])
    if result.get("release"):
        print(f"{aim.label} {result['release']} serves")
