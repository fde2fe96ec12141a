"""Owns what the audit table holds: records of transfers, and records of what operators did."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.auditor.operation_record import OperationRecord, is_operation
from services.auditor.record import Record
from shared.operations import Audited, Operation

AnyRecord = Record | OperationRecord


def record_of(event: Audited, logged_at: datetime) -> AnyRecord:
    """The record that an event becomes.

    Raises:
        Permanent: `MalformedEvent`; what it says could not be a key of the table.
    """
    if isinstance(event, Operation):
        return OperationRecord.of(event, logged_at)
    return Record.of(event, logged_at)


def read_item(item: Mapping[str, Mapping[str, Any]]) -> AnyRecord:
    """Read a DynamoDB item.

    Raises:
        ValueError: the item is no record; says which attribute is missing or wrong.
    """
    return OperationRecord.from_item(item) if is_operation(item) else Record.from_item(item)
