"""Questions to the person at the terminal, and what to do where there is none."""

import sys

import click

from twelve.errors import Refused, Usage


def confirm(question: str) -> None:
    """Go on only when the answer is yes. Raises Refused, or Usage where nobody can answer."""
    if not sys.stdin.isatty():
        raise Usage("nothing was done: there is nobody to ask", hint="say --yes")
    if not click.confirm(question):
        raise Refused("nothing was done", hint="answer y, or say --yes")


def ask_secret(name: str, instead: str) -> str:
    """A value that is typed unseen. Raises Usage where nobody can type, with what to do instead."""
    if not sys.stdin.isatty():
        raise Usage(f"{name}: there is no terminal to ask for the value", hint=instead)
    answer: str = click.prompt(name, hide_input=True, err=True)
    return answer
