"""Checks disturb nobody, and none goes on for ever."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import cast

import pytest
from msgspec import structs

from ops.aws.sqs import QueueAttributes
from ops.status.checks import MOST_RECORDS, Cache, Reasons, reasons_of, recent_transfers
from shared.audit_log.query import AuditQuery
from shared.audit_log.record import Record
from shared.audit_log.unreadable import Unreadable
from shared.events import Outcome
from tests.fakes.outcomes import a_record

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


class FakeQuery:
    """The part of `AuditQuery` that gives records by time; knows how many were taken."""

    def __init__(self, records: Iterator[Record]) -> None:
        self._records = records
        self.taken = 0
        self.closed = False
        self.unreadable = Unreadable()

    def by_time(self, since: datetime, until: datetime) -> Iterator[Record]:
        try:
            for record in self._records:
                if since <= record.finished_at < until:
                    self.taken += 1
                    yield record
        finally:
            self.closed = True


def ended(minutes_ago: float, reason: str | None = None) -> Record:
    outcome = Outcome.FAILED if reason else Outcome.COPIED
    finished_at = NOW - timedelta(minutes=minutes_ago)
    return structs.replace(a_record(), outcome=outcome, reason=reason, finished_at=finished_at)


def recent(query: FakeQuery) -> tuple[Record | None, dict[str, int], int, bool]:
    found = recent_transfers(cast(AuditQuery, query), NOW)
    hour = found.last_hour
    return found.newest, dict(hour.failed_by_reason), hour.transfers, hour.at_least


def test_the_failures_of_the_last_hour_are_counted_by_reason() -> None:
    records = [ended(0), ended(10, "AccessDenied"), ended(59, "AccessDenied"), ended(60, "Archived"), ended(61, "Old")]
    query = FakeQuery(iter(records))
    assert recent(query) == (records[0], {"AccessDenied": 2, "Archived": 1}, 4, False)
    assert query.closed


def test_the_newest_record_is_known_even_if_it_is_days_old() -> None:
    old = ended(6 * 24 * 60)
    assert recent(FakeQuery(iter([old]))) == (old, {}, 0, False)
    assert recent(FakeQuery(iter([ended(8 * 24 * 60)]))) == (None, {}, 0, False)


def test_a_record_of_a_clock_that_is_ahead_is_the_newest() -> None:
    ahead = ended(-5)
    assert recent(FakeQuery(iter([ahead])))[0] == ahead


def test_a_busy_hour_is_not_read_to_its_end() -> None:
    query = FakeQuery(ended(0, "X") for _ in count())
    _, failures, transfers, at_least = recent(query)
    assert (failures, transfers, at_least) == ({"X": MOST_RECORDS}, MOST_RECORDS, True)
    assert query.taken == MOST_RECORDS + 1
    assert query.closed


@pytest.fixture
def reasons() -> Callable[[QueueAttributes], Reasons]:
    """Each count finds another reason."""
    counts = (Reasons({f"count {number}": 1}) for number in count(1))
    cache: Cache[Reasons] = Cache(ttl_s=60, clock=lambda: 0.0)
    return lambda dead: reasons_of(dead, lambda: next(counts), cache)


def test_letters_are_read_again_only_when_their_number_changes(reasons: Callable[[QueueAttributes], Reasons]) -> None:
    counts = [reasons(QueueAttributes(number, 0, 0)) for number in (3, 3, 2, 2)]
    assert [list(found.by_reason) for found in counts] == [["count 1"], ["count 1"], ["count 2"], ["count 2"]]


def test_an_empty_dead_letter_queue_is_not_read(reasons: Callable[[QueueAttributes], Reasons]) -> None:
    assert reasons(QueueAttributes(0, 0, 0)) == Reasons({})
    assert list(reasons(QueueAttributes(1, 0, 0)).by_reason) == ["count 1"]


def test_letters_that_another_command_holds_are_not_read(reasons: Callable[[QueueAttributes], Reasons]) -> None:
    assert reasons(QueueAttributes(5, 1, 0)) == Reasons({}, in_use=True)
    known = reasons(QueueAttributes(6, 0, 0))
    assert list(known.by_reason) == ["count 1"]
    assert reasons(QueueAttributes(4, 2, 0)) == known
