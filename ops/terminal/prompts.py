"""Notes and questions to the person at the terminal, on stderr."""

import sys

import click

from ops.errors import UsageError
from shared.humanize import visible

# Adds `--yes` to a command.
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def confirm(question: str, *, yes: bool) -> bool:
    """Whether the person at the terminal agrees; `yes` is their answer beforehand. Who does not is told so.

    Raises:
        CommandError: nobody is there to be asked.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"there is nobody to ask: add --yes (the question is: {question})")
    agreed = click.confirm(visible(question), err=True)
    if not agreed:
        note("nothing was done")
    return agreed


def note(text: str) -> None:
    """Tell a person something that is not a result: on stderr."""
    click.echo(visible(text), err=True)
