"""Errors of the embedded AWS that a person can do something about."""

import click


class LocalAwsError(click.ClickException):
    """The embedded AWS cannot do what was asked; the message says why and what to do, and ends the command.

    Its exit code is 1, and 2 where a subclass is about usage or configuration, as in `copytrail --help`.
    """
