"""`copytrail local up` and `copytrail demo`: what the embedded AWS adds to the command line."""

import logging
import sys

import click

from localaws.preconditions import check_free, check_installed, forget_accounts

# Loaded by `copytrail --help`, so moto itself is imported only when a command runs.
check_installed()


@click.command(
    short_help="Upload what simpler copiers get wrong, and check every copy.", epilog="\b\nExample:\n  $ copytrail demo"
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each upload instead of the table.")
def demo(*, as_json: bool) -> None:
    """Upload to the embedded AWS what simpler copiers get wrong, and check that every upload is copied and recorded.

    No AWS account is needed. Exits 0 when everything was as it must be, and 1, naming what was not, otherwise;
    2 when cdk.json cannot be used.
    """
    forget_accounts()
    from localaws.demo.run import run  # noqa: PLC0415  # see above

    sys.exit(0 if run(as_json=as_json) else 1)


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
    check_free(port)
    forget_accounts()
    if verbose:
        logging.getLogger("localaws").setLevel(logging.DEBUG)
    from localaws.up import stay_up  # noqa: PLC0415  # see above

    stay_up(port, stack)
