"""Owns the `copytrail` command: its global options, its plugged-in commands, and how it ends."""

import io
import os
import signal
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from ops.audit.commands import audit
from ops.backfill.command import backfill
from ops.bucket_policy import bucket_policy
from ops.completion import completion
from ops.dlq.commands import dlq
from ops.failures import EXIT_CODES, INTERRUPTED, Failure, Misconfigured, explained
from ops.misplaced_options import where_it_goes
from ops.reconcile.command import reconcile
from ops.stack_outputs import Stack
from ops.status.command import status
from shared.errors import ConfigurationError, CopytrailError

_PLUGINS = "copytrail.commands"
_BROKEN_PIPE = 141
_STDERR = 2


class CopytrailGroup(click.Group):
    """The commands of `ops`, and those that other installed packages plug in under `copytrail.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our own commands, and the plugged-in ones whose packages are installed."""
        plugged_in = [name for name in _plugins() if name not in self.commands and _available(name)]
        return sorted([*super().list_commands(ctx), *plugged_in])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by name.

        Raises:
            Failure: the command is plugged in, but its packages are not installed.
        """
        own = super().get_command(ctx, cmd_name)
        plugin = _plugins().get(cmd_name)
        if own or not plugin:
            return own
        try:
            return _load(plugin)
        except ModuleNotFoundError as error:
            raise Misconfigured(
                f"'{cmd_name}' needs packages that are not installed ({error}): run `uv sync` in copytrail's checkout"
            ) from error

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options before the command.

        Raises:
            Failure: one of them goes after it.
        """
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise where_it_goes(error) or error from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what AWS, the terminal or the pipe refuses ends it with one line or none.

        Raises:
            Failure: one line for the person who ran it.
        """
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except click.NoSuchOption as error:
            raise where_it_goes(error) or error from error
        except (CopytrailError, ConfigurationError, BotoCoreError, ClientError) as error:
            raise explained(error) from error
        except UnicodeEncodeError as error:
            raise Misconfigured(
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
            raise Failure(str(error)) from error
        return result


@click.group(cls=CopytrailGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--stack",
    default="copytrail",
    envvar="COPYTRAIL_STACK",
    metavar="NAME",
    help="The CloudFormation stack to look at.",
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
        raise Misconfigured("the name of the stack is empty: check --stack and COPYTRAIL_STACK")
    ctx.obj = Stack(stack, region=region or None, profile=profile or None)


cli.add_command(audit)
cli.add_command(backfill)
cli.add_command(bucket_policy)
cli.add_command(completion)
cli.add_command(dlq)
cli.add_command(reconcile)
cli.add_command(status)


def main() -> None:
    """Run `copytrail` and exit."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        # As Ctrl-C does: what is under way is put back and told. `nohup` has hang-ups ignored, and means it.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
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
