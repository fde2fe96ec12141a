"""Items of the audit table that are no records of this version: the one asked for, and all that were passed over."""

from collections.abc import Mapping
from typing import Any

import msgspec

from shared.errors import PermanentError

# So many of them are counted one by one; a person needs no higher number.
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
        self._reported = 0
        self.first: tuple[str, str] | None = None

    def __len__(self) -> int:
        return len(self._log_ids)

    def add(self, log_id: str, problem: str) -> None:
        """Count an item, which may have been met before."""
        self.first = self.first or (log_id, problem)
        if len(self._log_ids) < _MOST_REMEMBERED:
            self._log_ids.add(log_id)

    def unreported(self) -> str:
        """One line for a person on all of them, if any have come since the last one; else ""."""
        count = len(self)
        if self.first is None or count == self._reported:
            return ""
        self._reported = count
        log_id, problem = self.first
        which = "1 item" if count == 1 else f"{count:,}{'+' if count == _MOST_REMEMBERED else ''} items"
        return (
            f"left out: {which} of the audit table that this version cannot read, such as {log_id} ({problem});"
            " `copytrail audit get` shows one as it is"
        )


def as_json(value: object) -> Any:
    """An item, or any part of one, as JSON can write it: binary values in base64."""
    return msgspec.to_builtins(value, enc_hook=str)
