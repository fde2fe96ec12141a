"""Owns the question before something is changed."""

import sys
from collections.abc import Callable
from typing import TypeVar

import click

from ops.failures import UsageError
from ops.output import note, visible

F = TypeVar("F", bound=Callable[..., object])


def yes_option(command: F) -> F:
    """Add `--yes` to a command, as `yes`."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(command)


def confirm(question: str, *, yes: bool) -> bool:
    """Whether the person at the terminal agrees; `yes` is their answer beforehand. Who does not is told so.

    Raises:
        CommandError: nobody is there to be asked.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{question} There is nobody to ask: add --yes")
    agreed = click.confirm(visible(question), err=True)
    if not agreed:
        note("nothing was done")
    return agreed
