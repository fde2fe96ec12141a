"""The read side gives every record once, in order, however the table cuts its pages."""

import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError
from botocore.hooks import HierarchicalEmitter

from services.auditor.ledger import DynamoDbLedger
from shared.audit_log.operation_record import OperationRecord
from shared.audit_log.query import FIRST_DAY, AuditQuery
from shared.audit_log.record import Record
from shared.audit_log.unreadable import Unreadable, UnreadableItemError
from shared.errors import CopytrailError
from tests.fakes.operations import an_operation
from tests.fakes.outcomes import UPLOADED_AT, a_record, an_upload, copied, failed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

START = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)


class FakeDynamoDb:
    """A table whose every query ends with one record, after two pages that are empty but not the last."""

    def __init__(self, records: Iterator[Record]) -> None:
        self._records = records
        self.meta = SimpleNamespace(events=HierarchicalEmitter())

    def query(self, **parameters: object) -> dict[str, object]:
        """The page that follows on the one before."""
        match parameters.get("ExclusiveStartKey"):
            case None:
                return {"Items": [], "LastEvaluatedKey": {"LogID": {"S": "first"}}}
            case {"LogID": {"S": "first"}}:
                return {"Items": [], "LastEvaluatedKey": {"LogID": {"S": "second"}}}
            case _:
                return {"Items": [next(self._records).to_item()]}


@pytest.fixture
def query(dynamodb: "DynamoDBClient") -> AuditQuery:
    """The read side with pages of two items."""
    return AuditQuery(dynamodb, "audit", page_size=2)


@pytest.fixture
def keep(dynamodb: "DynamoDBClient") -> Callable[[Record], Record]:
    """Puts a record into the table."""
    ledger = DynamoDbLedger(dynamodb, "audit")

    def _keep(record: Record) -> Record:
        ledger.append(record)
        return record

    return _keep


