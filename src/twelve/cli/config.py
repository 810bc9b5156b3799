"""``twelve config``: variables of a deploy."""

import sys
from pathlib import Path

import click

from twelve.cli import names as live
from twelve.cli.asking import ask_secret
from twelve.cli.course import follow
from twelve.cli.output import ago, table
from twelve.cli.output import as_json as print_json
from twelve.cli.target import (
    Target,
    app_option,
    complete_target,
    json_option,
    no_start_option,
    target,
)
from twelve.client.calls import config as calls
from twelve.client.calls.apps import create_app
from twelve.errors import Invalid, NotFound, Usage

FORMATS = click.Choice(["dotenv", "docker", "foreman", "json"])
SAFER = "twelve config set {0}   (asks), {0}=- (standard input) or {0}=@FILE"


@click.group(invoke_without_command=True)
@app_option
@json_option
@click.pass_context
def command(ctx: click.Context, app: str, *, as_json: bool) -> None:
    """Set, unset, list, import, export and compare the variables of a deploy."""
    if ctx.invoked_subcommand is None:
        show_list(target(app), reveal=False, as_plain=as_json)


@command.command("set")
@click.argument(
    "pairs",
    nargs=-1,
    required=True,
    metavar="KEY=VALUE|KEY=-|KEY=@FILE|KEY …",
    shell_complete=live.assignments,
)
@app_option
@no_start_option
def set_(pairs: tuple[str, ...], app: str, *, no_start: bool) -> None:
    """Set variables: one version, one release.

    KEY alone asks for the value, KEY=- reads it from standard input, KEY=@FILE from a file; one
    line end at the end of it is left out. Secrets are not taken from the command line, where every
    user of the machine can read them.
    """
    refuse_doubles(pairs)
    aim = target(app, starts=not no_start)
    refuse_open_secrets(aim, pairs)
    put = dict(map(read_pair, pairs))
    ensure(aim)
    change(aim, put, ())


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="KEY …", shell_complete=live.variables)
@app_option
def unset(names: tuple[str, ...], app: str) -> None:
    """Unset variables: one version, one release."""
    change(target(app), {}, names)


@command.command()
@click.argument("name", metavar="KEY", shell_complete=live.variables)
@app_option
def get(name: str, app: str) -> None:
    """Print one value in clear."""
    aim = target(app)
    config = calls.show_config(*aim, reveal=True)["config"]
    if name not in config:
        raise NotFound(f"{aim.label} has no config {name}", hint="twelve config lists what it has")
    print(config[name])


@command.command("ls")
@app_option
@json_option
@click.option("--reveal", is_flag=True, help="Show the values.")
def ls(app: str, *, as_json: bool, reveal: bool) -> None:
    """List variables, values masked."""
    show_list(target(app), reveal=reveal, as_plain=as_json)


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--format", "form", type=FORMATS, default="dotenv", show_default=True, help="Its format."
)
@app_option
def import_(file: Path, form: str, app: str) -> None:
    """Set all variables of a file (- is standard input), or none when a line is off."""
    from twelve.factors.config.dotenv.forms import FORMS

    data = sys.stdin.buffer.read() if str(file) == "-" else read_file(file)
    pairs = dict(FORMS[form].parse(data, str(file)))
    if not pairs:
        raise Invalid(f"{file}: there is no variable in it", hint="a line is NAME=value")
    aim = target(app)
    ensure(aim)
    change(aim, pairs, ())


@command.command()
@click.option(
    "--format", "form", type=FORMATS, default="dotenv", show_default=True, help="The format."
)
@app_option
def export(form: str, app: str) -> None:
    """Print all variables in clear, as they can be imported again."""
    from twelve.factors.config.dotenv.forms import FORMS

    aim = target(app)
    pairs = calls.show_config(*aim, reveal=True)["config"].items()
    print(FORMS[form].write(pairs), end="")


@command.command()
@app_option
@json_option
def history(app: str, *, as_json: bool) -> None:
    """List the versions: who changed what, and whether the release came up."""
    aim = target(app)
    found = calls.config_history(*aim)
    if as_json:
        print_json(found)
        return
    rows = [
        (f"c{v['version']}", v["state"], v["who"], ago(v["at_ns"]), v["note"])
        for v in found["versions"]
    ]
    table(("VERSION", "STATE", "WHO", "AGE", "WHAT"), rows)


