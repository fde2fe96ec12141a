"""Whatever an item of the audit table holds, it is shown as what it is, or passed over and counted."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from botocore.hooks import HierarchicalEmitter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops.audit import export_formats
from ops.audit.history import HISTORY
from ops.audit.operations import OPERATIONS, runs_of
from ops.audit.records_table import LOG, RECORDS
from ops.audit.tally import count_periods
from ops.reconcile.records import read_records
from shared import times
from shared.audit_log.operation_record import OperationRecord
from shared.audit_log.query import AuditQuery
from shared.audit_log.record import Record
from shared.audit_log.unreadable import Unreadable, UnreadableItemError
from tests.fakes.operations import an_operation
from tests.fakes.outcomes import UPLOADED_AT, a_record, an_upload, copied, failed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = Mapping[str, Mapping[str, Any]]
SINCE, UNTIL = UPLOADED_AT - timedelta(hours=1), UPLOADED_AT + timedelta(hours=1)
TRANSFER = a_record(failed(an_upload(version_id="v"), operation_id="o-1", parts=2)).to_item()
OPERATION = OperationRecord.of(an_operation(message="m"), UPLOADED_AT).to_item()
GOOD = a_record(copied(an_upload(key="good")))

MOMENTS = st.sampled_from(
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "2026-11-23T10:00:00", "2026-11-23", "", "soon"]
)
NUMBERS = st.sampled_from(["-1", "1.5", "9" * 38, "9" * 5000, "1E+20", "NaN", "", "²"])
VALUES = st.one_of(
    st.builds(
        lambda text: {"S": text},
        MOMENTS | st.text("a\x1b\n é", max_size=3) | st.sampled_from(["[" * 9999, "{}", '{"a":[]}']),
    ),
    st.builds(lambda number: {"N": number}, NUMBERS),
    st.sampled_from(
        [{"NULL": True}, {"BOOL": False}, {"B": b"\xff"}, {"L": [{"S": "a"}]}, {"M": {}}, {"SS": ["a", "b"]}, {}]
    ),
)


@st.composite
def odd_items(draw: st.DrawFn) -> Item:
    """A record's item, of which some attributes are others, or are not there."""
    item: dict[str, Any] = dict(draw(st.sampled_from([TRANSFER, OPERATION])))
    names = st.sampled_from([name for name in item if name not in {"LogID", "DayShard", "FinishedOrder"}])
    for name in draw(st.lists(names | st.just("Later"), max_size=3)):
        item[name] = draw(VALUES)
    for name in draw(st.lists(names, max_size=2)):
        item.pop(name, None)
    return item


class Table:
    """A table whose every query finds an odd item, and then a good one."""

    def __init__(self, odd: Item) -> None:
        self.meta = SimpleNamespace(events=HierarchicalEmitter())
        self._odd = odd

    def query(self, **asked: Any) -> dict[str, Any]:
        """Both, once for each day, and for each object."""
        day = asked["ExpressionAttributeValues"].get(":day", {"S": "#0"})["S"]
        if day.endswith("#operations"):
            return {"Items": [self._odd]}
        return {"Items": [self._odd, GOOD.to_item()] if day.endswith("#0") else []}

    def get_item(self, **_: Any) -> dict[str, Any]:
        """The odd one."""
        return {"Item": self._odd}

    def describe_table(self, **_: Any) -> dict[str, Any]:
        """Of today."""
        return {"Table": {"CreationDateTime": UPLOADED_AT}}


def shown(records: list[Record]) -> Iterator[object]:
    """All that the commands make of records."""
    for record in records:
        yield record.attributes()
        yield from (column.cell(record) for table in (RECORDS, LOG) for column in table.columns)
        yield tuple(RECORDS.piped(record)), tuple(HISTORY.piped(record)), HISTORY.block(record)
        yield [times.to_text(value) for value in values(record) if isinstance(value, datetime)]
    *periods, total = count_periods(records, hourly=True)
    yield sum(counts.records for counts in periods) == total.records == len(records)


def values(record: Record) -> list[object]:
    """What an export writes of it; Parquet's whole numbers have 64 bits."""
    told = [column.value(record) for column in export_formats.COLUMNS]
    assert all(abs(value) < 2**63 for value in told if isinstance(value, int))
    return told


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(odd=odd_items())
def test_an_odd_item_is_shown_or_counted_and_never_hides_another(odd: Item) -> None:
    client = cast("DynamoDBClient", Table(odd))
    query = AuditQuery(client, "audit")
    for newest_first in (True, False):
        found = list(query.by_time(SINCE, UNTIL, newest_first=newest_first))
        assert GOOD in found
        assert len(found) + len(query.unreadable) == 2
        assert list(shown(found))
    of_object = list(query.by_object("in", "good"))
    assert GOOD in of_object
    assert list(shown(of_object))
    for run in runs_of(query.operations(SINCE, UNTIL)):
        assert all((run.attributes(), OPERATIONS.piped(run), OPERATIONS.block(run)))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(odd=odd_items())
def test_an_odd_item_can_be_looked_at(odd: Item) -> None:
    query = AuditQuery(cast("DynamoDBClient", Table(odd)), "audit")
    found: object
    try:
        found = query.get("id")
    except UnreadableItemError as error:
        found = error.item
    assert found


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(odd=odd_items())
def test_reconcile_reads_past_an_odd_item(odd: Item) -> None:
    unreadable = Unreadable()
    pages = read_records(cast("DynamoDBClient", Table(odd)), "audit", since=None, until=UNTIL, unreadable=unreadable)
    found = [each.record for page in pages for each in page]
    assert "good" in {each.key for each in found}
    # SQLite's numbers have 64 bits.
    assert all(abs(each.size) < 2**63 for each in found)