@pytest.fixture
def two_days(keep: Callable[[Record], Record]) -> list[Record]:
    """Sixty records over three dates, oldest first; every third shares its moment with the one before."""
    moments = [START + timedelta(minutes=30 * (number - number % 3 // 2)) for number in range(60)]
    records = [
        keep(a_record(copied(an_upload(key=f"k{number}"), finished_at=moment))) for number, moment in enumerate(moments)
    ]
    return sorted(records, key=lambda record: (record.finished_at, record.log_id))


def test_get_finds_a_record_by_its_log_id(query: AuditQuery, keep: Callable[[Record], Record]) -> None:
    record = keep(a_record())
    assert query.get(record.log_id) == record


def test_get_gives_none_for_an_unknown_log_id(query: AuditQuery) -> None:
    assert query.get(a_record().log_id) is None


def test_operations_are_listed_apart_from_transfers_newest_first(
    query: AuditQuery, dynamodb: "DynamoDBClient", keep: Callable[[Record], Record]
) -> None:
    transfer = keep(a_record())
    ledger = DynamoDbLedger(dynamodb, "audit")
    moments = [UPLOADED_AT + timedelta(hours=hours) for hours in (-30, -1, 0, 1)]
    records = [OperationRecord.of(an_operation(at=moment), moment) for moment in moments]
    for record in records:
        ledger.append(record)

    span = (UPLOADED_AT - timedelta(days=2), UPLOADED_AT + timedelta(hours=1))
    assert list(query.operations(*span)) == records[2::-1]
    assert list(query.by_time(*span)) == [transfer]


def test_by_time_gives_all_records_of_the_span_newest_first(query: AuditQuery, two_days: list[Record]) -> None:
    assert list(query.by_time(START, START + timedelta(days=2))) == two_days[::-1]


def test_by_time_gives_them_oldest_first_when_asked(query: AuditQuery, two_days: list[Record]) -> None:
    assert list(query.by_time(START, START + timedelta(days=2), newest_first=False)) == two_days


def test_by_time_takes_in_its_first_moment_and_leaves_out_its_last(
    query: AuditQuery, keep: Callable[[Record], Record]
) -> None:
    before, first, inside, last = (
        keep(a_record(copied(an_upload(key=str(ms)), finished_at=START + timedelta(milliseconds=ms))))
        for ms in (-1, 0, 999, 1000)
    )
    found = list(query.by_time(START, START + timedelta(seconds=1)))
    assert found == [inside, first]
    assert before not in found
    assert last not in found


def test_by_time_cuts_days_as_utc_does_whatever_the_offset_of_the_moments(
    query: AuditQuery, two_days: list[Record]
) -> None:
    since = datetime.fromisoformat("2026-11-22T02:00:00+05:00")
    until = datetime.fromisoformat("2026-11-22T02:00:00-05:00")
    expected = [r for r in two_days if since <= r.finished_at < until]
    assert list(query.by_time(since, until, newest_first=False)) == expected
    assert len(expected) > 1


@pytest.fixture
def asked(dynamodb: "DynamoDBClient") -> list[str]:
    """The days and shards that the table was asked for, in order."""
    asked: list[str] = []
    dynamodb.meta.events.register(
        "provide-client-params.dynamodb.Query",
        lambda params, **_: asked.append(params["ExpressionAttributeValues"][":day"]["S"]),
    )
    return asked


def test_by_time_reads_no_more_days_than_it_is_asked_for_records(
    query: AuditQuery, asked: list[str], keep: Callable[[Record], Record]
) -> None:
    newest = keep(a_record())
    assert next(query.by_time(START - timedelta(days=365), START + timedelta(days=2))) == newest
    assert sorted(asked) == [f"2026-11-23#{shard}" for shard in range(8)]


def test_over_days_without_a_record_by_time_reads_a_few_days_ahead_and_no_more(
    query: AuditQuery, keep: Callable[[Record], Record], asked: list[str]
) -> None:
    record = keep(a_record(copied(finished_at=START)))
    assert next(query.by_time(START - timedelta(days=90), START + timedelta(days=30))) == record
    assert min(asked) >= "2026-11-18"
    assert len(asked) == len(set(asked)) <= 8 * (30 + 1 + 3)


@pytest.mark.parametrize("newest_first", [True, False])
def test_by_time_gives_the_records_that_come_after_days_without_one(
    query: AuditQuery, keep: Callable[[Record], Record], newest_first: bool
) -> None:
    days = (0, 4, 5, 12, 13)
    records = [keep(a_record(copied(an_upload(key=str(day)), finished_at=START + timedelta(days=day)))) for day in days]
    found = query.by_time(START - timedelta(days=9), START + timedelta(days=22), newest_first=newest_first)
    assert list(found) == (records[::-1] if newest_first else records)


def test_by_time_asks_for_a_days_shards_and_behind_an_empty_day_for_two_days_at_once() -> None:
    # 8 questions that wait for each other, then 16: fewer at once would never be answered.
    together = [threading.Barrier(8, timeout=20), *[threading.Barrier(16, timeout=20)] * 2]
    turns = itertools.count()

    class EmptyTable(FakeDynamoDb):
        def query(self, **_: object) -> dict[str, object]:
            together[next(turns) // 8].wait()
            return {"Items": []}

        def execute_statement(self, **_: object) -> dict[str, object]:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ExecuteStatement")

    nothing = AuditQuery(cast("DynamoDBClient", EmptyTable(iter(()))), "audit")
    assert list(nothing.by_time(START, START + timedelta(days=2))) == []
    assert next(turns) == 24


def test_by_time_asks_for_no_day_before_copytrail_was_there(query: AuditQuery, asked: list[str]) -> None:
    assert list(query.by_time(START - timedelta(weeks=1000), datetime(2026, 1, 1, 12, tzinfo=UTC))) == []
    assert {day.partition("#")[0] for day in asked} == {"2026-01-01"}


def test_a_span_that_ends_before_it_begins_is_not_asked_for(query: AuditQuery, asked: list[str]) -> None:
    assert list(query.by_time(START, START)) == list(query.by_time(START, START - timedelta(hours=1))) == []
    assert asked == []


def test_an_empty_span_has_no_records(query: AuditQuery, two_days: list[Record]) -> None:
    late = two_days[-1].finished_at + timedelta(seconds=1)
    assert list(query.by_time(late, late + timedelta(hours=1))) == []


def test_by_object_gives_one_objects_records_in_order_of_upload(
    query: AuditQuery, keep: Callable[[Record], Record]
) -> None:
    uploads = [an_upload(etag=f"e{n}", uploaded_at=START + timedelta(seconds=n), sequencer=None) for n in range(7)]
    kept = [keep(a_record(copied(upload))) for upload in reversed(uploads)][::-1]
    keep(a_record(copied(an_upload(key="report.csv2"))))
    keep(a_record(copied(an_upload(bucket="elsewhere"))))
    assert list(query.by_object("in", "report.csv")) == kept


def test_by_object_orders_the_uploads_of_one_second_by_their_sequencers(
    query: AuditQuery, keep: Callable[[Record], Record]
) -> None:
    sequencers = ["00A1", "00a12", "00A13000", "00b", "00B01"]
    shuffled = [3, 0, 4, 2, 1]
    for number in shuffled:
        keep(a_record(copied(an_upload(etag=f"e{number}", sequencer=sequencers[number]))))
    assert [record.sequencer for record in query.by_object("in", "report.csv")] == sequencers


def test_by_object_gives_a_requested_copy_after_the_upload_that_it_is_of(
    query: AuditQuery, keep: Callable[[Record], Record]
) -> None:
    requested = keep(a_record(copied(an_upload(sequencer=None), finished_at=START + timedelta(days=1))))
    uploaded = keep(a_record(copied()))
    assert list(query.by_object("in", "report.csv")) == [uploaded, requested]


def test_by_object_gives_a_failure_before_the_success_that_followed_it(
    query: AuditQuery, keep: Callable[[Record], Record]
) -> None:
    success = keep(a_record(copied(finished_at=START + timedelta(days=3))))
    failure = keep(a_record(failed(finished_at=START + timedelta(days=2))))
    assert list(query.by_object("in", "report.csv")) == [failure, success]


def test_an_item_that_is_no_record_is_named(query: AuditQuery, dynamodb: "DynamoDBClient") -> None:
    log_id = a_record().log_id
    dynamodb.put_item(TableName="audit", Item={"LogID": {"S": log_id}})
    with pytest.raises(UnreadableItemError, match=f"{log_id}.*no record of this version.*`Outcome`"):
        query.get(log_id)


@pytest.mark.parametrize("newest_first", [True, False])
def test_an_item_that_is_no_record_hides_no_other(
    query: AuditQuery, dynamodb: "DynamoDBClient", two_days: list[Record], newest_first: bool
) -> None:
    odd = two_days[30].to_item()
    del odd["SourceBucket"]
    dynamodb.put_item(TableName="audit", Item=odd)
    rest = [*two_days[:30], *two_days[31:]]
    span = (START, START + timedelta(days=2))
    assert list(query.by_time(*span, newest_first=newest_first)) == (rest[::-1] if newest_first else rest)
    assert list(query.by_object("in", two_days[30].object_key)) == []
    assert (len(query.unreadable), query.unreadable.first) == (
        1,
        (two_days[30].log_id, "Object missing required field `SourceBucket`"),
    )


def test_items_that_were_passed_over_are_told_once() -> None:
    unreadable = Unreadable()
    assert unreadable.unreported() == ""
    unreadable.add("a", "why")
    unreadable.add("a", "why")
    assert "1 item of the audit table" in unreadable.unreported()
    assert unreadable.unreported() == ""
    unreadable.add("b", "why not")
    assert "2 items of the audit table that this version cannot read, such as a (why)" in unreadable.unreported()


def test_an_outcome_of_a_newer_version_is_shown_as_what_it_is(query: AuditQuery, dynamodb: "DynamoDBClient") -> None:
    item = a_record().to_item() | {"Outcome": {"S": "Quarantined"}, "Trigger": {"S": "moon"}}
    dynamodb.put_item(TableName="audit", Item=item)
    [found] = query.by_time(START, START + timedelta(days=2))
    assert (found.outcome, found.trigger) == ("Quarantined", "moon")


def test_by_time_finds_what_one_operation_asked_for(query: AuditQuery, keep: Callable[[Record], Record]) -> None:
    for number in range(40):
        asked_for = f"o-{number % 4}" if number % 4 else None
        keep(a_record(copied(an_upload(key=f"k{number}"), operation_id=asked_for)))
    found = query.by_time(START, START + timedelta(days=2), operation_id="o-2")
    assert {record.object_key for record in found} == {f"k{number}" for number in range(2, 40, 4)}


def test_a_missing_table_is_an_error_of_ours_that_names_it(dynamodb: "DynamoDBClient") -> None:
    with pytest.raises(CopytrailError, match="dynamodb:Query on elsewhere/index/ByDay"):
        next(AuditQuery(dynamodb, "elsewhere").by_time(START, START + timedelta(seconds=1)))


def test_a_page_without_a_record_is_not_the_last_while_more_may_follow() -> None:
    records = [a_record(copied(an_upload(key=f"k{number}"), finished_at=START)) for number in range(9)]
    query = AuditQuery(cast("DynamoDBClient", FakeDynamoDb(iter(records))), "audit")
    found = [*query.by_time(START, START + timedelta(seconds=1)), *query.by_object("in", "k8")]
    assert {record.object_key for record in found} == {f"k{number}" for number in range(9)}


@pytest.mark.parametrize("newest_first", [True, False])
def test_over_a_year_without_a_record_by_time_asks_for_fifty_partitions_at_once(
    query: AuditQuery,
    dynamodb: "DynamoDBClient",
    keep: Callable[[Record], Record],
    asked: list[str],
    newest_first: bool,
) -> None:
    statements: list[int] = []
    dynamodb.meta.events.register(
        "provide-client-params.dynamodb.ExecuteStatement",
        lambda params, **_: statements.append(len(params["Parameters"])),
    )
    days = (-300, -299, -150, -3, 0)
    records = [keep(a_record(copied(an_upload(key=str(day)), finished_at=START + timedelta(days=day)))) for day in days]
    passed: list[int] = []
    span = (START - timedelta(days=310), START + timedelta(days=40))
    found = query.by_time(*span, newest_first=newest_first, day_done=passed.append)
    assert list(found) == (records[::-1] if newest_first else records)
    assert len(asked) < 8 * 20
    assert len(statements) < 120
    assert max(statements) == 48
    # Of the days before copytrail was there, nothing is asked.
    assert sum(passed) == (span[1].date() - max(span[0].date(), FIRST_DAY)).days + 1


def test_operations_are_found_in_fifty_days_at_once(
    query: AuditQuery, dynamodb: "DynamoDBClient", asked: list[str]
) -> None:
    ledger = DynamoDbLedger(dynamodb, "audit")
    moments = [UPLOADED_AT - timedelta(days=days) for days in (0, 100, 101, 300)]
    records = [OperationRecord.of(an_operation(at=moment), moment) for moment in moments]
    for record in records:
        ledger.append(record)
    assert list(query.operations(UPLOADED_AT - timedelta(days=320), UPLOADED_AT + timedelta(days=30))) == records
    assert len(asked) < 20
