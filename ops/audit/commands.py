"""`copytrail audit` and its shortest commands: `get`, one whole record, and `list`, the records of a span of time."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import islice

import click

from ops.audit.export import export
from ops.audit.history import history
from ops.audit.operations import operations, runs_of
from ops.audit.record_filter import LAST_DAY, SHOWS_MORE, RecordFilter, is_last_day, no_match, whole_id
from ops.audit.records import audit_query, matching, progress_of, stages_of
from ops.audit.records_table import print_records
from ops.audit.stats import stats
from ops.audit.tail import tail
from ops.errors import CommandError, UsageError
from ops.params.keys import read_s3_url
from ops.stack import Stack
from ops.terminal.json import json_option, print_json
from ops.terminal.prompts import note
from ops.terminal.tables import print_attributes, terminal_width
from shared.audit_log.query import AuditQuery
from shared.audit_log.unreadable import UnreadableItemError, as_json

_EXAMPLE_ID = "6f3a2c1e-4d0b-5c7e-9a56-07c0b1f7a11d"
_EXAMPLES_OF_LIST = """\b
Examples:
  $ copytrail audit list --since 1h
  $ copytrail audit list --since 7d --outcome failed --reason AccessDenied
  $ copytrail audit list --operation 2f1c07d9-6a0e-4f0b-8f54-6c1d4a5f2b90
  $ copytrail audit list --since 2026-11-01 --until 2026-12-01 --key-glob 'reports/*.csv' --json
"""


@click.group()
def audit() -> None:
    """Look up what became of uploads, and what operators did."""


@click.command(epilog=f"\b\nExample:\n  $ copytrail audit get {_EXAMPLE_ID} --json")
@click.argument("id_", metavar="ID")
@json_option
@click.pass_obj
def get(stack: Stack, id_: str, *, as_json: bool) -> None:
    """Show the record of ID, all of it.

    ID is the LogID of a transfer, or the id of what an operator did: a replay, a drop, an import, a backfill or a
    repair, which is shown once for each time that it was run.
    """
    log_id = whole_id(id_)
    if log_id is None:
        raise UsageError(_what_to_type(id_.strip()))
    found = _found(audit_query(stack), log_id)
    if not found:
        raise CommandError(f"no record has LogID {log_id}, and no operation has this id")
    for number, attributes in enumerate(found):
        if as_json:
            print_json(attributes)
            continue
        if number:
            click.echo()
        print_attributes(attributes)


@click.command("list", epilog=_EXAMPLES_OF_LIST)
@RecordFilter.options("record_filter")
@click.option("--oldest-first", is_flag=True, help="The oldest first, instead of the newest.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many: the first of the list.")
@json_option
@click.pass_obj
def list_(
    stack: Stack,
    *,
    record_filter: RecordFilter,
    oldest_first: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    """List records by when they finished, newest first.

    Into a pipe: LogID, moment, outcome, reason, object, with tabs between. A date is its first moment, UTC.
    """
    query = audit_query(stack)
    with (
        progress_of(record_filter) as advance,
        closing(matching(query, record_filter, newest_first=not oldest_first, day_done=advance)) as found,
    ):
        count = print_records(islice(found, limit), as_json=as_json)
    by_default = is_last_day(record_filter)
    if not count:
        note(no_match(record_filter) + (SHOWS_MORE if by_default else ""))
    elif by_default and terminal_width() is not None and count != limit:
        note(LAST_DAY + SHOWS_MORE)


def _found(query: AuditQuery, log_id: str) -> Sequence[Mapping[str, object]]:
    try:
        record = query.get(log_id)
    except UnreadableItemError as error:
        note(f"this version cannot read the item, which is shown as it is ({error.problem})")
        return [_as_it_is(error)]
    if record:
        return [record.attributes()]
    runs = [run.attributes() for run in runs_of(stages_of(query, log_id))]
    if runs:
        note(f"its transfers: copytrail audit list --operation {log_id}")
    return runs


def _as_it_is(error: UnreadableItemError) -> Mapping[str, object]:
    """The attributes of an item: texts and numbers as they are, and all others with their type."""
    return {
        name: as_json(next(iter(value.values())) if value.keys() <= {"S", "N"} else value)
        for name, value in error.item.items()
    }


def _what_to_type(text: str) -> str:
    if text.startswith("s3://"):
        told = f"'{text}' is no LogID"
        return f"{told}: `copytrail audit history {text}` shows what became of an object" if read_s3_url(text) else told
    beginning = text.rstrip("….").lower()
    if beginning and set(beginning) <= set("0123456789abcdef-") and len(beginning) < len(_EXAMPLE_ID):
        return (
            f"'{text}' is not a whole LogID: type all 36 characters, as `copytrail audit list` shows them, or the id of"
            " an operation, as `copytrail audit operations` shows it"
        )
    return (
        f"'{text}' is not a LogID: type one that looks like {_EXAMPLE_ID}, as `copytrail audit list` shows them, or the"
        " id of an operation, as `copytrail audit operations` shows it"
    )


for command in (export, get, history, list_, operations, stats, tail):
    audit.add_command(command)
