"""DynamoDB: writes that are one step with their condition, fast reads, PartiQL of an index, and exports.

moto looks at the item, evaluates the condition and writes, without a lock, and walks over a table that others change.
It takes milliseconds for each item that it answers with or looks at: its serializer asks the service's model for every
attribute of every item; and for every query of an index it sorts all items of the table, and compares them one by one
as numbers or sets, before it looks at their keys. It knows no index in PartiQL. It makes up another id for an export's
files than for its ARN, which it calls an import, and wants a prefix.

Sources: "PartiQL select statements" and "Table export output format", DynamoDB developer guide.
"""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from moto.core.utils import gzip_compress
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DDBType, DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.table_export import TableExport
from moto.dynamodb.models.utilities import dynamo_json_dump, dynamo_to_dict
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from localaws.gaps.patching import Patch, around

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

# An attribute of the items of some partitions of an index, as copytrail asks for it.
_OF_PARTITIONS = re.compile(
    r'SELECT "(?P<attribute>[^"]+)" FROM "(?P<table>[^"]+)"\."(?P<index>[^"]+)" WHERE "(?P<key>[^"]+)" IN \[[?, ]+\]'
)

_one_at_a_time = threading.RLock()
_this_thread = threading.local()


def patches() -> Iterator[Patch]:
    """Put one lock around all that reads or writes items; write answers, read indexes and name exports as it does."""
    for name in _OPERATIONS:
        yield around(DynamoDBBackend, name, _locked)
    yield around(DynamoResult, "__init__", _without_items)
    yield around(DynamoResult, "execute_result", _with_items)
    yield around(Table, "query", _of_a_partition)
    yield around(Table, "all_items", _those_meant)
    yield around(DynamoHandler, "execute_statement", _of_an_index)
    yield around(TableExport, "__init__", _named)
    yield around(TableExport, "_backup_to_s3_file", _written)
    yield around(DynamoHandler, "export_table_to_point_in_time", _with_prefix)


def _locked(original: Callable[..., Any], self: DynamoDBBackend, *more: Any, **named: Any) -> Any:
    with _one_at_a_time:
        return original(self, *more, **named)


def _without_items(original: Callable[..., None], self: Any, result: Any) -> None:
    self.items_left_out = result.pop("Items", None) if isinstance(result, dict) else None
    original(self, result)


def _with_items(original: Callable[..., Any], self: Any, context: Any) -> Any:
    status, headers, body = original(self, context)
    if self.items_left_out is None:
        return status, headers, body
    answer = json.loads(body) | {"Items": self.items_left_out}
    return status, headers, json.dumps(answer, default=_plain)


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


def _of_a_partition(original: Callable[..., Any], self: Table, *more: Any, **named: Any) -> Any:
    conditions = named.get("hash_key_conditions") or []
    _this_thread.meant = conditions if named.get("index_name") else []
    try:
        return original(self, *more, **named)
    finally:
        _this_thread.meant = []


def _those_meant(original: Callable[..., list[Item]], self: Table) -> list[Item]:
    meant = getattr(_this_thread, "meant", [])
    if not meant or self.range_key_attr:
        return original(self)
    # A table without a sort key has one item for each key.
    items: Any = self.items.values()
    found = [item for item in items if all(_has(item, name, value) for name, value in meant)]
    return sorted(found, key=lambda item: item.hash_key)


def _of_an_index(original: Callable[..., Any], self: DynamoHandler) -> Any:
    asked = _OF_PARTITIONS.fullmatch(self.body.get("Statement", ""))
    if asked is None:
        return original(self)
    table = self.dynamodb_backend.get_table(asked["table"])
    keys = {key["AttributeName"] for key in table.get_index(asked["index"], error_if_not=True).schema}
    meant = {next(iter(parameter.items())) for parameter in self.body.get("Parameters", [])}
    found = [item for item in table.all_items() if keys <= item.attrs.keys() and _typed(item, asked["key"]) in meant]
    begin = int(self.body.get("NextToken") or 0)
    end = begin + (self.body.get("Limit") or len(found))
    more = {"NextToken": str(end)} if end < len(found) else {}
    attribute = asked["attribute"]
    page = [{attribute: item.attrs[attribute]} for item in found[begin:end] if attribute in item.attrs]
    return DynamoResult({"Items": page, **more})


def _typed(item: Item, name: str) -> tuple[str, Any]:
    value = item.attrs[name]
    return value.type, value.value


def _has(item: Item, name: str, expected: DynamoType) -> bool:
    value = item.attrs.get(name)
    # A key that is a number may be written in several ways: moto compares these itself.
    return (
        value is not None
        and value.type == expected.type
        and (value.type == DDBType.NUMBER or value.value == expected.value)
    )


def _named(original: Callable[..., None], self: TableExport, **named: Any) -> None:
    original(self, **named)
    export_id = f"{time.time_ns() // 1_000_000:014d}-{uuid4().hex[:8]}"
    self.arn = f"{self.table.table_arn}/export/{export_id}"


def _written(_original: Callable[..., None], self: TableExport, s3_backend: Any) -> None:
    items = [dynamo_json_dump(item.to_json(root_attr_name="Item")) for item in self.table.all_items()]
    export_id = self.arn.rpartition("/")[2]
    key = f"AWSDynamoDB/{export_id}/data/{uuid4().hex[:26]}.json.gz"
    s3_backend.put_object(
        bucket_name=self.s3_bucket,
        key_name=f"{self.s3_prefix}/{key}" if self.s3_prefix else key,
        value=gzip_compress("".join(f"{item}\n" for item in items).encode()),
    )
    self.item_count = len(items)
    self.processed_bytes = sum(map(len, items))
    self.status = "COMPLETED"


def _with_prefix(original: Callable[..., Any], self: DynamoHandler) -> Any:
    self.body.setdefault("S3Prefix", "")
    return original(self)