@command.command()
@click.argument("one", metavar="APP/DEPLOY", shell_complete=complete_target)
@click.argument("other", metavar="APP/DEPLOY", shell_complete=complete_target)
@click.option("--reveal", is_flag=True, help="Show the values.")
@json_option
def diff(one: str, other: str, *, reveal: bool, as_json: bool) -> None:
    """Compare the variables of two deploys."""
    before, after = target(one), target(other)
    found = calls.diff_config(*before, app_=after.app, deploy_=after.deploy, reveal=reveal)
    if as_json:
        print_json(found)
    elif not found["differences"]:
        print("nothing differs")
    else:
        rows = [(d["name"], d["before"], d["after"]) for d in found["differences"]]
        table(("NAME", before.label, after.label), rows)


def show_list(aim: Target, *, reveal: bool, as_plain: bool) -> None:
    """The variables of the head."""
    found = calls.show_config(*aim, reveal=reveal)
    if as_plain:
        print_json(found)
        return
    if not found["config"]:
        print(f"twelve: {aim.label} has no config yet", file=sys.stderr)
    for name, value in found["config"].items():
        print(f"{name}={value}")


def read_pair(text: str) -> tuple[str, str]:
    """A variable and its value, from where the word says. Raises Invalid or Usage."""
    name, equals, value = text.partition("=")
    if not equals:
        return name, ask_secret(name, f"{name}=- reads standard input, {name}=@FILE a file")
    if value == "-":
        return name, decoded(sys.stdin.buffer.read(), "standard input")
    if value.startswith("@"):
        return name, decoded(read_file(Path(value[1:])), value[1:])
    return name, value


def decoded(data: bytes, place: str) -> str:
    """The text without its last line end. Raises Invalid."""
    try:
        return data.decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise Invalid(f"{place}: not UTF-8 text", hint="encode it, e.g. as base64") from None


def read_file(path: Path) -> bytes:
    """A file's bytes. Raises Invalid."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}", hint="nothing was set") from None


def refuse_doubles(pairs: tuple[str, ...]) -> None:
    """Refuse a key that is there twice: one value would silently win. Raises Usage."""
    names = [pair.partition("=")[0] for pair in pairs]
    if doubles := sorted({name for name in names if names.count(name) > 1}):
        raise Usage(f"{', '.join(doubles)}: given more than once", hint="nothing was set")
    if sum(pair.endswith("=-") for pair in pairs) > 1:
        raise Usage("standard input can be one value only", hint="use KEY=@FILE for the others")


def refuse_open_secrets(aim: Target, pairs: tuple[str, ...]) -> None:
    """Refuse values of secrets that stand on the command line. Raises Usage."""
    from twelve.factors.config.secret import looks_secret

    words = [pair.partition("=") for pair in pairs if "=" in pair]
    open_ = {n: value for n, _, value in words if value != "-" and not value.startswith("@")}
    # A password in a URL is one whatever the name; of names the contract knows more than we do.
    secret = {name for name, value in open_.items() if looks_secret("", value)}
    try:
        asked = calls.secret_names(*aim, names=[",".join(open_)])
        secret |= set(asked["secret"])
    except NotFound:
        secret |= {name for name in open_ if looks_secret(name)}
    if secret:
        raise Usage(
            f"{', '.join(sorted(secret))}: a secret on the command line can be read by every user "
            "of this machine",
            hint=SAFER.format(min(secret)),
        )


def ensure(aim: Target) -> None:
    """Make the app when it is not there, so that config can come before the first deploy."""
    try:
        calls.show_config(*aim)
    except NotFound:
        create_app(aim.client, name=aim.app, deploy=aim.deploy)


def change(aim: Target, put: dict[str, str], drop: tuple[str, ...]) -> None:
    """Send it and follow."""
    accepted = calls.change_config(*aim, put=put, drop=list(drop))
    result = follow(aim.client, accepted["operation"])
    if result.get("release"):
        print(f"{aim.label} {result['release']} serves")
