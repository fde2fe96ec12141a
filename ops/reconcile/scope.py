"""Scope of a comparison: which keys of a route are compared, at both ends, and how new they may be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ops.errors import UsageError
from ops.params.keys import KeyFilter
from shared import times
from shared.routes import Route, can_be_a_key

ALL = "all"


@dataclass(frozen=True)
class Scope:
    """One route, by its number from 1, and what of it is compared.

    `since`, `in_flight_since`: moments as listings and records write them, so that they compare as text; an upload that
    is newer than `in_flight_since` may still be under way. `others`: the stack's other routes.
    """

    number: int
    route: Route
    keys: KeyFilter
    since: str
    in_flight_since: str
    others: tuple[Route, ...]

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """What the source keys begin with; none: the filter and the route have no key in common."""
        return self.keys.prefixes(self.route.prefixes or ("",))

    @cached_property
    def copy_prefixes(self) -> tuple[str, ...]:
        """What the keys of the copies begin with; S3 lists under nothing that can be no key."""
        copied = map(self.route.destination_key, self.prefixes)
        return tuple(prefix for prefix in copied if not prefix or can_be_a_key(prefix))

    def takes(self, key: str, size: int) -> bool:
        """Whether an object of the source is compared."""
        return self._takes_all or (self.keys.matches(key) and self.route.matches(self.route.source_bucket, key, size))

    def takes_copy(self, key: str, size: int) -> bool:
        """Whether what the destination has is compared without a source: it can be the copy of nothing else."""
        copy_key = self.route.destination_key(key)
        return self.takes(key, size) and not any(self._may_bring(other, copy_key, size) for other in self.others)

    def takes_records_of(self, key: str) -> bool:
        """Whether what is on record of a source key matters."""
        return self.keys.matches(key) and key.startswith(self.prefixes)

    @cached_property
    def _takes_all(self) -> bool:
        route = self.route
        return not (self.keys.glob or route.suffixes or route.min_size or route.max_size is not None)

    def _may_bring(self, route: Route, copy_key: str, size: int) -> bool:
        """Whether an object may be the copy of a neighbour's source."""
        bucket, prefix = route.destination_bucket, route.destination_prefix
        if bucket != self.route.destination_bucket or not copy_key.startswith(prefix):
            return False
        return route.matches(route.source_bucket, copy_key.removeprefix(prefix), size)


def scopes(
    routes: Sequence[Route], route: str, keys: KeyFilter, *, since: datetime | None, in_flight_since: datetime
) -> list[Scope]:
    """The scopes of the route with a number (as text, from 1), or of `all`.

    Raises:
        CommandError: there is no such route.
    """
    return [
        Scope(
            number=number,
            route=routes[number - 1],
            keys=keys,
            since=times.to_text(since) if since else "",
            in_flight_since=times.to_text(in_flight_since),
            others=tuple(routes[: number - 1]) + tuple(routes[number:]),
        )
        for number in route_numbers(route, len(routes))
    ]


def route_numbers(route: str, count: int) -> Iterable[int]:
    """The numbers of the route that a person names by its number from 1, or of all.

    Raises:
        CommandError: there is no such route.
    """
    if route == ALL:
        return range(1, count + 1)
    if route.isascii() and route.isdigit() and 1 <= int(route) <= count:
        return [int(route)]
    known = "1" if count == 1 else f"1 to {count}"
    raise UsageError(f"there is no route '{route}': the stack's routes are {known}, in the order of its settings")
