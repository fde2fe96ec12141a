"""DynamoDB: a condition and the write that it guards are one step, and an export's files are where its ARN says.

moto looks at the item, evaluates the condition and writes, without a lock, and walks over a table that others change.
It makes up another id for an export's files than for its ARN, which it calls an import, and wants a prefix.

Source: "Table export output format", DynamoDB developer guide.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from moto.core.utils import gzip_compress
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table_export import TableExport
from moto.dynamodb.models.utilities import dynamo_json_dump
from moto.dynamodb.responses import DynamoHandler

from localaws.gaps.patching import Patch

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


def patches() -> Iterator[Patch]:
    """Put one lock around all that reads or writes items; name exports and their files as DynamoDB does."""
    for name in _OPERATIONS:
        yield Patch(DynamoDBBackend, name, _locked)
    yield Patch(TableExport, "__init__", _named)
    yield Patch(TableExport, "_backup_to_s3_file", _written)
    yield Patch(DynamoHandler, "export_table_to_point_in_time", _with_prefix)


def _locked(original: Callable[..., Any]) -> Callable[..., Any]:
    def operation(self: DynamoDBBackend, *more: Any, **named: Any) -> Any:
        with _one_at_a_time:
            return original(self, *more, **named)

    return operation


def _named(original: Callable[..., None]) -> Callable[..., None]:
    def init(self: TableExport, **named: Any) -> None:
        original(self, **named)
        export_id = f"{time.time_ns() // 1_000_000:014d}-{uuid4().hex[:8]}"
        self.arn = f"{self.table.table_arn}/export/{export_id}"

    return init


def _written(_original: Callable[..., None]) -> Callable[..., None]:
    def write(self: TableExport, s3_backend: Any) -> None:
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

    return write


def _with_prefix(original: Callable[..., Any]) -> Callable[..., Any]:
    def export(self: DynamoHandler) -> Any:
        self.body.setdefault("S3Prefix", "")
        return original(self)

    return export
