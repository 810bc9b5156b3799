"""``twelve completion``: the script that teaches a shell to complete our words.

The scripts are click's own; the names that they offer come from ``names.py``.
"""

import os
import sys

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

VARIABLE = "_TWELVE_COMPLETE"

SHELLS: dict[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}

# Behind `web=` the quantity follows, not the next word.
NO_SPACE = "    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n\n    return 0\n"

WHERE = {
    "bash": 'add to ~/.bashrc:  eval "$(twelve completion bash)"',
    "zsh": 'add to ~/.zshrc, after compinit:  eval "$(twelve completion zsh)"',
    "fish": "run once:  twelve completion fish > ~/.config/fish/completions/twelve.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(SHELLS)), required=False)
def command(shell: str | None) -> None:
    """Print the script that completes commands, options and live names in SHELL.

    Without SHELL it is that of your login. Names of apps, deploys, process types, releases,
    variables and more are asked of the control plane as you press Tab.
    """
    from twelve.cli.table import twelve

    chosen = shell or os.path.basename(os.environ.get("SHELL", ""))
    if chosen not in SHELLS:
        raise click.UsageError(f"{chosen or 'no shell'} cannot be taught: name {', '.join(SHELLS)}")
    script = SHELLS[chosen](twelve, {}, "twelve", VARIABLE).source()
    if chosen == "bash":
        script = script.replace("    return 0\n", NO_SPACE)
    print(script)
    if sys.stdout.isatty():
        print(f"\ntwelve: {WHERE[chosen]}", file=sys.stderr)
