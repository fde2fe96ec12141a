"""Records come by time, and are given by key."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ops.params.keys import KeyFilter
from ops.reconcile.pairs import CopyRecord
from ops.reconcile.records import FoundRecord, RecordStore, found_record, matters, read_records
from shared.audit_log import schema
from shared.audit_log.record import Record
from shared.audit_log.schema import day_shard
from shared.audit_log.unreadable import Unreadable
from shared.events import Outcome, Trigger
from tests.unit.ops.reconcile.examples import DESTINATION, OLD, SOURCE, scope

MOMENT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def item(key: str = "a", **other: dict[str, str]) -> dict[str, Any]:
    """The item of its copy, or of what `other` says."""
    fields = {
        "Outcome": Outcome.COPIED,
        "SourceBucket": SOURCE,
        "ObjectKey": key,
        "DestinationBucket": DESTINATION,
        "DestinationKey": key,
        "FinishedAt": OLD,
        "LogID": "log",
        "SourceETag": "e",
        "DestinationETag": "d",
    }
    return {**{name: {"S": str(text)} for name, text in fields.items()}, "Size": {"N": "26"}, **other}


def found(item: dict[str, Any]) -> FoundRecord:
    record = found_record(item)
    assert record is not None
    return record


def test_records_are_given_by_key_and_then_by_time() -> None:
    keys = ["b", "\U0001f600", "é", "a\x01", "", "a"]
    with closing(RecordStore([scope()])) as store:
        store.add([found(item(key)) for key in keys])
        store.add([found(item(FinishedAt={"S": "2026-11-22T00:00:00.000Z"}, Outcome={"S": "Deleted"}))])
        given = list(store.of(scope()))
    assert [each.key for each in given] == ["", "a", "a", "a\x01", "b", "é", "\U0001f600"]
    assert [each.finished_at for each in given[1:3]] == ["2026-11-22T00:00:00.000Z", OLD]
    assert given[2] == CopyRecord("a", OLD, "log", False, "e", "d", 26)
    assert bool(given[1].is_deletion)


@pytest.mark.parametrize(
    ("other", "is_of_the_route"),
    [
        ({}, True),
        ({"Outcome": "Deleted"}, True),
        ({"SourceBucket": "other"}, False),
        ({"DestinationBucket": "other"}, False),
        ({"DestinationKey": "elsewhere/in/a"}, False),
        ({"ObjectKey": "out/a", "DestinationKey": "copies/out/a"}, False),
    ],
)
def test_only_copies_along_the_route_matter(other: dict[str, str], is_of_the_route: bool) -> None:
    of = scope(destination_prefix="copies/", keys=KeyFilter(prefix="in/"))
    attributes = {name: {"S": text} for name, text in ({"DestinationKey": "copies/in/a"} | other).items()}
    assert matters(found(item("in/a", **attributes)), of) is is_of_the_route


@pytest.mark.parametrize("outcome", [Outcome.SKIPPED, Outcome.FAILED])
def test_only_copies_and_deletions_matter(outcome: Outcome) -> None:
    assert found_record(item(Outcome={"S": str(outcome)})) is None


def a_record(number: int) -> Record:
    return Record(
        log_id=f"00000000-0000-5000-a000-{number:012}",
        outcome=Outcome.COPIED,
        source_bucket=SOURCE,
        destination_bucket=DESTINATION,
        object_key=f"key {number}",
        destination_key=f"key {number}",
        size=26,
        source_etag="e",
        destination_etag="d",
        uploaded_at=MOMENT,
        started_at=MOMENT,
        finished_at=MOMENT,
        logged_at=MOMENT,
        attempt=1,
        trigger=Trigger.UPLOAD,
    )


class FakeTable:
    """The audit table, whose pages hold two items. `days`: those that were asked for."""

    class _Events:
        def register(self, *_: object, **__: object) -> None:
            pass

    class _Meta:
        pass

    def __init__(self, *items: dict[str, Any], **described: Any) -> None:
        self.meta = self._Meta()
        self.meta.events = self._Events()  # type: ignore[attr-defined]
        self._items = items
        self._described = described
        self.days: set[str] = set()

    def describe_table(self, **_: str) -> dict[str, Any]:
        return {"Table": self._described}

    def query(self, *, ExpressionAttributeValues: Any, ExclusiveStartKey: Any = None, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        day = ExpressionAttributeValues[":day"]["S"]
        self.days.add(day.partition("#")[0])
        found = [item for item in self._items if item[schema.DAY_SHARD]["S"] == day]
        begin = ExclusiveStartKey["at"] if ExclusiveStartKey else 0
        more = {"LastEvaluatedKey": {"at": begin + 2}} if begin + 2 < len(found) else {}
        return {"Items": found[begin : begin + 2], **more}


def keys_read(table: Any, since: datetime | None = None) -> list[str]:
    return sorted(each.record.key for some in read(table, since) for each in some)


def read(
    table: Any, since: datetime | None = None, unreadable: Unreadable | None = None
) -> Iterator[list[FoundRecord]]:
    passed_over = Unreadable() if unreadable is None else unreadable
    return read_records(table, "log", since=since, until=MOMENT, unreadable=passed_over)


def test_every_page_of_every_shard_is_read() -> None:
    items = [a_record(number).to_item() for number in range(50)]
    table = FakeTable(*items, CreationDateTime=MOMENT)
    assert keys_read(table) == sorted(f"key {number}" for number in range(50))


@pytest.mark.parametrize(
    "odd",
    [
        {"Outcome": {"N": "1"}},
        {"Size": {"S": "large"}},
        {"Size": {"N": "1.5"}},
        {"FinishedAt": {"S": "yesterday"}},
        {"FinishedAt": {"S": "0001-01-01T00:00:00+14:00"}},
        {"ObjectKey": {"NULL": True}},
    ],
)
def test_an_item_that_is_no_record_is_counted_and_hides_no_other(odd: dict[str, Any]) -> None:
    items = [a_record(1).to_item(), a_record(2).to_item() | odd, a_record(3).to_item()]
    unreadable = Unreadable()
    found = read(FakeTable(*items, CreationDateTime=MOMENT), unreadable=unreadable)
    assert sorted(each.record.key for some in found for each in some) == ["key 1", "key 3"]
    assert (len(unreadable), unreadable.first and unreadable.first[0]) == (1, items[1]["LogID"]["S"])


def test_what_was_copied_nowhere_is_passed_over() -> None:
    item = a_record(1).to_item()
    del item["DestinationKey"]
    assert keys_read(FakeTable(item, CreationDateTime=MOMENT)) == []


@pytest.mark.parametrize(
    ("since", "described", "first"),
    [
        (None, {"CreationDateTime": MOMENT}, date(2026, 11, 22)),
        (None, {"CreationDateTime": MOMENT, "RestoreSummary": {}}, date(2026, 1, 1)),
        (datetime(2026, 11, 20, tzinfo=UTC), {"CreationDateTime": MOMENT}, date(2026, 11, 20)),
        (datetime(2020, 1, 1, tzinfo=UTC), {"CreationDateTime": MOMENT}, date(2026, 1, 1)),
    ],
)
def test_no_day_is_asked_for_that_has_no_records(since: datetime | None, described: Any, first: date) -> None:
    table = FakeTable(**described)
    keys_read(table, since)
    assert min(table.days) == day_shard(first, 0).partition("#")[0]
    assert max(table.days) == "2026-11-23"
