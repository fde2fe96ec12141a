"""`copytrail audit stats`: how much was copied when, how it ended, and how long it took; bars on a terminal."""

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Literal

import click
from msgspec.structs import astuple

from ops.audit.record_filter import LAST_DAY, SHOWS_MORE, RecordFilter, is_last_day, no_match
from ops.audit.records import BEGINNING, audit_query, matching
from ops.audit.tally import Delays, Period, PeriodCounts, Tally, count_periods
from ops.stack import Stack
from ops.terminal.formats import WIDEST_DURATION, duration_shown
from ops.terminal.json import json_option
from ops.terminal.progress import progress
from ops.terminal.prompts import note
from ops.terminal.tables import Cell, Column, Table, placed, terminal_width
from shared import times
from shared.audit_log.record import Record
from shared.events import Outcome
from shared.humanize import WIDEST_SIZE, size_shown

_EXAMPLES = """\b
Examples:
  $ copytrail audit stats
  $ copytrail audit stats --since 30d --by day --key-prefix reports/
  $ copytrail audit stats --since 7d --by hour --json
"""
# A longer span is told by day, where nothing else is asked for.
_HOURLY_UP_TO = timedelta(days=2)
_ADVANCE_BY = 500
# From so many characters a line on, there is room for sizes and delays, and for every outcome.
_MEDIUM = 80
_WIDE = 110
_TOTAL = "total"


@click.command(epilog=_EXAMPLES)
@RecordFilter.options("record_filter")
@click.option(
    "--by", type=click.Choice(["hour", "day"]), help="What a line stands for, UTC.  [default: hour, over 2 days: day]"
)
@json_option
@click.pass_obj
def stats(stack: Stack, *, record_filter: RecordFilter, by: Literal["hour", "day"] | None, as_json: bool) -> None:
    """Count records, bytes and outcomes, and how long copies took.

    p50, p95, p99 (each within 1 %) and max are the times from upload to copied, also of replayed uploads. Copies of
    objects that were there long before (backfill, reconcile, restore) have no part in them.

    Into a pipe: beginning, records, copied, deleted, skipped, failed, bytes copied, p50, p95, p99 and max in seconds,
    with tabs between; the last line is the total.
    """
    span = (record_filter.until or times.now()) - (record_filter.since or BEGINNING)
    hourly = by == "hour" if by else span <= _HOURLY_UP_TO
    with progress("Reading", total=None, unit="record") as advance:
        found = _counting(matching(audit_query(stack), record_filter, newest_first=False), advance)
        counts = count_periods(found, hourly=hourly)
    if not counts[-1].records:
        note(no_match(record_filter))
        return
    print_counts(counts, as_json=as_json)
    if is_last_day(record_filter) and terminal_width() is not None and not as_json:
        note(LAST_DAY + SHOWS_MORE)


def _counting(records: Iterator[Record], advance: Callable[[int], None]) -> Iterator[Record]:
    for number, record in enumerate(records, start=1):
        yield record
        if number % _ADVANCE_BY == 0:
            advance(_ADVANCE_BY)


def print_counts(counts: Sequence[PeriodCounts], *, as_json: bool) -> None:
    """Print a line for each period with a record, and one for the total; on a terminal, bars and how all ended."""
    table = _table(counts)
    if as_json or terminal_width() is None:
        table.print(counts, as_json=as_json)
        return
    *periods, total = counts
    table.print([*_unbroken(periods), total])
    endings = sorted(total.endings.items(), key=lambda ending: -ending[1])
    _ENDINGS.print((f"{ending} {count:,}" for ending, count in endings), with_header=False)


_ENDINGS = Table[str](Column("", lambda _: "", 11), Column("", lambda ending: ending))


def _unbroken(periods: Sequence[PeriodCounts]) -> Iterator[PeriodCounts]:
    """The periods, and the empty ones between them."""
    found = {counts.begins_at: counts for counts in periods if counts.begins_at}
    period = periods[0].period
    moment, last = min(found), max(found)
    while moment <= last:
        yield found.get(moment) or Tally().counts(period, moment)
        moment += timedelta(hours=1) if period is Period.HOUR else timedelta(days=1)


def _table(counts: Sequence[PeriodCounts]) -> Table[PeriodCounts]:
    """When, and how many failed, are on every terminal; then what is told of the others, and of their delays."""
    *periods, total = counts
    most = max(line.records for line in periods)
    hourly = periods[0].period is Period.HOUR

    def name(line: PeriodCounts) -> str:
        return line.begins_at.strftime("%m-%d %H:%M" if hourly else "%Y-%m-%d") if line.begins_at else _TOTAL

    def ended(outcome: Outcome) -> Column[PeriodCounts]:
        return Column(
            outcome,
            lambda line: _ended(line, outcome),
            max(len(outcome), len(f"{total.of(outcome):,}")),
            right=True,
            from_width=0 if outcome is Outcome.FAILED else _WIDE,
        )

    def bar(line: PeriodCounts) -> Cell:
        share = line.records / most if line.begins_at else 0
        return Cell(_bar(share, placed(table.columns)[-1].width), "red" if line.of(Outcome.FAILED) else "green")

    table = Table(
        Column("Hour (UTC)" if hourly else "Day (UTC)", name, 11),
        Column("Records", lambda line: f"{line.records:,}", max(7, len(f"{total.records:,}")), right=True),
        *map(ended, Outcome),
        Column("Size", _size, WIDEST_SIZE, right=True, from_width=_MEDIUM),
        *map(_delay, Delays.__struct_fields__),
        Column("", bar, least=9),
        piped=_piped,
        json=PeriodCounts.attributes,
    )
    return table


def _delay(name: str) -> Column[PeriodCounts]:
    def shown(line: PeriodCounts) -> str:
        return duration_shown(getattr(line.upload_to_copied, name)) if line.upload_to_copied else ""

    return Column(name, shown, WIDEST_DURATION, right=True, from_width=_MEDIUM)


def _size(line: PeriodCounts) -> str:
    return size_shown(line.size_copied) if line.records else ""


def _ended(line: PeriodCounts, outcome: Outcome) -> Cell:
    count = line.of(outcome)
    return Cell(f"{count:,}" if count else "·", "red" if count and outcome is Outcome.FAILED else "")


def _piped(line: PeriodCounts) -> list[str]:
    numbers = (line.records, *map(line.of, Outcome), line.size_copied)
    no_delays = [""] * len(Delays.__struct_fields__)
    delays = [f"{delay:.3f}" for delay in astuple(line.upload_to_copied)] if line.upload_to_copied else no_delays
    return [times.to_text(line.begins_at) if line.begins_at else _TOTAL, *map(str, numbers), *delays]


def _bar(share: float, room: int) -> str:
    """A bar as long as the share of the room; what is not nothing can be seen."""
    if "utf" not in (sys.stdout.encoding or "").lower():
        return "#" * max(round(share * room), 1 if share else 0)
    whole, eighths = divmod(max(round(share * room * 8), 1 if share else 0), 8)
    return "█" * whole + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths]
