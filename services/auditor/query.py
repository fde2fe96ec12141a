"""Owns the read side of the audit table: streams of records, a page in memory at a time."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from heapq import merge
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, TypeVar

from services.auditor.any_record import AnyRecord, read_item
from services.auditor.operation_record import SHARD, OperationRecord
from services.auditor.pages import Item, Pages
from services.auditor.record import Record, day_shard, source_object
from shared import audit_schema, times
from shared.aws import translated
from shared.errors import Permanent

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# About 1 kB a record: eight shards' pages stay around 2 MB, and the first answer comes quickly.
_PAGE_SIZE = 250
# How many pages are asked for at once: a client that is handed over has as many connections.
THREADS = 16
# Over days without a record, so many days are asked for ahead: what they hold at most stays around 8 MB.
_MOST_DAYS_AHEAD = 4
# The clock of the machine that asks may be behind those of the functions that wrote: newest means newest.
CLOCKS_DIFFER_BY = timedelta(minutes=15)
# Nothing was recorded before copytrail was there.
FIRST_DAY = date(2026, 1, 1)

_Page = tuple[list[Item], Item | None]
R = TypeVar("R")


@dataclass(frozen=True)
class _Span:
    """From `since` up to, not including, `until`."""

    since: datetime
    until: datetime
    newest_first: bool

    def days(self) -> Iterator[date]:
        """The days, UTC, in the order that is asked for."""
        first = max(self.since.astimezone(UTC).date(), FIRST_DAY)
        last = self.until.astimezone(UTC).date() if self.since < self.until else date.min
        for offset in range((last - first).days + 1):
            yield last - timedelta(days=offset) if self.newest_first else first + timedelta(days=offset)


class AuditQuery:
    """What the audit table knows. Index reads are eventually consistent; `get` is consistent."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, *, page_size: int = _PAGE_SIZE) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name
        self._page_size = page_size
        self._pages = Pages(dynamodb, table_name)

    def get(self, log_id: str) -> AnyRecord | None:
        """The record under a LogID, or None.

        Raises:
            CopytrailError: DynamoDB did not answer, or the item is not a record.
        """
        with translated("dynamodb:GetItem", self._table_name):
            found = self._dynamodb.get_item(
                TableName=self._table_name, Key={audit_schema.PARTITION_KEY: {"S": log_id}}, ConsistentRead=True
            )
        item = found.get("Item")
        return self._read(item, read_item) if item else None

    def by_object(self, bucket: str, key: str) -> Iterator[Record]:
        """Everything recorded of one object, in the order of its uploads.

        Raises:
            CopytrailError: while iterating, DynamoDB did not answer, or an item is not a record.
        """
        query = self._query(
            audit_schema.BY_OBJECT,
            "#object = :object",
            names={"#object": audit_schema.SOURCE_OBJECT},
            values={":object": source_object(bucket, key)},
        )
        records = self._records(query, lambda: self._pages.ask(query), Record.from_item)
        # S3's events tell the second of an upload; within it, only the sequencer knows the order.
        for _, moment in groupby(records, key=lambda record: record.uploaded_at):
            yield from sorted(moment, key=_upload_order)

    def by_time(self, since: datetime, until: datetime, *, newest_first: bool = True) -> Iterator[Record]:
        """Everything that finished from `since` up to, not including, `until`; by FinishedAt, then LogID.

        Raises:
            CopytrailError: while iterating, DynamoDB did not answer, or an item is not a record.
        """
        span = _Span(since, until, newest_first)
        executor = ThreadPoolExecutor(THREADS, thread_name_prefix="audit-query")
        try:
            for shards in self._days(span, executor):
                yield from merge(*shards, key=_finished_order, reverse=newest_first)
        finally:
            executor.shutdown(cancel_futures=True)

    def operations(self, since: datetime, until: datetime) -> Iterator[OperationRecord]:
        """What operators did from `since` up to, not including, `until`, newest first.

        Raises:
            CopytrailError: while iterating, DynamoDB did not answer, or an item is not such a record.
        """
        span = _Span(since, until, newest_first=True)
        for day in span.days():
            query = self._of_day(day, SHARD, span)
            yield from self._records(query, partial(self._pages.ask, query), OperationRecord.from_item)

    def _days(self, span: _Span, executor: ThreadPoolExecutor) -> Iterator[list[Iterator[Record]]]:
        """Each day's shards, their first pages asked for together; over empty days, those of several days."""
        days = span.days()
        ahead: deque[list[_Shard]] = deque()
        wanted = 1
        while True:
            for day in islice(days, max(0, wanted - len(ahead))):
                ahead.append([self._shard(day, number, span, executor) for number in range(audit_schema.DAY_SHARDS)])
            if not ahead:
                return
            shards = ahead.popleft()
            yield [self._records(shard.query, shard.first_page, Record.from_item) for shard in shards]
            empty = not any(items for items, _ in (shard.first_page() for shard in shards))
            wanted = min(2 * wanted, _MOST_DAYS_AHEAD) if empty else 1

    def _shard(self, day: date, number: int, span: _Span, executor: ThreadPoolExecutor) -> "_Shard":
        query = self._of_day(day, number, span)
        return _Shard(query, executor.submit(self._pages.ask, query).result)

    def _of_day(self, day: date, shard: int | str, span: _Span) -> Mapping[str, Any]:
        # "moment" sorts before every "moment#LogID": BETWEEN takes in all of `since`, and nothing of `until`.
        return self._query(
            audit_schema.BY_DAY,
            "#day = :day AND #finished BETWEEN :since AND :until",
            names={"#day": audit_schema.DAY_SHARD, "#finished": audit_schema.FINISHED_ORDER},
            values={
                ":day": day_shard(day, shard),
                ":since": times.to_text(span.since),
                ":until": times.to_text(span.until),
            },
            forward=not span.newest_first,
        )

    def _query(
        self, index: str, condition: str, *, names: Mapping[str, str], values: Mapping[str, str], forward: bool = True
    ) -> Mapping[str, Any]:
        return {
            "IndexName": index,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items()},
            "ScanIndexForward": forward,
            "Limit": self._page_size,
        }

    def _records(
        self, query: Mapping[str, Any], first_page: Callable[[], _Page], read: Callable[[Item], R]
    ) -> Iterator[R]:
        items, last = first_page()
        yield from (self._read(item, read) for item in items)
        # Only a page without LastEvaluatedKey is the last: an empty one may be followed by more.
        while last:
            items, last = self._pages.ask(query, last)
            yield from (self._read(item, read) for item in items)

    def _read(self, item: Item, read: Callable[[Item], R]) -> R:
        try:
            return read(item)
        except ValueError as error:
            log_id = item[audit_schema.PARTITION_KEY].get("S")
            raise Permanent(
                "MalformedRecord", f"the item '{log_id}' of {self._table_name} is not a record: {error}"
            ) from error


@dataclass(frozen=True)
class _Shard:
    """One shard of a day: the query of its records, and what waits for the first page of them."""

    query: Mapping[str, Any]
    first_page: Callable[[], _Page]


def _finished_order(record: Record) -> tuple[datetime, str]:
    return record.finished_at, record.log_id


def _upload_order(record: Record) -> tuple[str, datetime]:
    # Sequencers are hex of varying length and case, compared as if padded on the right with zeros.
    return (record.sequencer or "").upper().rstrip("0"), record.finished_at
