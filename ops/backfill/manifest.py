"""Owns an S3 Inventory's manifest: of which bucket it is, and in which files it is to be found.

Source: "Locating your inventory list", S3 user guide.
"""

from contextlib import closing
from datetime import datetime
from hashlib import md5
from typing import TYPE_CHECKING

import msgspec

from ops.errors import CommandError, UsageError
from ops.params.keys import Place, read_place
from shared import times
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A manifest of 100,000 files has 20 MB: what is larger is none.
_LARGEST = 64 * 1024**2
_ARN = "arn:"


class InventoryFile(msgspec.Struct, frozen=True):
    """One file of an inventory. `md5` in hexadecimal digits."""

    key: str
    md5: str = msgspec.field(name="MD5checksum")


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """What `manifest.json` says; the destination bucket is that of the inventory's files."""

    source_bucket: str
    destination_bucket: str
    file_format: str
    file_schema: str
    files: tuple[InventoryFile, ...]
    creation_timestamp: str | None = None

    @property
    def as_of(self) -> datetime | None:
        """When S3 began to go over the bucket."""
        told = self.creation_timestamp or ""
        return times.from_epoch_milliseconds(told) if told.isdecimal() else None

    def place_of(self, file: InventoryFile) -> Place:
        """Where a file is."""
        name = self.destination_bucket
        return Place(name.rpartition(":")[2] if name.startswith(_ARN) else name, file.key)


def place_named(url: str) -> Place:
    """Read `s3://bucket/key`.

    Raises:
        CommandError: it is no such thing.
    """
    place = read_place(url)
    if place is None:
        raise UsageError(f"'{url}' does not name a manifest: write s3://BUCKET/…/manifest.json")
    return place


def read_manifest(s3: "S3Client", place: Place) -> tuple[Manifest, str]:
    """The manifest, and its fingerprint.

    Raises:
        CommandError: it is no manifest.
        CopytrailError: S3 does not give it.
    """
    with translated("s3:GetObject", place.url):
        answer = s3.get_object(Bucket=place.bucket, Key=place.key)
        with closing(answer["Body"]) as body:
            content = body.read(_LARGEST + 1)
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{place.url} is no manifest of an S3 Inventory ({error}): name its manifest.json"
        ) from error
    return manifest, md5(content, usedforsecurity=False).hexdigest()
