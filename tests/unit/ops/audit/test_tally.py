"""Records are counted by hour or day, and together."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import astuple

from ops.audit.tally import Period, count_periods
from shared.audit_log.record import Record
from shared.events import Outcome, Trigger
from tests.fakes.outcomes import a_record, an_upload, copied, failed, skipped

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def a_copy(finished_at: datetime, took_s: float, size: int = 1, **changes: object) -> Record:
    upload = an_upload(key=str(finished_at), size=size, uploaded_at=finished_at - timedelta(seconds=took_s))
    return a_record(copied(upload, finished_at=finished_at, **changes))


def test_each_hour_and_the_total_have_their_counts() -> None:
    minute = timedelta(minutes=1)
    upload = an_upload(size=1000)
    records = [
        a_copy(NOON, 2, size=10),
        a_record(skipped(upload, finished_at=NOON + 5 * minute)),
        a_copy(NOON + 59 * minute, 4, size=20),
        a_record(failed(upload, finished_at=NOON + 150 * minute)),
        a_copy(NOON + 170 * minute, 60, size=5),
    ]
    first, second, total = count_periods(records, hourly=True)
    assert [counts.period for counts in (first, second, total)] == [Period.HOUR, Period.HOUR, Period.TOTAL]
    assert (first.begins_at, second.begins_at, total.begins_at) == (NOON, NOON + 120 * minute, None)
    assert (first.records, first.of(Outcome.COPIED), first.of(Outcome.SKIPPED), first.size_copied) == (3, 2, 1, 30)
    assert (second.records, second.of(Outcome.FAILED), second.size_copied) == (2, 1, 5)
    assert first.upload_to_copied
    assert astuple(first.upload_to_copied) == pytest.approx((2, 4, 4, 4), rel=0.0101)
    assert first.upload_to_copied.max == 4
    assert (total.records, total.size_copied) == (5, 35)
    assert total.endings == {"Copied": 3, "Skipped Superseded": 1, "Failed AccessDenied": 1}
    assert total.upload_to_copied
    assert total.upload_to_copied.max == 60


def test_by_day_the_days_are_those_of_utc() -> None:
    records = [a_copy(NOON.replace(hour=23, minute=59), 1), a_copy(NOON + timedelta(hours=12), 1)]
    *days, _ = count_periods(records, hourly=False)
    assert [day.begins_at for day in days] == [NOON.replace(hour=0), NOON.replace(hour=0) + timedelta(days=1)]


@pytest.mark.parametrize("trigger", [Trigger.BACKFILL, Trigger.RECONCILE, Trigger.RESTORE])
def test_copies_of_old_objects_are_counted_but_say_nothing_of_how_long_copies_take(trigger: Trigger) -> None:
    *_, total = count_periods([a_copy(NOON, 10**8, trigger=trigger), a_copy(NOON, 2)], hourly=True)
    assert total.records == 2
    assert total.upload_to_copied
    assert total.upload_to_copied.max == 2


def test_a_replayed_upload_took_until_its_replay() -> None:
    *_, total = count_periods([a_copy(NOON, 7200, trigger=Trigger.REPLAY)], hourly=True)
    assert total.upload_to_copied
    assert total.upload_to_copied.max == 7200


def test_a_copy_that_the_clocks_say_was_first_took_no_time() -> None:
    *_, total = count_periods([a_copy(NOON, -3)], hourly=True)
    assert total.upload_to_copied
    assert astuple(total.upload_to_copied) == (0, 0, 0, 0)


def test_without_a_copy_there_are_no_delays() -> None:
    *_, total = count_periods([a_record(failed())], hourly=True)
    assert total.upload_to_copied is None


@pytest.mark.long
def test_counting_takes_no_more_memory_for_many_records() -> None:
    def some(number: int) -> Iterator[Record]:
        for moment in range(number):
            yield a_copy(NOON + timedelta(milliseconds=moment), 1 + moment % 50)

    def peak(number: int) -> int:
        tracemalloc.start()
        count_periods(some(number), hourly=True)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(10_000) < peak(1_000) + 10_000
