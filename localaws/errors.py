"""Errors of the embedded AWS that a person can do something about, and how a command ends with one."""

import click


class LocalAwsError(Exception):
    """The embedded AWS cannot do what was asked; the message says why and what to do, for a person to read."""

    # As in `copytrail --help`: 2 where a subclass is about usage or configuration.
    exit_code = 1


class LocalAwsUsageError(click.ClickException):
    """The end of a command that the embedded AWS could not do: the error's message and exit code."""

    def __init__(self, error: LocalAwsError) -> None:
        super().__init__(str(error))
        self._error = error

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click reads it, and never sets it
        """The error's."""
        return self._error.exit_code
