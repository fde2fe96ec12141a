"""Fast reads of a DynamoDB table: moto takes milliseconds for each item that it answers with or looks at.

Its serializer asks the service's model for every attribute of every item; and for every query of an index it sorts all
items of the table, and compares them one by one as numbers or sets, before it looks at their keys.

And it knows no index in PartiQL.
Source: "PartiQL select statements", DynamoDB developer guide.
"""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

from moto.dynamodb.models.dynamo_type import DDBType, DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_to_dict
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from localaws.gaps.patching import Patch

_this_thread = threading.local()
# An attribute of the items of some partitions of an index, as copytrail asks for it.
_OF_PARTITIONS = re.compile(
    r'SELECT "(?P<attribute>[^"]+)" FROM "(?P<table>[^"]+)"\."(?P<index>[^"]+)" WHERE "(?P<key>[^"]+)" IN \[[?, ]+\]'
)


def patches() -> Iterator[Patch]:
    """Write items directly, and look only at those that have a query's partition key."""
    yield Patch(DynamoResult, "__init__", _without_items)
    yield Patch(DynamoResult, "execute_result", _with_items)
    yield Patch(Table, "query", _of_a_partition)
    yield Patch(Table, "all_items", _those_meant)
    yield Patch(DynamoHandler, "execute_statement", _of_an_index)


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


def _of_an_index(original: Callable[..., Any]) -> Callable[..., Any]:
    def execute_statement(self: DynamoHandler) -> Any:
        asked = _OF_PARTITIONS.fullmatch(self.body.get("Statement", ""))
        if asked is None:
            return original(self)
        table = self.dynamodb_backend.get_table(asked["table"])
        keys = {key["AttributeName"] for key in table.get_index(asked["index"], error_if_not=True).schema}
        wanted = {next(iter(parameter.items())) for parameter in self.body.get("Parameters", [])}
        found = [
            item for item in table.all_items() if keys <= item.attrs.keys() and _typed(item, asked["key"]) in wanted
        ]
        begin = int(self.body.get("NextToken") or 0)
        end = begin + (self.body.get("Limit") or len(found))
        more = {"NextToken": str(end)} if end < len(found) else {}
        attribute = asked["attribute"]
        page = [{attribute: item.attrs[attribute]} for item in found[begin:end] if attribute in item.attrs]
        return DynamoResult({"Items": page, **more})

    return execute_statement


def _typed(item: Item, name: str) -> tuple[str, Any]:
    value = item.attrs[name]
    return value.type, value.value


def _has(item: Item, name: str, wanted: DynamoType) -> bool:
    value = item.attrs.get(name)
    # A key that is a number may be written in several ways: moto compares these itself.
    return (
        value is not None
        and value.type == wanted.type
        and (value.type == DDBType.NUMBER or value.value == wanted.value)
    )
