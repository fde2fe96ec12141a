"""The `copytrail` command: its global options, its subcommands and plugins, and how it ends."""

import io
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click
from click.shell_completion import get_completion_class

from ops.errors import EXIT_CODES, CommandError, UsageError, as_command_error, is_foreseen
from ops.interrupts import INTERRUPTED, end_quietly, raise_interrupts
from ops.stack import DEFAULT_NAME, Stack

# Where each command is. Only the one that runs is imported.
_COMMANDS = {
    "audit": "ops.audit.commands:audit",
    "backfill": "ops.backfill.commands:backfill",
    "bucket-policy": "ops.buckets.bucket_policy:bucket_policy",
    "dlq": "ops.dlq.commands:dlq",
    "drain": "ops.drain.commands:drain",
    "enable-events": "ops.buckets.commands:enable_events",
    "forwarding-rule": "ops.buckets.forwarding_rule:forwarding_rule",
    "lifecycle-rule": "ops.buckets.commands:lifecycle_rule",
    "doctor": "ops.doctor.commands:doctor",
    "reconcile": "ops.reconcile.commands:reconcile",
    "status": "ops.status.commands:status",
}
_PLUGINS = "copytrail.commands"
_SHELLS = ("bash", "zsh", "fish")
_EXAMPLES_OF_COMPLETION = """\b
Examples, once for each machine:
  $ echo 'eval "$(copytrail completion bash)"' >> ~/.bashrc
  $ echo 'eval "$(copytrail completion zsh)"' >> ~/.zshrc
  $ copytrail completion fish > ~/.config/fish/completions/copytrail.fish
"""
_BROKEN_PIPE = 141
_STDERR = 2


class CopytrailGroup(click.Group):
    """The commands of `ops`, and those that other installed packages plug in under `copytrail.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our own commands, and the plugged-in ones whose packages are installed."""
        own = {*super().list_commands(ctx), *_COMMANDS}
        return sorted([*own, *(name for name in _plugins() if name not in own and _available(name))])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by name.

        Raises:
            CommandError: the command is plugged in, but its packages are not installed.
        """
        if place := _COMMANDS.get(cmd_name):
            module, _, name = place.partition(":")
            self.add_command(getattr(import_module(module), name), cmd_name)
        own = super().get_command(ctx, cmd_name)
        plugin = _plugins().get(cmd_name)
        if own or not plugin:
            return own
        try:
            return _load(plugin)
        except ModuleNotFoundError as error:
            raise UsageError(
                f"'{cmd_name}' needs the embedded AWS, which is not installed (no module '{error.name}'):"
                " run `pip install 'copytrail[local]'`, or `uv sync` in copytrail's checkout"
            ) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Import the command that is asked for; from then on it may have something under way."""
        found = super().resolve_command(ctx, args)
        raise_interrupts()
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options before the command.

        Raises:
            CommandError: one of them goes after it.
        """
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _misplaced(error) or error from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what AWS, the terminal or the pipe refuses ends it with one line or none.

        Raises:
            CommandError: one line for the person who ran it.
        """
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except UnicodeEncodeError as error:
            raise UsageError(
                f"'{error.object}' is not UTF-8, as names in AWS are: check the shell's encoding"
            ) from error
        except click.Abort:
            # The question has not ended its line.
            click.echo(err=True)
            ctx.exit(INTERRUPTED)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            _discard_output()
            ctx.exit(_BROKEN_PIPE)
        except OSError as error:
            _discard_output()
            raise CommandError(str(error)) from error
        except Exception as error:
            if failure := _foreseen(error):
                raise failure from error
            raise
        finally:
            end_quietly()
        return result


def _foreseen(error: Exception) -> CommandError | None:
    if isinstance(error, click.NoSuchOption):
        return _misplaced(error)
    return as_command_error(error) if is_foreseen(error) else None


@click.group(
    cls=CopytrailGroup,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--stack",
    default=DEFAULT_NAME,
    envvar="COPYTRAIL_STACK",
    metavar="NAME",
    help="The CloudFormation stack to work on.",
    show_default=True,
    show_envvar=True,
)
@click.option("--region", envvar="AWS_REGION", metavar="NAME", help="The stack's AWS region.", show_envvar=True)
@click.option("--profile", metavar="NAME", help="The profile of ~/.aws/config to use.")
@click.version_option(package_name="copytrail", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, *, stack: str, region: str | None, profile: str | None) -> None:
    """Copies every object uploaded to an S3 bucket once, and keeps a permanent record of it."""
    if not stack:
        raise UsageError("the name of the stack is empty: check --stack and COPYTRAIL_STACK")
    ctx.obj = Stack(stack, region=region or None, profile=profile or None)


@cli.command(short_help="Print what lets a shell complete commands.", epilog=_EXAMPLES_OF_COMPLETION)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete copytrail's commands, options and values.

    A shell that is started after the script was added completes them: bash 4.4 or newer, zsh (after compinit) and
    fish. `copytrail` must be on its PATH.
    """
    root = ctx.find_root()
    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"click does not know how {shell} completes")
    name = root.info_name or "copytrail"
    click.echo(script(root.command, {}, name, f"_{name.upper()}_COMPLETE").source())


def main() -> None:
    """Run `copytrail` and exit."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A key that the terminal's encoding has no character for is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    try:
        cli(prog_name="copytrail")
    except OSError as error:
        # Help is printed before there is a command to run.
        _discard_output()
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


def _open_closed_streams() -> None:
    """Let streams that were closed (`>&-`) go nowhere: else a connection that is opened next has stdout's number."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(number)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115, PTH123 - for good


def _discard_output() -> None:
    # The interpreter flushes stdout once more as it ends, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _plugins() -> dict[str, EntryPoint]:
    return {plugin.name: plugin for plugin in entry_points(group=_PLUGINS)}


def _available(name: str) -> bool:
    try:
        _load(_plugins()[name])
    except ImportError:
        return False
    return True


def _load(plugin: EntryPoint) -> click.Command:
    command = plugin.load()
    if not isinstance(command, click.Command):
        raise TypeError(f"entry point {plugin.value} is not a click command")
    return command


def _misplaced(error: click.NoSuchOption) -> UsageError | None:
    """Where an option goes that a command above or below the refusing one has; None: no such command has it."""
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
    for name in (*command.commands, *(_COMMANDS if isinstance(command, CopytrailGroup) else ())):
        if found := command.get_command(context, name):
            yield found
            yield from _below(found, context)
