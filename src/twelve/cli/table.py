"""The table of the commands, each loaded when it is called."""

import importlib
import sys
from typing import Any, NamedTuple

import click

from twelve import __version__
from twelve.cli.fault import leave_quietly, shown_to_people


class Entry(NamedTuple):
    """A command: its module, which holds ``command``, and one sentence."""

    module: str
    help: str


COMMANDS: dict[str, Entry] = {
    "init": Entry("init", "Write Procfile, .env.example and twelve.toml."),
    "up": Entry("up", "Run the app in this folder for development."),
    "deploy": Entry("deploy", "Build, release and run an app."),
    "ps": Entry("ps", "List, scale, restart and stop processes."),
    "logs": Entry("logs", "Read or follow the log stream."),
    "drains": Entry("drains", "Send the log stream on to receivers of yours."),
    "config": Entry("config", "Set, unset, list, import, export and compare variables."),
    "releases": Entry("releases", "List, show and compare releases."),
    "rollback": Entry("rollback", "Go back to a release, whole."),
    "promote": Entry("promote", "Release the build of one deploy in another."),
    "parity": Entry("parity", "Say what two deploys of an app do not have in common."),
    "run": Entry("run", "Run a command once, in the current release."),
    "runs": Entry("runs", "List, show and stop one-off runs."),
    "resources": Entry("resources", "Create, attach, detach and list backing services."),
    "domains": Entry("domains", "Bind host names to a deploy."),
    "deploys": Entry("deploys", "Create, list and destroy the deploys of an app."),
    "apps": Entry("apps", "Create, list and destroy apps."),
    "check": Entry("check", "Audit a codebase against the twelve factors."),
    "doctor": Entry("doctor", "Say what runs here, in which versions, and what is missing."),
    "completion": Entry("completion", "Print the script that teaches a shell our words."),
    "open": Entry("open_", "Open the app in a browser."),
    "serve": Entry("serve", "Run the control plane in the foreground."),
    "renew": Entry("renew", "Run what is installed now; the apps go on."),
    "down": Entry("down", "Stop the apps; with --all, everything."),
}


class Table(click.Group):
    """A group whose commands are imported only when they are called."""

    def list_commands(self, _: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = importlib.import_module(f"twelve.cli.{entry.module}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """The command's own; where who reads us has left there is nobody to tell."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            leave_quietly()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, or an error that names the nearest one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """The names of the table, without importing a command; else our options."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        found = {name: entry for name, entry in COMMANDS.items() if name.startswith(incomplete)}
        return [CompletionItem(name, help=entry.help) for name, entry in found.items()]

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def complete_target(ctx: click.Context, param: click.Parameter, word: str) -> list[str]:
    """Apps and deploys that are there, for the shell."""
    from twelve.cli.names import targets

    return targets(ctx, param, word)


@click.group(
    cls=Table,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="-a or TWELVE_APP names the target; else twelve.toml, else the folder's name. "
    "It may stand before or after the command.",
)
@click.option(
    "-a",
    "--app",
    default="",
    metavar="APP[/DEPLOY]",
    help="The target.",
    shell_complete=complete_target,
)
@click.version_option(__version__, prog_name="twelve")
def twelve(app: str) -> None:
    """Run an app's codebase as a twelve-factor app."""


def call(begun: Any = None) -> None:
    """Call a command: errors become one line and a hint, exit codes tell the truth.

    ``begun`` is what has been begun already for ``up``.
    """
    with shown_to_people():
        status = twelve(prog_name="twelve", standalone_mode=False, obj=begun)
        # A reader that has left is told here, not in a complaint of Python's at its exit.
        sys.stdout.flush()
        sys.exit(status or 0)
