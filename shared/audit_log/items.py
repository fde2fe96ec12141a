"""Owns what the audit table holds: records of transfers, and records of what operators did."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.audit_log.operation_record import OperationRecord, is_operation
from shared.audit_log.record import Record
from shared.errors import PermanentError
from shared.event_decoding import Audited
from shared.operations import Operation

AnyRecord = Record | OperationRecord

# So many of them are told apart; nobody looks at more.
_MOST_REMEMBERED = 100_000


class UnreadableItemError(PermanentError):
    """An item of the audit table that is no record of this version: `item` is as DynamoDB gave it."""

    def __init__(self, log_id: str, problem: str, item: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__("MalformedRecord", f"the item '{log_id}' is no record of this version: {problem}")
        self.problem = problem
        self.item = item


class Unreadable:
    """The items that were passed over because they are no records of this version: each counted once."""

    def __init__(self) -> None:
        self._log_ids: set[str] = set()
        self._told = 0
        self.first: tuple[str, str] | None = None

    def __len__(self) -> int:
        return len(self._log_ids)

    def add(self, log_id: str, problem: str) -> None:
        """Count an item, which may have been met before."""
        self.first = self.first or (log_id, problem)
        if len(self._log_ids) < _MOST_REMEMBERED:
            self._log_ids.add(log_id)

    def untold(self) -> str:
        """One line for a person on all of them, if any have come since the last one; else ""."""
        count = len(self)
        if self.first is None or count == self._told:
            return ""
        self._told = count
        log_id, problem = self.first
        which = "1 item" if count == 1 else f"{count:,}{'+' if count == _MOST_REMEMBERED else ''} items"
        return (
            f"left out: {which} of the audit table that this version cannot read, such as {log_id} ({problem});"
            " `copytrail audit get` shows one as it is"
        )


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
    return OperationRecord.from_item(item) if is_operation(item) else Record.from_item(item)
