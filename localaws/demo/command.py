"""Owns `copytrail demo` as people call it."""

import sys

import click

from localaws.errors import LocalAwsError, LocalAwsUsageError
from localaws.installed import check_installed
from localaws.no_account import forget_accounts

check_installed()


@click.command(short_help="Upload a set that bites, and check every copy.", epilog="\b\nExample:\n  $ copytrail demo")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each upload instead of the table.")
def demo(*, as_json: bool) -> None:
    """Upload a set that bites to the embedded AWS, and check that every upload is copied and recorded as it must be.

    No AWS account is needed. Exits 0 when everything was as it must be, and 1, naming what was not, otherwise;
    2 when cdk.json cannot be used.
    """
    forget_accounts()
    # Loaded by `copytrail --help`, so moto itself is imported only when the command runs.
    from localaws.demo.run import run  # noqa: PLC0415  # see above

    try:
        sys.exit(0 if run(as_json=as_json) else 1)
    except LocalAwsError as error:
        raise LocalAwsUsageError(error) from error
