"""Objects in an inventory or a listing, as tests need them."""

import gzip
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from ops.backfill.objects import Position, SourceObject

MOMENT = datetime(2026, 11, 1, tzinfo=UTC)


def source_object(key: str, **other: Any) -> SourceObject:
    """An object of 100 bytes, in a listing."""
    return SourceObject(
        **{
            "key": key,
            "size": 100,
            "etag": "e",
            "last_modified": MOMENT,
            "storage_class": "STANDARD",
            "position": Position(key=key),
            **other,
        }
    )


class FakeObjects:
    """So many objects, in key order."""

    def __init__(self, count: int) -> None:
        self.keys = [f"{number:05}" for number in range(count)]

    def after(self, position: Position) -> Iterator[SourceObject]:
        """Those after the position's key."""
        return (source_object(key) for key in self.keys if key > position.key)


class FakeInventoryBucket:
    """The S3 calls of reading an inventory."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def get_object(self, *, Bucket: str, Key: str) -> Any:  # noqa: N803 - boto3's names
        """GetObject."""
        if Key not in self.contents:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "There is no such key"}}, "GetObject")
        content = self.contents[Key]
        return {"Body": StreamingBody(io.BytesIO(content), len(content))}

    def put(self, key: str, content: bytes) -> dict[str, Any]:
        """Put a file there; what a manifest tells of it."""
        self.contents[key] = content
        return {
            "key": key,
            "size": len(content),
            "MD5checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        }


def csv_file(lines: Sequence[str]) -> bytes:
    """A CSV file of an inventory."""
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)


def manifest(files: Sequence[dict[str, Any]], **other: Any) -> bytes:
    """A manifest.json as S3 writes it."""
    return json.dumps(
        {
            "sourceBucket": "uploads",
            "destinationBucket": "arn:aws:s3:::inventories",
            "version": "2016-11-30",
            "creationTimestamp": "1793491200000",
            "fileFormat": "CSV",
            "fileSchema": "Bucket, Key, Size, LastModifiedDate, ETag, StorageClass",
            "files": files,
            **other,
        }
    ).encode()
