"""Owns DynamoDB under concurrent callers: a condition and the write it guards are one step.

moto looks at the item, evaluates the condition and writes, without a lock, and walks over a table that others change.
"""

import threading
from collections.abc import Callable
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from localaws.gaps import patching

_OPERATIONS = (
    "put_item",
    "get_item",
    "update_item",
    "delete_item",
    "transact_write_items",
    "execute_statement",
    "execute_transaction",
    "batch_execute_statement",
    "query",
    "scan",
    "describe_table",
)

_one_at_a_time = threading.RLock()


def close() -> None:
    """Put one lock around all that reads or writes items."""
    for name in _OPERATIONS:
        patching.replace(DynamoDBBackend, name, _locked)


def _locked(original: Callable[..., Any]) -> Callable[..., Any]:
    def operation(self: DynamoDBBackend, *more: Any, **named: Any) -> Any:
        with _one_at_a_time:
            return original(self, *more, **named)

    return operation
