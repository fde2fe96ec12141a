"""Owns DynamoDB's exports to S3: the files are where the export's ARN says, and a prefix is not needed.

moto makes up another id for the files than for the ARN, which it calls an import, and wants a prefix.
Source: "Table export output format", DynamoDB developer guide.
"""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from moto.core.utils import gzip_compress
from moto.dynamodb.models.table_export import TableExport
from moto.dynamodb.models.utilities import dynamo_json_dump
from moto.dynamodb.responses import DynamoHandler

from localaws.gaps import patching


def close() -> None:
    """Name exports as DynamoDB does, and put their files where it does."""
    patching.replace(TableExport, "__init__", _named)
    patching.replace(TableExport, "_backup_to_s3_file", _written)
    patching.replace(DynamoHandler, "export_table_to_point_in_time", _with_prefix)


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
