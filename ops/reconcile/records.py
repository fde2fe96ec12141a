"""Records of copies and deletions, read from the audit table by time, spooled to disk, and given by key.

Of each item only what matters is read: to make whole records of a million items takes minutes; of these, seconds.
The table's index by object has no order of keys. SQLite sorts on disk: a million records take some 200 MB there.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ops.aws.concurrency import results_in_order
from ops.reconcile.heads import THREADS
from ops.reconcile.pairs import CopyRecord
from ops.reconcile.scope import Scope
from shared import times
from shared.audit_log import schema
from shared.audit_log.pages import Item, Pages
from shared.audit_log.query import FIRST_DAY, day_query
from shared.audit_log.unreadable import Unreadable
from shared.events import LARGEST_NUMBER, Outcome
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_A_DAY = timedelta(days=1)
# Each thread has one or two pages: together some 20 MB.
_PAGE_SIZE = 500
_ATTRIBUTES = (
    "Outcome",
    "SourceBucket",
    "ObjectKey",
    "DestinationBucket",
    "DestinationKey",
    "FinishedAt",
    schema.PARTITION_KEY,
    "SourceETag",
    "DestinationETag",
    "Size",
)
_OUTCOMES = frozenset({Outcome.COPIED, Outcome.DELETED})
# A page of a query, by the key that it begins after.
_PageAt = tuple[Mapping[str, Any], Item | None]


class FoundRecord(NamedTuple):
    """A record, and along which way: from which bucket, and to which bucket and key."""

    source_bucket: str
    destination_bucket: str
    destination_key: str
    record: CopyRecord


def read_records(
    dynamodb: "DynamoDBClient",
    table_name: str,
    *,
    since: datetime | None,
    until: datetime,
    unreadable: Unreadable,
) -> Iterator[list[FoundRecord]]:
    """Every copy and deletion on record from `since` (None: ever) to `until`, some at a time, in no order.

    An item that is no record of this version is passed over, and counted in `unreadable`.

    A table whose records are older than itself, as those of an imported one, is read from its creation on, unless
    `since` is given.

    Raises:
        CopytrailError: while iterating, DynamoDB did not answer, or refused.
    """
    pages = Pages(dynamodb, table_name)

    def read(page: _PageAt) -> tuple[list[FoundRecord], _PageAt | None]:
        query, after = page
        items, last = pages.ask(query, after)
        records = [found for item in items if (found := _readable(item, unreadable))]
        return records, (query, last) if last else None

    first = max(since.date(), FIRST_DAY) if since else _first_day(dynamodb, table_name)
    begin = since or datetime.combine(first, time.min, UTC)
    days = [first + number * _A_DAY for number in range((until.date() - first).days + 1)]
    asked: list[_PageAt] = [
        (_query(day, shard, begin, until), None) for day in days for shard in range(schema.DAY_SHARDS)
    ]
    while asked:
        following = []
        for records, next_page in results_in_order(read, asked, threads=THREADS):
            if records:
                yield records
            if next_page:
                following.append(next_page)
        asked = following


def _query(day: date, shard: int, since: datetime, until: datetime) -> Mapping[str, Any]:
    query = day_query(day, shard, since, until, page_size=_PAGE_SIZE)
    names = {f"#{name}": name for name in _ATTRIBUTES}
    return {
        **query,
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": query["ExpressionAttributeNames"] | names,
    }


def _first_day(dynamodb: "DynamoDBClient", table_name: str) -> date:
    """A day before which nothing was recorded: eight queries for each empty day would be the most of a small run."""
    with translated("dynamodb:DescribeTable", table_name):
        table = dynamodb.describe_table(TableName=table_name)["Table"]
    return FIRST_DAY if "RestoreSummary" in table else max(table["CreationDateTime"].date() - _A_DAY, FIRST_DAY)


def _readable(item: Item, unreadable: Unreadable) -> FoundRecord | None:
    try:
        return found_record(item)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"no {error} of its type" if isinstance(error, KeyError) else str(error)
        unreadable.add(item[schema.PARTITION_KEY]["S"], problem)
        return None


def found_record(item: Item) -> FoundRecord | None:
    """The record in an item of the table; None: it is of no copy, and of no deletion that followed.

    Moments are as the table writes them, to be compared as text.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is no record of this version.
    """
    if "DestinationKey" not in item:
        return None
    size = int(item["Size"]["N"])
    if size > LARGEST_NUMBER:
        raise ValueError(f"{size} is a number of more than 64 bits")
    outcome = item["Outcome"]["S"]
    record = CopyRecord(
        key=item["ObjectKey"]["S"],
        finished_at=times.to_text(times.from_text(item["FinishedAt"]["S"])),
        log_id=item[schema.PARTITION_KEY]["S"],
        is_deletion=outcome == Outcome.DELETED,
        source_etag=item["SourceETag"]["S"],
        destination_etag=item["DestinationETag"]["S"] if "DestinationETag" in item else "",
        size=size,
    )
    found = FoundRecord(item["SourceBucket"]["S"], item["DestinationBucket"]["S"], item["DestinationKey"]["S"], record)
    return found if outcome in _OUTCOMES else None


class RecordStore:
    """The records of some scopes, in a temporary file. For one thread."""

    def __init__(self, scopes: Sequence[Scope]) -> None:
        # A database without a name is a temporary file that nobody else sees.
        self._connection = connection = sqlite3.connect("", isolation_level=None)
        self._scopes = scopes
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA temp_store = FILE")
        connection.execute("BEGIN")
        for scope in scopes:
            connection.execute(
                f"CREATE TABLE {_table(scope)} (key TEXT, finished_at TEXT, log_id TEXT, is_deletion INTEGER,"
                " source_etag TEXT, destination_etag TEXT, size INTEGER)"
            )

    def close(self) -> None:
        """Leave nothing of it on the disk."""
        self._connection.close()

    def add(self, records: Sequence[FoundRecord]) -> None:
        """Store what matters to a scope."""
        for scope in self._scopes:
            rows = [found.record for found in records if matters(found, scope)]
            self._connection.executemany(f"INSERT INTO {_table(scope)} VALUES (?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608 - our own name

    def of(self, scope: Scope) -> Iterator[CopyRecord]:
        """What matters to a scope, in the order of keys, and of each key in that of time."""
        found = self._connection.execute(f"SELECT * FROM {_table(scope)} ORDER BY key, finished_at, log_id")  # noqa: S608 - our own name
        return map(CopyRecord._make, found)


def matters(found: FoundRecord, scope: Scope) -> bool:
    """Whether a record is of a scope's route and keys."""
    route, key = scope.route, found.record.key
    return (
        found.source_bucket == route.source_bucket
        and found.destination_bucket == route.destination_bucket
        and found.destination_key == route.destination_key(key)
        and scope.takes_records_of(key)
    )


def _table(scope: Scope) -> str:
    return f"route_{scope.number}"
