"""Owns what the embedded AWS adds to the `copytrail` command."""

import logging

import click

from localaws.errors import LocalAwsUsageError
from localaws.installed import check_installed
from localaws.no_account import forget_accounts
from localaws.port import PortInUseError, check_free

# Loaded by `copytrail --help`, so moto itself is imported only when a command runs.
check_installed()


@click.group(short_help="Run all of copytrail on this machine, without AWS.")
def local() -> None:
    """Run all of copytrail on this machine, without an AWS account."""


@local.command(
    short_help="Start an AWS of your own, with copytrail in it.",
    epilog="\b\nExample:\n  $ copytrail local up          # and paste the lines that it prints into another terminal:\n"
    "  $ aws s3 cp README.md s3://devops-public-5607/\n  $ copytrail audit list",
)
@click.option("--port", type=click.IntRange(0, 65535), default=4577, show_default=True, help="0 takes any free one.")
@click.option("--stack", metavar="NAME", help="The stack's name.  [default: as cdk.json says]")
@click.option("--verbose", is_flag=True, help="Tell all of an error that nobody foresaw.")
def up(*, port: int, stack: str | None, verbose: bool) -> None:
    """Start an AWS of your own, put copytrail up in it, and show transfers as they happen.

    It stays in the foreground. When the stack is up, it prints the `export` lines that make `aws`, boto3 and
    `copytrail` itself talk to it. Ctrl-C stops it and forgets everything.
    """
    try:
        check_free(port)
    except PortInUseError as error:
        raise LocalAwsUsageError(error) from error
    forget_accounts()
    if verbose:
        logging.getLogger("localaws").setLevel(logging.DEBUG)
    from localaws.up import stay_up  # noqa: PLC0415  # see above

    stay_up(port, stack)
