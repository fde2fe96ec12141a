"""Owns `copytrail audit get`: one record, whole."""

import click

from ops.audit.table import audit_query
from ops.failures import Failure, Misconfigured
from ops.output import json_option, print_attributes, print_json
from ops.stack_outputs import Stack
from shared.log_id import is_log_id


@click.command(epilog="\b\nExample:\n  $ copytrail audit get 6f3a2c1e-4d0b-5c7e-9a56-07c0b1f7a11d --json")
@click.argument("log_id", metavar="LOGID")
@json_option
@click.pass_obj
def get(stack: Stack, log_id: str, *, as_json: bool) -> None:
    """Show the record of LOGID, all of it.

    It is of a transfer, or of what an operator did.
    """
    wanted = log_id.strip().lower()
    if not is_log_id(wanted):
        raise Misconfigured(
            f"'{log_id}' is not a LogID, which looks like 6f3a2c1e-4d0b-5c7e-9a56-07c0b1f7a11d: "
            "`copytrail audit list` shows them"
        )
    record = audit_query(stack).get(wanted)
    if record is None:
        raise Failure(f"no record has LogID {wanted}")
    if as_json:
        print_json(record.attributes())
    else:
        print_attributes(record.attributes())
