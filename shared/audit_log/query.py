"""Queries of the audit table: streams of records, a page in memory at a time. Days without a record cost few calls."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from heapq import merge
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, TypeVar

from shared import times
from shared.audit_log import schema
from shared.audit_log.days_with_records import DaysWithRecords
from shared.audit_log.items import AnyRecord, read_item
from shared.audit_log.operation_record import OPERATIONS_SHARD, OperationRecord
from shared.audit_log.pages import Item, Pages
from shared.audit_log.record import Record
from shared.audit_log.schema import day_shard, source_object
from shared.audit_log.unreadable import Unreadable, UnreadableItemError
from shared.lambda_runtime.aws import translated
from shared.uploads import sequencer_order

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# About 1 kB a record: eight shards' pages stay around 2 MB, and the first answer comes quickly.
_PAGE_SIZE = 250
# How many pages are asked for at once: a client that is handed over has as many connections.
THREADS = 16
# Behind days without a record, so many days are asked for ahead: what they hold at most stays around 8 MB.
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
    """What the audit table knows. Index reads are eventually consistent; `get` is consistent.

    An item that is no record of this version stops nobody: it is passed over, and counted in `unreadable`.
    """

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, *, page_size: int = _PAGE_SIZE) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name
        self._page_size = page_size
        self._pages = Pages(dynamodb, table_name)
        self._days_with_records = DaysWithRecords(dynamodb, table_name)
        self.unreadable = Unreadable()

    def get(self, log_id: str) -> AnyRecord | None:
        """The record under a LogID, or None.

        Raises:
            UnreadableItemError: the item is no record of this version.
            CopytrailError: DynamoDB did not answer.
        """
        with translated("dynamodb:GetItem", self._table_name):
            found = self._dynamodb.get_item(
                TableName=self._table_name, Key={schema.PARTITION_KEY: {"S": log_id}}, ConsistentRead=True
            )
        item = found.get("Item")
        if not item:
            return None
        try:
            return read_item(item)
        except ValueError as error:
            raise UnreadableItemError(log_id, str(error), item) from error

    def by_object(self, bucket: str, key: str) -> Iterator[Record]:
        """Everything recorded of one object, in the order of its uploads.

        Raises:
            CopytrailError: while iterating, DynamoDB did not answer.
        """
        query = {
            "IndexName": schema.BY_OBJECT,
            "KeyConditionExpression": "#object = :object",
            "ExpressionAttributeNames": {"#object": schema.SOURCE_OBJECT},
            "ExpressionAttributeValues": {":object": {"S": source_object(bucket, key)}},
            "Limit": self._page_size,
        }
        records = self._records(query, lambda: self._pages.ask(query), Record.from_item)
        # S3's events tell the second of an upload; within it, only the sequencer knows the order.
        for _, moment in groupby(records, key=lambda record: record.uploaded_at):
            yield from sorted(moment, key=_upload_order)

    def by_time(
        self,
        since: datetime,
        until: datetime,
        *,
        newest_first: bool = True,
        operation_id: str | None = None,
        day_done: Callable[[int], object] = lambda _: None,
    ) -> Iterator[Record]:
        """Everything that finished from `since` up to, not including, `until`; by FinishedAt, then LogID.

        Args:
            operation_id: only what this operation asked for.
            day_done: is told of each day that has been read: 1.

        Raises:
            CopytrailError: while iterating, DynamoDB did not answer.
        """
        span = _Span(since, until, newest_first)
        shards = range(schema.DAY_SHARDS)
        for of_day in self._days(span, shards, Record.from_item, operation_id=operation_id, day_done=day_done):
            yield from merge(*of_day, key=_finished_order, reverse=newest_first)

    def operations(self, since: datetime, until: datetime) -> Iterator[OperationRecord]:
        """What operators did from `since` up to, not including, `until`, newest first.

        Raises:
            CopytrailError: while iterating, DynamoDB did not answer.
        """
        span = _Span(since, until, newest_first=True)
        for [of_day] in self._days(span, [OPERATIONS_SHARD], OperationRecord.from_item):
            yield from of_day

    def _days(
        self,
        span: _Span,
        shards: Sequence[int | str],
        read: Callable[[Item], R],
        *,
        operation_id: str | None = None,
        day_done: Callable[[int], object] = lambda _: None,
    ) -> Iterator[list[Iterator[R]]]:
        """Each day's shards, their first pages asked for together; behind an empty day, of days with records only."""
        days = span.days()
        known = deque(islice(days, 1))
        # Queries under way, and what waits for the first page of each.
        ahead: deque[list[tuple[Mapping[str, Any], Callable[[], _Page]]]] = deque()
        executor = ThreadPoolExecutor(THREADS, thread_name_prefix="audit-query")
        try:
            while known or ahead:
                while known and len(ahead) < _MOST_DAYS_AHEAD:
                    queries = [self._day_query(known[0], shard, span, operation_id) for shard in shards]
                    ahead.append([(query, executor.submit(self._pages.ask, query).result) for query in queries])
                    known.popleft()
                first_pages = ahead.popleft()
                yield [self._records(query, first_page, read) for query, first_page in first_pages]
                day_done(1)
                if known or ahead:
                    continue
                if any(items for items, _ in (first_page() for _, first_page in first_pages)):
                    known.extend(islice(days, 1))
                else:
                    known.extend(self._days_with_records.take(days, shards, executor, day_done))
        finally:
            executor.shutdown(cancel_futures=True)

    def _day_query(
        self, day: date, shard: int | str, span: _Span, operation_id: str | None = None
    ) -> Mapping[str, Any]:
        query = day_query(day, shard, span.since, span.until, page_size=self._page_size, newest_first=span.newest_first)
        if operation_id:
            # DynamoDB looks at a page of 1 MB, and sends what it finds.
            del query["Limit"]
            query["FilterExpression"] = "#operation = :operation"
            query["ExpressionAttributeNames"]["#operation"] = schema.OPERATION_ID
            query["ExpressionAttributeValues"][":operation"] = {"S": operation_id}
        return query

    def _records(
        self, query: Mapping[str, Any], first_page: Callable[[], _Page], read: Callable[[Item], R]
    ) -> Iterator[R]:
        items, last = first_page()
        yield from self._read_all(items, read)
        # Only a page without LastEvaluatedKey is the last: an empty one may be followed by more.
        while last:
            items, last = self._pages.ask(query, last)
            yield from self._read_all(items, read)

    def _read_all(self, found: Iterable[Item], read: Callable[[Item], R]) -> Iterator[R]:
        for item in found:
            try:
                record = read(item)
            except ValueError as error:
                self.unreadable.add(item[schema.PARTITION_KEY]["S"], str(error))
            else:
                yield record


def day_query(
    day: date, shard: int | str, since: datetime, until: datetime, *, page_size: int, newest_first: bool = False
) -> dict[str, Any]:
    """The query of one shard of a day for what finished from `since` up to, not including, `until`."""
    # "moment" sorts before every "moment#LogID": BETWEEN takes in all of `since`, and nothing of `until`.
    return {
        "IndexName": schema.BY_DAY,
        "KeyConditionExpression": "#day = :day AND #finished BETWEEN :since AND :until",
        "ExpressionAttributeNames": {"#day": schema.DAY_SHARD, "#finished": schema.FINISHED_ORDER},
        "ExpressionAttributeValues": {
            ":day": {"S": day_shard(day, shard)},
            ":since": {"S": times.to_text(since)},
            ":until": {"S": times.to_text(until)},
        },
        "ScanIndexForward": not newest_first,
        "Limit": page_size,
    }


def _finished_order(record: Record) -> tuple[datetime, str]:
    return record.finished_at, record.log_id


def _upload_order(record: Record) -> tuple[bool, str, datetime]:
    # Whoever requests a copy knows no sequencer: the request came after the upload.
    return record.sequencer is None, sequencer_order(record.sequencer or ""), record.finished_at
