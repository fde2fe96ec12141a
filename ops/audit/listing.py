"""Owns `copytrail audit list`: the records of a span of time."""

from collections.abc import Iterator
from contextlib import closing
from itertools import islice

import click

from ops.audit.record_filter import RecordFilter, is_last_day, no_match
from ops.audit.record_table import print_records
from ops.audit.table import audit_query, looking_at, matching
from ops.stack import Stack
from ops.terminal.json import json_option
from ops.terminal.prompts import note
from ops.terminal.tables import terminal_width
from shared.audit_log.record import Record

_EXAMPLES = """\b
Examples:
  $ copytrail audit list --since 1h
  $ copytrail audit list --since 7d --outcome failed --reason AccessDenied
  $ copytrail audit list --operation 2f1c07d9-6a0e-4f0b-8f54-6c1d4a5f2b90
  $ copytrail audit list --since 2026-11-01 --until 2026-12-01 --key-glob 'reports/*.csv' --json
"""
_LAST_DAY = "the last 24 h"
_MORE = "; --since 7d shows more"


@click.command("list", epilog=_EXAMPLES)
@RecordFilter.options("wanted")
@click.option("--oldest-first", is_flag=True, help="The oldest first, instead of the newest.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many: the first of the list.")
@json_option
@click.pass_obj
def list_(
    stack: Stack,
    *,
    wanted: RecordFilter,
    oldest_first: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    """List records by when they finished, newest first.

    Into a pipe: LogID, moment, outcome, reason, object, with tabs between. A date is its first moment, UTC.
    """
    query = audit_query(stack)
    with (
        looking_at(wanted) as advance,
        closing(matching(query, wanted, newest_first=not oldest_first, day_done=advance)) as found,
    ):
        counted = _Counted(islice(found, limit))
        print_records(counted, as_json=as_json)
    by_default = is_last_day(wanted)
    if not counted.count:
        note(no_match(wanted) + (_MORE if by_default else ""))
    elif by_default and terminal_width() is not None and counted.count != limit:
        note(_LAST_DAY + _MORE)


class _Counted:
    """An iterator that knows how many it has given."""

    def __init__(self, records: Iterator[Record]) -> None:
        self._records = records
        self.count = 0

    def __iter__(self) -> Iterator[Record]:
        return self

    def __next__(self) -> Record:
        record = next(self._records)
        self.count += 1
        return record
