"""``twelve check``: the twelve factors as a static audit."""

import re
import sys
from pathlib import Path

import click

from twelve.cli.check_words import FORMATS

TOOLS = ("deptry", "hadolint", "shellcheck", "kube-linter", "gitleaks", "betterleaks", "django")

WHICH = re.compile(r"all|[IVX]+-\d+")


@click.command("check")
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option(
    "--format", "shape", type=click.Choice(FORMATS), default="text", help="The shape of the report."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the report to a file.")
@click.option(
    "--select",
    multiple=True,
    metavar="ID",
    help="Judge only these: III-2, III or M. Repeatable, or with commas.",
)
@click.option("--ignore", multiple=True, metavar="ID", help="Leave these out.")
@click.option("--extended", is_flag=True, help="Judge the later texts (level X) too.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Leave out what this file knows.")
@click.option(
    "--write-baseline",
    type=click.Path(path_type=Path),
    help="Write what is found now, and end with 0.",
)
@click.option("--since", metavar="REV", help="Only findings in files that differ from a revision.")
@click.option("--history", is_flag=True, help="Look for credentials in the history as well.")
@click.option(
    "--with",
    "tools",
    multiple=True,
    type=click.Choice(TOOLS),
    help="Import another tool's findings; django runs the app's own manage.py check --deploy.",
)
@click.option("--exit-zero", is_flag=True, help="End with 0 whatever is found.")
@click.option("--explain", metavar="ID", help="Tell one requirement in full.")
@click.option(
    "--fix",
    "fixes",
    is_flag=False,
    flag_value="all",
    metavar="[ID]",
    help="Mend what is mechanical and safe; shows the diff.",
)
@click.option(
    "--diff", "only_diff", is_flag=True, help="With --fix: show the diff, change nothing."
)
@click.option(
    "--cache/--no-cache",
    default=True,
    help="Use what former checks learned of files that are as they were. [default: cache]",
)
def command(**options: object) -> None:
    """Audit the codebase at PATH against the twelve factors, by reading alone.

    Ends with 0 when nothing is broken, 1 when there are findings, 2 on a wrong call, 70 when the
    checker failed.
    """
    from twelve.cli.check_run import Options, run_check

    fixes = options["fixes"]
    if isinstance(fixes, str) and not WHICH.fullmatch(fixes):
        options["path"], options["fixes"] = _path_after_fix(fixes), "all"
    raise SystemExit(run_check(Options(**options)))  # type: ignore[arg-type]


def _path_after_fix(word: str) -> Path:
    """``--fix .`` means all of PATH: what follows and is no requirement. Raises Usage.

    Only when no other PATH is given, for then one of the two is a slip.
    """
    source = click.get_current_context().get_parameter_source("path")
    if source is not click.core.ParameterSource.DEFAULT:
        from twelve.errors import Usage

        raise Usage(f"--fix: {word} is no requirement", "--fix III-2, or --fix for all of them")
    return Path(word)


def main() -> None:
    """Run the command by itself, with errors shown as the others show them."""
    from twelve.cli.fault import shown_to_people

    with shown_to_people():
        command.main(args=sys.argv[1:], prog_name="twelve check", standalone_mode=False)


if __name__ == "__main__":
    main()
