"""An item of the audit table, whichever of the two kinds: the record of a transfer, or that of an operation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.audit_log.operation_record import OperationRecord
from shared.audit_log.record import Record
from shared.event_decoding import Audited
from shared.operations import Operation

AnyRecord = Record | OperationRecord


def record_of(event: Audited, logged_at: datetime) -> AnyRecord:
    """The record that an event becomes.

    Raises:
        PermanentError: `MalformedEvent`; what it says could not be a key of the table.
    """
    if isinstance(event, Operation):
        return OperationRecord.of(event, logged_at)
    return Record.of(event, logged_at)


def read_item(item: Mapping[str, Mapping[str, Any]]) -> AnyRecord:
    """Read a DynamoDB item.

    Raises:
        ValueError: the item is no record; says which attribute is missing or wrong.
    """
    return OperationRecord.from_item(item) if "Operation" in item else Record.from_item(item)
