"""Objects of a source bucket that a backfill goes over, and which of them it takes, or why not."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ops.aws.list_pages import is_archived
from ops.aws.listing import list_objects
from ops.params.keys import KeyFilter
from shared import times
from shared.routes import Route, can_be_a_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a backfill has come: up to a key of a listing, or so many rows of one of an inventory's files."""

    key: str = ""
    file: int = 0
    row: int = 0


class SourceObject(NamedTuple):
    """One object of a source bucket. `size` in bytes; `etag` without quotes.

    An ETag or a date that an inventory does not have is None; `position` is where the object is in what is gone over.
    """

    key: str
    size: int
    etag: str | None
    last_modified: datetime | None
    storage_class: str
    position: Position


# Every object after a position, by a listing or an inventory, always in the same order. Raises what boto3 raises, or
# CommandError.
ObjectsAfter = Callable[[Position], Iterator[SourceObject]]


def listed_after(s3: "S3Client", bucket: str, prefixes: Sequence[str], position: Position) -> Iterator[SourceObject]:
    """Every object that is there now under some prefixes, with a key after the position's, in key order.

    Raises:
        CopytrailError: while iterating, S3 did not answer, or refused.
    """
    for listed in list_objects(s3, bucket, prefixes=prefixes, start_after=position.key):
        yield SourceObject(
            key=listed.key,
            size=listed.size,
            etag=listed.etag,
            last_modified=times.from_text(listed.last_modified),
            storage_class=listed.storage_class,
            position=Position(key=listed.key),
        )


class LeftOut(StrEnum):
    """Why no copy is requested of an object that the filters take."""

    NO_ROUTE = "NoRoute"
    EVERY_VERSION = "EveryVersion"
    ARCHIVED = "Archived"
    TOO_LONG = "TooLong"


@dataclass(frozen=True)
class Selection:
    """The filters, and the routes of the source bucket."""

    bucket: str
    routes: tuple[Route, ...]
    keys: KeyFilter
    since: datetime | None = None
    until: datetime | None = None
    include_archived: bool = False

    def filters_take(self, source_object: SourceObject) -> bool:
        """Whether the object is one of those that were asked for."""
        return self.keys.matches(source_object.key) and self._takes_date(source_object.last_modified)

    def route_of(self, source_object: SourceObject) -> Route | LeftOut:
        """The route that the object is to take, or why it takes none."""
        route = next(
            (each for each in self.routes if each.matches(self.bucket, source_object.key, source_object.size)), None
        )
        if route is None:
            return LeftOut.NO_ROUTE
        if route.versions == "every":
            return LeftOut.EVERY_VERSION
        if is_archived(source_object.storage_class) and not self.include_archived:
            return LeftOut.ARCHIVED
        if route.destination_prefix and not can_be_a_key(route.destination_key(source_object.key)):
            return LeftOut.TOO_LONG
        return route

    def taken(self, objects: Iterator[SourceObject]) -> Generator[SourceObject]:
        """The objects that copies are requested of."""
        return (each for each in objects if self.filters_take(each) and isinstance(self.route_of(each), Route))

    def _takes_date(self, moment: datetime | None) -> bool:
        if moment is None:
            return True
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)


def prefixes_to_list(routes: Sequence[Route], keys: KeyFilter) -> tuple[str, ...]:
    """The prefixes under which everything is that both the routes and the filter take."""
    return keys.prefixes(prefix for route in routes for prefix in route.prefixes or ("",))
