"""Owns the reading of records for a comparison: all of a span of time, in no order, and of each only what matters.

To make whole records of a million items takes minutes; to make evidence of them, seconds.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ops.reconcile.looking import in_order
from shared import times
from shared.audit_log import schema
from shared.audit_log.pages import Item, Pages
from shared.audit_log.query import FIRST_DAY
from shared.audit_log.record import Record
from shared.audit_log.schema import day_shard
from shared.audit_log.unreadable import Unreadable
from shared.events import LARGEST_NUMBER
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_A_DAY = timedelta(days=1)
# Each thread has one or two pages: together some 20 MB.
_PAGE_SIZE = 500
_ATTRIBUTES = {
    "#outcome": "Outcome",
    "#source": "SourceBucket",
    "#key": "ObjectKey",
    "#destination": "DestinationBucket",
    "#copy": "DestinationKey",
    "#finished_at": "FinishedAt",
    "#log_id": schema.PARTITION_KEY,
    "#etag": "SourceETag",
    "#copy_etag": "DestinationETag",
    "#size": "Size",
}


class Told(NamedTuple):
    """What a record tells, as far as it matters here. Moments as the table writes them, to be compared as text."""

    outcome: str
    source_bucket: str
    object_key: str
    destination_bucket: str
    destination_key: str
    finished_at: str
    log_id: str
    source_etag: str
    destination_etag: str
    size: int


def read_records(
    dynamodb: "DynamoDBClient",
    table_name: str,
    *,
    since: datetime | None,
    until: datetime,
    unreadable: Unreadable,
) -> Iterator[list[Told]]:
    """What every record tells that finished from `since` (None: ever) to `until`, some at a time, in no order.

    An item that is no record of this version is passed over, and counted in `unreadable`.

    A table that is older than it says, as one that was imported, is read from its creation on unless `since` is given.

    Raises:
        CopytrailError: while iterating, DynamoDB did not answer, or refused.
    """
    reader = _Reader(
        Pages(dynamodb, table_name), times.to_text(since) if since else "0", times.to_text(until), unreadable
    )
    first = max(since.date(), FIRST_DAY) if since else _first_day(dynamodb, table_name)
    days = [first + number * _A_DAY for number in range((until.date() - first).days + 1)]
    asked = [_Place(day, shard) for day in days for shard in range(schema.DAY_SHARDS)]
    while asked:
        following = []
        for told, next_place in in_order(reader.page, asked):
            if told:
                yield told
            if next_place:
                following.append(next_place)
        asked = following


def _first_day(dynamodb: "DynamoDBClient", table_name: str) -> date:
    """A day before which nothing was recorded: eight queries for each empty day would be the most of a small run."""
    with translated("dynamodb:DescribeTable", table_name):
        table = dynamodb.describe_table(TableName=table_name)["Table"]
    return FIRST_DAY if "RestoreSummary" in table else max(table["CreationDateTime"].date() - _A_DAY, FIRST_DAY)


def told_by(record: Record) -> Told:
    """What a whole record tells."""
    return Told(
        record.outcome,
        record.source_bucket,
        record.object_key,
        record.destination_bucket or "",
        record.destination_key or "",
        times.to_text(record.finished_at),
        record.log_id,
        record.source_etag,
        record.destination_etag or "",
        record.size,
    )


class _Place(NamedTuple):
    """Where a page begins: after an item of a day's shard, or with the first one."""

    day: date
    shard: int
    after: Item | None = None


class _Reader:
    """Reads pages. May be shared by threads."""

    def __init__(self, pages: Pages, since: str, until: str, unreadable: Unreadable) -> None:
        self._pages = pages
        self._since = since
        self._until = until
        self._unreadable = unreadable

    def page(self, place: _Place) -> tuple[list[Told], _Place | None]:
        """What a page tells, and where the next one begins."""
        items, last = self._pages.ask(self._query(place), place.after)
        return [told for item in items if (told := self._told(item))], place._replace(after=last) if last else None

    def _told(self, item: Item) -> Told | None:
        try:
            return _told(item)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problem = f"no {error} of its type" if isinstance(error, KeyError) else str(error)
            self._unreadable.add(item[schema.PARTITION_KEY]["S"], problem)
            return None

    def _query(self, place: _Place) -> Mapping[str, Any]:
        return {
            "IndexName": schema.BY_DAY,
            "KeyConditionExpression": "#day = :day AND #order BETWEEN :since AND :until",
            "ProjectionExpression": ", ".join(_ATTRIBUTES),
            "ExpressionAttributeNames": {
                "#day": schema.DAY_SHARD,
                "#order": schema.FINISHED_ORDER,
                **_ATTRIBUTES,
            },
            "ExpressionAttributeValues": {
                ":day": {"S": day_shard(place.day, place.shard)},
                ":since": {"S": self._since},
                ":until": {"S": self._until},
            },
            "Limit": _PAGE_SIZE,
        }


def _told(item: Item) -> Told | None:
    """What an item tells; None: it has not been copied anywhere."""
    if "DestinationKey" not in item:
        return None
    size = int(item["Size"]["N"])
    if size > LARGEST_NUMBER:
        raise ValueError(f"{size} is a number of more than 64 bits")
    return Told(
        item["Outcome"]["S"],
        item["SourceBucket"]["S"],
        item["ObjectKey"]["S"],
        item["DestinationBucket"]["S"],
        item["DestinationKey"]["S"],
        times.to_text(times.from_text(item["FinishedAt"]["S"])),
        item[schema.PARTITION_KEY]["S"],
        item["SourceETag"]["S"],
        item["DestinationETag"]["S"] if "DestinationETag" in item else "",
        size,
    )
