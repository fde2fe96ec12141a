"""Owns how counts are shown: bars on a terminal, columns in a pipe, JSON lines for programs."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain

from ops.audit.tally import NOTHING, PERCENTILES, Counts
from ops.terminal.formats import WIDEST_DURATION, WIDEST_SIZE, duration_shown, size_shown
from ops.terminal.json import Told, print_json
from ops.terminal.tables import Cell, Column, columns_with_room, print_table
from shared import times
from shared.events import Outcome

# From so many characters a line on, there is room for sizes and delays, and for every outcome.
_MEDIUM = 80
_WIDE = 110
_OUTCOMES = (Outcome.COPIED, Outcome.DELETED, Outcome.SKIPPED, Outcome.FAILED)
_DELAYS = (*(f"p{percent}" for percent in PERCENTILES), "max")
_NO_DELAYS = ("",) * len(_DELAYS)
_TOTAL = "total"


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


class DelaysTold(Told, frozen=True):
    """How many seconds copies took from their upload: percentiles, each within 1 %, and the longest."""

    p50: float
    p95: float
    p99: float
    max: float


class StatsTold(Told, frozen=True, kw_only=True):
    """The counts of a period in which records finished, or of all."""

    period: Period
    begins_at: datetime | None = None
    records: int
    outcomes: Mapping[str, int]
    endings: Mapping[str, int]
    size_copied: int
    upload_to_copied: DelaysTold | None = None


def print_chart(stats: Stats) -> None:
    """Print a line with a bar for each period, and the totals."""
    columns = _columns(stats)
    bar = columns_with_room(columns)[-1].width
    most = max(counts.records for counts in stats.periods.values())
    rows = (
        (
            Cell(moment.strftime("%m-%d %H:%M" if stats.hourly else "%Y-%m-%d")),
            *_numbers(counts),
            Cell(_bar(counts.records / most, bar), "red" if counts.of(Outcome.FAILED) else "green"),
        )
        for moment, counts in stats.unbroken
    )
    print_table(columns, chain(rows, [(Cell(_TOTAL), *_numbers(stats.total), Cell(""))]))
    endings = sorted(stats.total.endings.items(), key=lambda ending: -ending[1])
    print_table(
        (Column("", 11), Column("")),
        ((Cell(""), Cell(f"{_ending(*ending)} {count:,}")) for ending, count in endings),
        with_header=False,
    )


def _columns(stats: Stats) -> list[Column]:
    """When, and how many failed, are on every terminal; then what is told of the others, and of their delays."""

    def count(title: str, most: int, from_width: int) -> Column:
        return Column(title, max(len(title), len(f"{most:,}")), right=True, from_width=from_width)

    return [
        Column("Hour (UTC)" if stats.hourly else "Day (UTC)", 11),
        count("Records", stats.total.records, 0),
        *(count(outcome, stats.total.of(outcome), 0 if outcome is Outcome.FAILED else _WIDE) for outcome in _OUTCOMES),
        Column("Size", WIDEST_SIZE, right=True, from_width=_MEDIUM),
        *(Column(name, WIDEST_DURATION, right=True, from_width=_MEDIUM) for name in _DELAYS),
        Column("", least=9),
    ]


def print_lines(stats: Stats) -> None:
    """Print a line for each period with a record, and one for the total, with tabs between the values."""
    named = [(times.to_text(moment), counts) for moment, counts in stats.periods.items()]
    print_table((), (_line(name, counts) for name, counts in [*named, (_TOTAL, stats.total)]))


def print_json_lines(stats: Stats) -> None:
    """Print a JSON object for each period with a record, and one for the total. Delays are in seconds."""
    for moment, counts in stats.periods.items():
        print_json(_told(Period.HOUR if stats.hourly else Period.DAY, moment, counts))
    print_json(_told(Period.TOTAL, None, stats.total))


def _numbers(counts: Counts) -> Iterator[Cell]:
    yield Cell(f"{counts.records:,}")
    for outcome in _OUTCOMES:
        count = counts.of(outcome)
        alarming = outcome is Outcome.FAILED and count > 0
        yield Cell(f"{count:,}" if count else "·", "red" if alarming else "")
    yield Cell(size_shown(counts.bytes_copied) if counts.records else "")
    yield from map(Cell, [duration_shown(delay) for delay in _delays(counts)] or _NO_DELAYS)


def _line(name: str, counts: Counts) -> tuple[Cell, ...]:
    numbers = (counts.records, *(counts.of(outcome) for outcome in _OUTCOMES), counts.bytes_copied)
    delays = [f"{delay:.3f}" for delay in _delays(counts)] or _NO_DELAYS
    return (Cell(name), *(Cell(str(number)) for number in numbers), *map(Cell, delays))


def _told(period: Period, begins_at: datetime | None, counts: Counts) -> Mapping[str, object]:
    delays = [round(delay, 3) for delay in _delays(counts)]
    return StatsTold(
        period=period,
        begins_at=begins_at,
        records=counts.records,
        outcomes={outcome: counts.of(outcome) for outcome in _OUTCOMES if counts.of(outcome)},
        endings={_ending(*ending): count for ending, count in sorted(counts.endings.items())},
        size_copied=counts.bytes_copied,
        upload_to_copied=DelaysTold(*delays) if delays else None,
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
