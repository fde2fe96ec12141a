"""Owns what a person is told who writes an option of one command after another: where it goes."""

from collections.abc import Iterator

import click

from ops.failures import UsageError


def where_it_goes(error: click.NoSuchOption) -> UsageError | None:
    """The place of an option that a command above or below the refusing one has; None: no such command has it."""
    context = error.ctx
    if context is None:
        return None
    above = context.parent
    while above is not None:
        if option := _option(above.command, error.option_name):
            rest = context.command_path.removeprefix(f"{above.command_path} ")
            return _told(error, "before", f"{above.command_path} {_written(option)} {rest}")
        above = above.parent
    option = next(
        (found for below in _below(context.command, context) if (found := _option(below, error.option_name))), None
    )
    return _told(error, "after", f"{context.command_path} COMMAND {_written(option)}") if option else None


def _told(error: click.NoSuchOption, where: str, example: str) -> UsageError:
    return UsageError(f"{error.option_name} goes {where} the command: `{example}`")


def _option(command: click.Command, name: str) -> click.Option | None:
    return next((each for each in command.params if isinstance(each, click.Option) and name in each.opts), None)


def _written(option: click.Option) -> str:
    name = max(option.opts, key=len)
    return name if option.is_flag else f"{name} {option.metavar or 'VALUE'}"


def _below(command: click.Command, context: click.Context) -> Iterator[click.Command]:
    if not isinstance(command, click.Group):
        return
    # Plugged-in commands are not loaded for it.
    for name in (*command.commands, *getattr(command, "imported_late", ())):
        if found := command.get_command(context, name):
            yield found
            yield from _below(found, context)
