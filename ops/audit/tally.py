"""Counts of many records, by how and when they ended, in memory that does not grow with them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil, log

from ops.audit.records_table import of_old_object
from shared.audit_log.record import Record
from shared.events import Outcome

PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Delays:
    """Seconds from upload to copied: percentiles, each within 1 % of a true one, and the very longest."""

    percentiles: tuple[float, ...]
    longest: float


@dataclass(frozen=True)
class Counts:
    """How many records ended how, by outcome and reason; the bytes copied; and how long after their upload."""

    endings: Mapping[tuple[str, str], int]
    bytes_copied: int
    delays: Delays | None

    @property
    def records(self) -> int:
        """How many there are."""
        return sum(self.endings.values())

    def of(self, outcome: Outcome) -> int:
        """How many ended so."""
        return sum(count for (ending, _), count in self.endings.items() if ending == outcome)


NOTHING = Counts({}, 0, None)


class Tally:
    """Counts records as they come."""

    def __init__(self) -> None:
        self._endings: Counter[tuple[str, str]] = Counter()
        self._bytes_copied = 0
        self._delays = Histogram()

    def add(self, record: Record) -> None:
        """Count one record. A copy that was asked for long after the upload has no delay."""
        self._endings[record.outcome, record.reason or ""] += 1
        if record.outcome != Outcome.COPIED:
            return
        self._bytes_copied += record.size
        if not of_old_object(record):
            # S3's clock and the functions' are not the same: a copy may seem to have been there first.
            self._delays.add(max(0.0, (record.finished_at - record.uploaded_at).total_seconds()))

    def counts(self) -> Counts:
        """What has been counted so far."""
        return Counts(dict(self._endings), self._bytes_copied, self._delays_so_far())

    def _delays_so_far(self) -> Delays | None:
        percentiles = tuple(value for percent in PERCENTILES if (value := self._delays.percentile(percent)) is not None)
        return Delays(percentiles, self._delays.largest) if percentiles else None


def count_periods(records: Iterable[Record], *, hourly: bool) -> tuple[dict[datetime, Counts], Counts]:
    """The counts of each hour or day, UTC, in which a record finished, by its first moment; and those of all.

    Args:
        records: by when they finished, oldest first.
        hourly: whether a period is an hour, not a day.
    """

    def beginning(record: Record) -> datetime:
        moment = record.finished_at.replace(minute=0, second=0, microsecond=0)
        return moment if hourly else moment.replace(hour=0)

    tallies: dict[datetime, Tally] = {}
    total = Tally()
    for record in records:
        tallies.setdefault(beginning(record), Tally()).add(record)
        total.add(record)
    return {begins_at: tally.counts() for begins_at, tally in tallies.items()}, total.counts()


_GROWTH = 1.02
_LOG_GROWTH = log(_GROWTH)
# What is smaller counts as this: a millisecond is all that records keep.
_SMALLEST = 1e-4


class Histogram:
    """Numbers from 0 on, each counted in a bucket whose ends are 2 % apart: from a millisecond to a year, 1,220."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self._count = 0
        self.largest = 0.0

    def add(self, number: float) -> None:
        """Count one number."""
        self._buckets[ceil(log(max(number, _SMALLEST)) / _LOG_GROWTH)] += 1
        self._count += 1
        self.largest = max(self.largest, number)

    def percentile(self, percent: int) -> float | None:
        """The smallest number that so many percent do not exceed, within 1 %; None where there are no numbers."""
        rank = ceil(percent * self._count / 100)
        passed = 0
        for bucket in sorted(self._buckets):
            passed += self._buckets[bucket]
            if passed >= rank:
                # In the middle of the bucket, no end of it is further than 1 %; nothing exceeds the largest.
                return min(_GROWTH**bucket * 2 / (1 + _GROWTH), self.largest)
        return None
