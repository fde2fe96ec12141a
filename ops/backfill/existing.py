"""Owns what a backfill goes over: the objects of a source bucket, one after the other, and a place among them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from ops.aws.listing import list_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a backfill has come: up to a key of a listing, or so many rows of one of an inventory's files."""

    key: str = ""
    file: int = 0
    row: int = 0


class Existing(NamedTuple):
    """One object. `size` in bytes; `etag` without quotes.

    An ETag or a date that an inventory does not tell is None; `position` is where the object is in what is gone over.
    """

    key: str
    size: int
    etag: str | None
    last_modified: datetime | None
    storage_class: str
    position: Position


class Existence(Protocol):
    """Where a backfill learns what is there."""

    def objects(self, after: Position) -> Iterator[Existing]:
        """Every object after a position, always in the same order. Raises what boto3 raises, or Failure."""


class Listing:
    """What is there now under some prefixes, in key order."""

    def __init__(self, s3: "S3Client", bucket: str, prefixes: Sequence[str]) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefixes = tuple(prefixes)

    def objects(self, after: Position) -> Iterator[Existing]:
        """Every object with a key after the position's. Raises what boto3 raises."""
        for listed in list_objects(self._s3, self._bucket, prefixes=self._prefixes, start_after=after.key):
            yield Existing(
                key=listed.key,
                size=listed.size,
                etag=listed.etag,
                last_modified=listed.modified_at,
                storage_class=listed.storage_class,
                position=Position(key=listed.key),
            )
