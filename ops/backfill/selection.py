"""Owns which objects a backfill requests copies of, and why others are left out."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ops.aws.listing import is_archived
from ops.backfill.existing import Existing
from ops.params.keys import KeyFilter
from shared.routes import Route, can_be_a_key


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

    def filters_take(self, existing: Existing) -> bool:
        """Whether the object is one of those that were asked for."""
        return self.keys.matches(existing.key) and self._takes_date(existing.last_modified)

    def route_of(self, existing: Existing) -> Route | LeftOut:
        """The route that the object is to take, or why it takes none."""
        route = next((each for each in self.routes if each.matches(self.bucket, existing.key, existing.size)), None)
        if route is None:
            return LeftOut.NO_ROUTE
        if route.versions == "every":
            return LeftOut.EVERY_VERSION
        if is_archived(existing.storage_class) and not self.include_archived:
            return LeftOut.ARCHIVED
        if route.destination_prefix and not can_be_a_key(route.destination_key(existing.key)):
            return LeftOut.TOO_LONG
        return route

    def taken(self, objects: Iterator[Existing]) -> Generator[Existing]:
        """The objects that copies are requested of."""
        return (each for each in objects if self.filters_take(each) and isinstance(self.route_of(each), Route))

    def _takes_date(self, moment: datetime | None) -> bool:
        if moment is None:
            return True
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)


def prefixes_to_list(routes: Sequence[Route], keys: KeyFilter) -> tuple[str, ...]:
    """The prefixes under which everything is that both the routes and the filter take."""
    return keys.prefixes(prefix for route in routes for prefix in route.prefixes or ("",))
