"""`copytrail audit stats`: how much was copied when, how it ended, and how long it took; bars on a terminal."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain, starmap
from typing import Literal, NamedTuple

import click

from ops.audit.record_filter import RecordFilter, is_last_day, no_match
from ops.audit.records import BEGINNING, audit_query, matching
from ops.audit.tally import NOTHING, PERCENTILES, Counts, count_periods
from ops.stack import Stack
from ops.terminal.formats import WIDEST_DURATION, WIDEST_SIZE, duration_shown, size_shown
from ops.terminal.json import JsonObject, json_option
from ops.terminal.progress import progress
from ops.terminal.prompts import note
from ops.terminal.tables import Cell, Column, Table, placed, terminal_width
from shared import times
from shared.audit_log.record import Record
from shared.events import Outcome

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
# From so many characters a line on, there is room for sizes and delays, and for every outcome.
_MEDIUM = 80
_WIDE = 110
_OUTCOMES = (Outcome.COPIED, Outcome.DELETED, Outcome.SKIPPED, Outcome.FAILED)
_DELAYS = (*(f"p{percent}" for percent in PERCENTILES), "max")
_TOTAL = "total"


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
        found = _counting(matching(audit_query(stack), wanted, newest_first=False), advance)
        periods, total = count_periods(found, hourly=hourly)
    if not periods:
        note(no_match(wanted))
        return
    print_stats(Stats(periods, total, hourly=hourly), as_json=as_json)
    if is_last_day(wanted) and terminal_width() is not None and not as_json:
        note(_LAST_DAY)


def _counting(records: Iterator[Record], advance: Callable[[int], None]) -> Iterator[Record]:
    for number, record in enumerate(records, start=1):
        yield record
        if number % _TOLD_AT_ONCE == 0:
            advance(_TOLD_AT_ONCE)


@dataclass(frozen=True)
class Stats:
    """The counts of each period in which a record finished, by its first moment, oldest first; and those of all."""

    periods: Mapping[datetime, Counts]
    total: Counts
    hourly: bool

    @property
    def unbroken(self) -> Iterator[tuple[datetime, Counts]]:
        """The periods, and the empty ones between them."""
        step = timedelta(hours=1) if self.hourly else timedelta(days=1)
        moment, last = min(self.periods), max(self.periods)
        while moment <= last:
            yield moment, self.periods.get(moment, NOTHING)
            moment += step


class Period(StrEnum):
    """What counts are of."""

    HOUR = "Hour"
    DAY = "Day"
    TOTAL = "Total"


class DelaysJson(JsonObject, frozen=True):
    """How many seconds copies took from their upload: percentiles, each within 1 %, and the longest."""

    p50: float
    p95: float
    p99: float
    max: float


class StatsJson(JsonObject, frozen=True, kw_only=True):
    """The counts of a period in which records finished, or of all."""

    period: Period
    begins_at: datetime | None = None
    records: int
    outcomes: Mapping[str, int]
    endings: Mapping[str, int]
    size_copied: int
    upload_to_copied: DelaysJson | None = None


class Line(NamedTuple):
    """The counts of a period that begins then, or of all, where none does."""

    begins_at: datetime | None
    counts: Counts


def print_stats(stats: Stats, *, as_json: bool) -> None:
    """Print a line for each period with a record, and one for the total; on a terminal, bars and how all ended."""
    total = Line(None, stats.total)
    if as_json or terminal_width() is None:
        _table(stats).print([*starmap(Line, stats.periods.items()), total], as_json=as_json)
        return
    _table(stats).print(chain(starmap(Line, stats.unbroken), [total]))
    endings = sorted(stats.total.endings.items(), key=lambda ending: -ending[1])
    _ENDINGS.print((f"{_ending(*ending)} {count:,}" for ending, count in endings), with_header=False)


_ENDINGS = Table[str](Column("", lambda _: "", 11), Column("", lambda ending: ending))


def _table(stats: Stats) -> Table[Line]:
    """When, and how many failed, are on every terminal; then what is told of the others, and of their delays."""

    def name(line: Line) -> str:
        if line.begins_at is None:
            return _TOTAL
        return line.begins_at.strftime("%m-%d %H:%M" if stats.hourly else "%Y-%m-%d")

    def count(title: str, of: Callable[[Counts], str | Cell], most: int, from_width: int = 0) -> Column[Line]:
        width = max(len(title), len(f"{most:,}"))
        return Column(title, lambda line: of(line.counts), width, right=True, from_width=from_width)

    def ended(outcome: Outcome) -> Column[Line]:
        from_width = 0 if outcome is Outcome.FAILED else _WIDE
        return count(outcome, lambda counts: _ended(counts, outcome), stats.total.of(outcome), from_width)

    def bar(line: Line) -> Cell:
        share = line.counts.records / most if line.begins_at else 0
        return Cell(_bar(share, placed(table.columns)[-1].width), "red" if line.counts.of(Outcome.FAILED) else "green")

    most = max(counts.records for counts in stats.periods.values())
    table = Table(
        Column("Hour (UTC)" if stats.hourly else "Day (UTC)", name, 11),
        count("Records", lambda counts: f"{counts.records:,}", stats.total.records),
        *map(ended, _OUTCOMES),
        Column("Size", _size, WIDEST_SIZE, right=True, from_width=_MEDIUM),
        *map(_delay, range(len(_DELAYS))),
        Column("", bar, least=9),
        piped=_piped,
        json=lambda line: _told(line, hourly=stats.hourly),
    )
    return table


def _delay(number: int) -> Column[Line]:
    def shown(line: Line) -> str:
        delays = _delays(line.counts)
        return duration_shown(delays[number]) if delays else ""

    return Column(_DELAYS[number], shown, WIDEST_DURATION, right=True, from_width=_MEDIUM)


def _size(line: Line) -> str:
    return size_shown(line.counts.bytes_copied) if line.counts.records else ""


def _ended(counts: Counts, outcome: Outcome) -> Cell:
    count = counts.of(outcome)
    return Cell(f"{count:,}" if count else "·", "red" if count and outcome is Outcome.FAILED else "")


def _piped(line: Line) -> list[str]:
    counts = line.counts
    numbers = (counts.records, *(counts.of(outcome) for outcome in _OUTCOMES), counts.bytes_copied)
    delays = [f"{delay:.3f}" for delay in _delays(counts)] or [""] * len(_DELAYS)
    return [times.to_text(line.begins_at) if line.begins_at else _TOTAL, *map(str, numbers), *delays]


def _told(line: Line, *, hourly: bool) -> Mapping[str, object]:
    begins_at, counts = line
    period = Period.TOTAL if begins_at is None else Period.HOUR if hourly else Period.DAY
    delays = [round(delay, 3) for delay in _delays(counts)]
    return StatsJson(
        period=period,
        begins_at=begins_at,
        records=counts.records,
        outcomes={outcome: counts.of(outcome) for outcome in _OUTCOMES if counts.of(outcome)},
        endings={_ending(*ending): count for ending, count in sorted(counts.endings.items())},
        size_copied=counts.bytes_copied,
        upload_to_copied=DelaysJson(*delays) if delays else None,
    ).attributes()


def _delays(counts: Counts) -> tuple[float, ...]:
    return (*counts.delays.percentiles, counts.delays.longest) if counts.delays else ()


def _ending(outcome: str, reason: str) -> str:
    return f"{outcome} {reason}".rstrip()


def _bar(share: float, room: int) -> str:
    """A bar as long as the share of the room; what is not nothing can be seen."""
    if "utf" not in (sys.stdout.encoding or "").lower():
        return "#" * max(round(share * room), 1 if share else 0)
    whole, eighths = divmod(max(round(share * room * 8), 1 if share else 0), 8)
    return "█" * whole + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths]
