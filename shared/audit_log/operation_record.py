"""The record of an operation, one for its beginning and one for its end: from event to DynamoDB item and back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from shared import times
from shared.audit_log import schema
from shared.audit_log.schema import Item
from shared.envelope import Moment, check_moments
from shared.operations import Operation

# No transfer's day shard is called so: the records of operations are in nobody's way.
OPERATIONS_SHARD = "operations"

Identity = tuple[str, str, datetime]


class OperationRecord(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """One stage of what an operator did, under its LogID. `filters` and `counts` are JSON text in the table.

    `operation` and `stage` are words of `OperationKind` and `Stage`, or those of a newer version.
    """

    log_id: str = msgspec.field(name="LogID")
    operation: str
    operation_id: str = msgspec.field(name="OperationId")
    stage: str
    subject: str
    performed_by: str
    filters: Mapping[str, str] = msgspec.field(default_factory=dict)
    counts: Mapping[str, int] = msgspec.field(default_factory=dict)
    message: str | None = None
    at: Moment
    logged_at: Moment

    def __post_init__(self) -> None:
        check_moments(At=self.at, LoggedAt=self.logged_at)

    @classmethod
    def of(cls, operation: Operation, logged_at: datetime) -> "OperationRecord":
        """The record of an event."""
        return cls(
            log_id=operation.log_id,
            operation=operation.kind,
            operation_id=operation.operation_id,
            stage=operation.stage,
            subject=operation.subject,
            performed_by=operation.performed_by,
            filters=operation.filters,
            counts=operation.counts,
            message=operation.message,
            at=times.to_milliseconds(operation.at),
            logged_at=times.to_milliseconds(logged_at),
        )

    @classmethod
    def from_item(cls, item: Mapping[str, Mapping[str, Any]]) -> "OperationRecord":
        """Read a DynamoDB item.

        Raises:
            ValueError: the item is not such a record; says which attribute is missing or wrong.
        """
        attributes = schema.from_item(item)
        for name in ("Filters", "Counts"):
            if isinstance(text := attributes.get(name), str):
                attributes[name] = _decoded(text, name)
        return msgspec.convert(attributes, cls)

    def attributes(self) -> dict[str, Any]:
        """The record's own attributes in PascalCase; what is absent is left out."""
        return schema.attributes_of(self)

    def to_item(self) -> Item:
        """The DynamoDB item: the record's own attributes, and those that the index of days goes by."""
        own = {name: _text(value) for name, value in self.attributes().items()}
        return schema.to_item(own | schema.by_day(self.at, OPERATIONS_SHARD, self.log_id))

    @property
    def identity(self) -> Identity:
        """What the LogID stands for."""
        return self.operation_id, self.stage, self.at

    @property
    def title(self) -> str:
        """What a person calls it."""
        return f"{self.operation} {self.operation_id} ({self.stage})"


def _decoded(text: str, name: str) -> object:
    try:
        return msgspec.json.decode(text)
    except RecursionError as error:
        raise ValueError(f"`{name}` is nested too deeply") from error


def _text(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode() if isinstance(value, dict) else str(value)
