"""Owns the read side of the audit table: streams of records, a page in memory at a time."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Any

from services.auditor.record import Record, day_shard, source_object
from shared import audit_schema, times
from shared.aws import translated
from shared.errors import Permanent

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# About 1 kB a record: eight shards' pages stay around 2 MB, and the first answer comes quickly.
_PAGE_SIZE = 250


class AuditQuery:
    """What the audit table knows. Index reads are eventually consistent; `get` is consistent."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, *, page_size: int = _PAGE_SIZE) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name
        self._page_size = page_size

    def get(self, log_id: str) -> Record | None:
        """The record under a LogID, or None.

        Raises:
            CopytrailError: DynamoDB did not answer, or the item is not a record.
        """
        with translated("dynamodb:GetItem", self._table_name):
            found = self._dynamodb.get_item(
                TableName=self._table_name, Key={audit_schema.PARTITION_KEY: {"S": log_id}}, ConsistentRead=True
            )
        item = found.get("Item")
        return self._read(item) if item else None

    def by_object(self, bucket: str, key: str) -> Iterator[Record]:
        """Everything recorded of one object, in the order of its uploads.

        Raises:
            CopytrailError: while iterating, DynamoDB did not answer, or an item is not a record.
        """
        records = self._query(
            audit_schema.BY_OBJECT,
            "#object = :object",
            names={"#object": audit_schema.SOURCE_OBJECT},
            values={":object": source_object(bucket, key)},
        )
        # S3's events tell the second of an upload; within it, only the sequencer knows the order.
        for _, moment in groupby(records, key=lambda record: record.uploaded_at):
            yield from sorted(moment, key=_upload_order)

    def by_time(self, since: datetime, until: datetime, *, newest_first: bool = True) -> Iterator[Record]:
        """Everything that finished from `since` up to, not including, `until`; by FinishedAt, then LogID.

        Raises:
            CopytrailError: while iterating, DynamoDB did not answer, or an item is not a record.
        """
        for day in _days(since, until, newest_first=newest_first):
            shards = [
                self._shard(day, shard, since, until, newest_first=newest_first)
                for shard in range(audit_schema.DAY_SHARDS)
            ]
            yield from merge(*shards, key=_finished_order, reverse=newest_first)

    def _shard(
        self, day: date, shard: int, since: datetime, until: datetime, *, newest_first: bool
    ) -> Iterator[Record]:
        # "moment" sorts before every "moment#LogID": BETWEEN takes in all of `since`, and nothing of `until`.
        return self._query(
            audit_schema.BY_DAY,
            "#day = :day AND #finished BETWEEN :since AND :until",
            names={"#day": audit_schema.DAY_SHARD, "#finished": audit_schema.FINISHED_ORDER},
            values={
                ":day": day_shard(day, shard),
                ":since": times.to_text(since),
                ":until": times.to_text(until),
            },
            forward=not newest_first,
        )

    def _query(
        self, index: str, condition: str, *, names: Mapping[str, str], values: Mapping[str, str], forward: bool = True
    ) -> Iterator[Record]:
        following: dict[str, Any] = {}
        while True:
            with translated("dynamodb:Query", f"{self._table_name}/index/{index}"):
                page = self._dynamodb.query(
                    TableName=self._table_name,
                    IndexName=index,
                    KeyConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
                    ScanIndexForward=forward,
                    Limit=self._page_size,
                    **following,
                )
            yield from map(self._read, page["Items"])
            # Only a page without LastEvaluatedKey is the last: an empty one may be followed by more.
            if not page.get("LastEvaluatedKey"):
                return
            following = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _read(self, item: Mapping[str, Any]) -> Record:
        try:
            return Record.from_item(item)
        except ValueError as error:
            log_id = item[audit_schema.PARTITION_KEY].get("S")
            raise Permanent(
                "MalformedRecord", f"the item '{log_id}' of {self._table_name} is not a record: {error}"
            ) from error


def _days(since: datetime, until: datetime, *, newest_first: bool) -> Iterator[date]:
    first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    for offset in range((last - first).days + 1):
        yield last - timedelta(days=offset) if newest_first else first + timedelta(days=offset)


def _finished_order(record: Record) -> tuple[datetime, str]:
    return record.finished_at, record.log_id


def _upload_order(record: Record) -> tuple[str, datetime]:
    # Sequencers are hex of varying length and case, compared as if padded on the right with zeros.
    return (record.sequencer or "").upper().rstrip("0"), record.finished_at
