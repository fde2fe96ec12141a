"""The audit table's key, indexes and shards, and attributes as DynamoDB items: text and whole numbers only."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from shared import times

PARTITION_KEY = "LogID"

# Of a transfer that an operation asked for.
OPERATION_ID = "OperationId"

# ByObject: everything that happened to one key, in the order of its uploads.
BY_OBJECT = "ByObject"
SOURCE_OBJECT = "SourceObject"  # "bucket/key"
UPLOADED_AT = "UploadedAt"

# ByDay: everything that finished in a span of time.
BY_DAY = "ByDay"
DAY_SHARD = "DayShard"  # "YYYY-MM-DD#shard"
FINISHED_ORDER = "FinishedOrder"  # "FinishedAt#LogID"

# One partition takes 1,000 writes/s ("Best practices for designing partition keys", DynamoDB); 8 take a busy day's.
DAY_SHARDS = 8

Item = dict[str, dict[str, str]]


def source_object(bucket: str, key: str) -> str:
    """The value of index `ByObject` for an object."""
    return f"{bucket}/{key}"


def day_shard(day: date, shard: int | str) -> str:
    """The value of index `ByDay` for one shard of a day, UTC."""
    return f"{day.isoformat()}#{shard}"


def by_day(at: datetime, shard: int | str, log_id: str) -> dict[str, str]:
    """The attributes that index `ByDay` goes by, of a record that is of this moment, UTC."""
    return {DAY_SHARD: day_shard(at.date(), shard), FINISHED_ORDER: f"{times.to_text(at)}#{log_id}"}


def attributes_of(record: msgspec.Struct) -> dict[str, Any]:
    """A record's own attributes, moments as text; what is absent is left out."""
    plain: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(datetime,))
    return {name: times.to_text(value) if isinstance(value, datetime) else value for name, value in plain.items()}


def to_item(attributes: Mapping[str, str | int]) -> Item:
    """Attributes as DynamoDB takes them."""
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in attributes.items()}


def from_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, object]:
    """Attributes as DynamoDB gives them; one that is of no type of ours stays as it came.

    Raises:
        ValueError: a number has more digits than Python reads.
    """
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: Mapping[str, Any]) -> object:
    match dict(value):
        case {"S": str(text)}:
            return text
        case {"N": str(number)} if number.isascii() and number.isdigit():
            return int(number)
        case {"NULL": _}:
            return None
        case other:
            return other
