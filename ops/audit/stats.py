"""Owns `copytrail audit stats`: how much was copied when, what became of it, and how long it took."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Literal

import click

from ops.audit.record_filter import RecordFilter, is_last_day, no_match
from ops.audit.stats_shown import Stats, print_stats
from ops.audit.table import BEGINNING, audit_query, matching
from ops.audit.tally import count_periods
from ops.stack import Stack
from ops.terminal.json import json_option
from ops.terminal.progress import progress
from ops.terminal.prompts import note
from ops.terminal.tables import terminal_width
from shared import times
from shared.audit_log.record import Record

_EXAMPLES = """\b
Examples:
  $ copytrail audit stats
  $ copytrail audit stats --since 30d --by day --key-prefix reports/
  $ copytrail audit stats --since 7d --by hour --json
"""
# A longer span is told by day, where nothing else is asked for.
_HOURLY_UP_TO = timedelta(days=2)
_TOLD_AT_ONCE = 500
_LAST_DAY = "the last 24 h; --since 7d shows more"


@click.command(epilog=_EXAMPLES)
@RecordFilter.options("wanted")
@click.option(
    "--by", type=click.Choice(["hour", "day"]), help="What a line stands for, UTC.  [default: hour, over 2 days: day]"
)
@json_option
@click.pass_obj
def stats(stack: Stack, *, wanted: RecordFilter, by: Literal["hour", "day"] | None, as_json: bool) -> None:
    """Count records, bytes and outcomes, and how long copies took.

    p50, p95, p99 (each within 1 %) and max are the times from upload to copied, also of replayed uploads. Copies of
    objects that were there long before (backfill, reconcile, restore) have no part in them.

    Into a pipe: beginning, records, copied, deleted, skipped, failed, bytes copied, p50, p95, p99 and max in seconds,
    with tabs between; the last line is the total.
    """
    hourly = by == "hour" if by else (wanted.until or times.now()) - (wanted.since or BEGINNING) <= _HOURLY_UP_TO
    with progress("Reading", total=None, unit="records") as advance:
        found = _told(matching(audit_query(stack), wanted, newest_first=False), advance)
        periods, total = count_periods(found, hourly=hourly)
    if not periods:
        note(no_match(wanted))
        return
    print_stats(Stats(periods, total, hourly=hourly), as_json=as_json)
    if is_last_day(wanted) and terminal_width() is not None and not as_json:
        note(_LAST_DAY)


def _told(records: Iterator[Record], advance: Callable[[int], None]) -> Iterator[Record]:
    for number, record in enumerate(records, start=1):
        yield record
        if number % _TOLD_AT_ONCE == 0:
            advance(_TOLD_AT_ONCE)
