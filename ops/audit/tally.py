"""Counts of many records, by how and when they ended, in memory that does not grow with them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from math import ceil, log

from ops.audit.records_table import of_old_object
from ops.terminal.json import JsonObject
from shared.audit_log.record import Record
from shared.events import Outcome


class Period(StrEnum):
    """What counts are of."""

    HOUR = "Hour"
    DAY = "Day"
    TOTAL = "Total"


class Delays(JsonObject, frozen=True):
    """How many seconds copies took from their upload: percentiles, each within 1 %, and the longest."""

    p50: float
    p95: float
    p99: float
    max: float


class PeriodCounts(JsonObject, frozen=True, kw_only=True):
    """The counts of a period in which records finished, or of all."""

    period: Period
    begins_at: datetime | None = None
    records: int
    outcomes: Mapping[str, int]
    endings: Mapping[str, int]
    size_copied: int
    upload_to_copied: Delays | None = None

    def of(self, outcome: Outcome) -> int:
        """How many ended so."""
        return self.outcomes.get(outcome, 0)


def count_periods(records: Iterable[Record], *, hourly: bool) -> list[PeriodCounts]:
    """The counts of each hour or day, UTC, in which a record finished, oldest first, and last, always, those of all.

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
    period = Period.HOUR if hourly else Period.DAY
    return [*(tally.counts(period, begins_at) for begins_at, tally in tallies.items()), total.counts(Period.TOTAL)]


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

    def counts(self, period: Period, begins_at: datetime | None = None) -> PeriodCounts:
        """What has been counted so far."""
        outcomes: Counter[str] = Counter()
        for (outcome, _), count in self._endings.items():
            outcomes[outcome] += count
        return PeriodCounts(
            period=period,
            begins_at=begins_at,
            records=outcomes.total(),
            outcomes={outcome: outcomes[outcome] for outcome in Outcome if outcomes[outcome]},
            endings={f"{outcome} {reason}".rstrip(): n for (outcome, reason), n in sorted(self._endings.items())},
            size_copied=self._bytes_copied,
            upload_to_copied=self._delays_so_far(),
        )

    def _delays_so_far(self) -> Delays | None:
        if not self._delays.count:
            return None
        p50, p95, p99 = (round(self._delays.percentile(percent), 3) for percent in (50, 95, 99))
        return Delays(p50=p50, p95=p95, p99=p99, max=round(self._delays.largest, 3))


_GROWTH = 1.02
_LOG_GROWTH = log(_GROWTH)
# What is smaller counts as this: a millisecond is all that records keep.
_SMALLEST = 1e-4


class Histogram:
    """Numbers from 0 on, each counted in a bucket whose ends are 2 % apart: from a millisecond to a year, 1,220."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0
        self.largest = 0.0

    def add(self, number: float) -> None:
        """Count one number."""
        self._buckets[ceil(log(max(number, _SMALLEST)) / _LOG_GROWTH)] += 1
        self.count += 1
        self.largest = max(self.largest, number)

    def percentile(self, percent: int) -> float:
        """The smallest number that so many percent do not exceed, within 1 %."""
        rank = ceil(percent * self.count / 100)
        passed = 0
        for bucket in sorted(self._buckets):
            passed += self._buckets[bucket]
            if passed >= rank:
                # In the middle of the bucket, no end of it is further than 1 %; nothing exceeds the largest.
                return min(_GROWTH**bucket * 2 / (1 + _GROWTH), self.largest)
        return self.largest
