"""Owns how fast a table is read: moto takes milliseconds for each item that it answers with, and for each it looks at.

Its serializer asks the service's model for every attribute of every item; and for every query of an index it sorts all
items of the table, and compares them one by one as numbers or sets, before it looks at their keys.
"""

import base64
import json
import threading
from collections.abc import Callable
from typing import Any

from moto.dynamodb.models.dynamo_type import DDBType, DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_to_dict
from moto.dynamodb.responses import DynamoResult

from localaws.gaps import patching

_this_thread = threading.local()


def close() -> None:
    """Write items directly, and look only at those that have a query's partition key."""
    patching.replace(DynamoResult, "__init__", _without_items)
    patching.replace(DynamoResult, "execute_result", _with_items)
    patching.replace(Table, "query", _of_a_partition)
    patching.replace(Table, "all_items", _those_meant)


def _without_items(original: Callable[..., None]) -> Callable[..., None]:
    def init(self: Any, result: Any) -> None:
        self.items_left_out = result.pop("Items", None) if isinstance(result, dict) else None
        original(self, result)

    return init


def _with_items(original: Callable[..., Any]) -> Callable[..., Any]:
    def execute_result(self: Any, context: Any) -> Any:
        status, headers, body = original(self, context)
        if self.items_left_out is None:
            return status, headers, body
        answer = json.loads(body) | {"Items": self.items_left_out}
        return status, headers, json.dumps(answer, default=_plain)

    return execute_result


def _plain(value: Any) -> Any:
    """A value as DynamoDB's JSON has it; `json` goes on with what is in it."""
    if not isinstance(value, DynamoType):
        return base64.b64encode(value).decode() if isinstance(value, bytes) else dynamo_to_dict(value)
    if value.type == DDBType.BINARY:
        return {value.type: _base64(value.value)}
    if value.type == DDBType.BINARY_SET:
        return {value.type: [_base64(each) for each in value.value]}
    return {value.type: value.value}


def _base64(value: bytes | str) -> str:
    # As it came over the wire, or decoded.
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _of_a_partition(original: Callable[..., Any]) -> Callable[..., Any]:
    def query(self: Table, *more: Any, **named: Any) -> Any:
        conditions = named.get("hash_key_conditions") or []
        _this_thread.meant = conditions if named.get("index_name") else []
        try:
            return original(self, *more, **named)
        finally:
            _this_thread.meant = []

    return query


def _those_meant(original: Callable[..., list[Item]]) -> Callable[..., list[Item]]:
    def all_items(self: Table) -> list[Item]:
        meant = getattr(_this_thread, "meant", [])
        if not meant or self.range_key_attr:
            return original(self)
        # A table without a sort key has one item for each key.
        items: Any = self.items.values()
        found = [item for item in items if all(_has(item, name, wanted) for name, wanted in meant)]
        return sorted(found, key=lambda item: item.hash_key)

    return all_items


def _has(item: Item, name: str, wanted: DynamoType) -> bool:
    value = item.attrs.get(name)
    # A key that is a number may be written in several ways: moto compares these itself.
    return (
        value is not None
        and value.type == wanted.type
        and (value.type == DDBType.NUMBER or value.value == wanted.value)
    )
