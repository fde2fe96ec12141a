"""Owns the buckets, and what must hold between them and the routes for the whole to work."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import msgspec

from infra.event_patterns import LARGEST_NUMBER, LONGEST_PATTERN, uploads
from shared.routes import Route, find_cycle

# All variables of a function, names and values ("Lambda quotas"); what the fixed ones may take of it.
_ENVIRONMENT_BYTES = 4096
_FIXED_VARIABLES_BYTES = 1024
_LONGEST_BUCKET_NAME = "x" * 63
_LONGEST_KEY_BYTES = 1024


@dataclass(frozen=True)
class Bucket:
    """A bucket to create, or (`existing`) to use as it is. A name that is None is CloudFormation's to choose."""

    name: str | None = None
    existing: bool = False
    account: str | None = None
    public_read: bool = False
    versioned: bool = False


def find_problems(buckets: Mapping[str, Bucket], routes: Sequence[Route]) -> list[str]:
    """Everything that keeps these buckets and routes from working together, a sentence each."""
    found = list(_same_bucket_twice(buckets))
    for place, route in _places(routes):
        found += [f"{place} {problem}" for problem in _route_problems(route, buckets)]
    found += _bucket_problems(buckets, routes)
    found += _overlaps(routes)
    found += _collisions(routes)
    if (cycle := find_cycle([route for route in routes if _runs(route)])) is not None:
        found.append(
            f"copytrail.routes go round in a circle, so copies would cause copies forever: {' → '.join(cycle)}"
        )
    if (size := _environment_bytes(buckets, routes)) > _ENVIRONMENT_BYTES:
        found.append(
            f"copytrail.routes are too many: they take the copier's environment to {size:,} bytes, and Lambda allows"
            f" {_ENVIRONMENT_BYTES:,}; use fewer prefixes and suffixes, or a second stack"
        )
    return found


def _places(routes: Sequence[Route]) -> Iterator[tuple[str, Route]]:
    return ((f"copytrail.routes[{number}]", route) for number, route in enumerate(routes))


def _runs(route: Route) -> bool:
    # An end that could not be read is empty, and reported where it was read.
    return bool(route.source_bucket and route.destination_bucket and route.source_bucket != route.destination_bucket)


def _same_bucket_twice(buckets: Mapping[str, Bucket]) -> Iterator[str]:
    for (alias, bucket), (other_alias, other) in combinations(buckets.items(), 2):
        if bucket.name is not None and bucket.name == other.name:
            yield f"copytrail.buckets: '{alias}' and '{other_alias}' are both {bucket.name}; use one alias for it"


def _route_problems(route: Route, buckets: Mapping[str, Bucket]) -> Iterator[str]:
    if route.source_bucket and route.source_bucket == route.destination_bucket:
        yield f"goes from '{route.source_bucket}' to itself: source and destination must differ"
    if (destination := buckets.get(route.destination_bucket)) and destination.public_read:
        yield f"goes to '{route.destination_bucket}', which has publicRead: a destination is always private"
    if route.max_size is not None and route.max_size < (route.min_size or 0):
        yield f"takes nothing: maxSize {route.max_size:,} is less than minSize {route.min_size:,}"
    if route.min_size is not None and route.max_size is None:
        # EventBridge lets no number beyond its range through a numeric filter, and says nothing.
        yield (
            f"has a minSize without a maxSize: EventBridge compares sizes up to {LARGEST_NUMBER:,} bytes only, so"
            f" larger objects would be lost silently; add a maxSize (up to {LARGEST_NUMBER:,}) or leave minSize out"
        )
    for text in (*route.prefixes, *route.suffixes, route.destination_prefix):
        if len(text.encode(errors="surrogatepass")) > _LONGEST_KEY_BYTES:
            yield f"has a text longer than any key can be ({_LONGEST_KEY_BYTES:,} bytes): '{text[:40]}…'"
    named = msgspec.structs.replace(route, source_bucket=_longest_name(route.source_bucket, buckets))
    if (length := len(json.dumps(uploads(named), separators=(",", ":")))) > LONGEST_PATTERN:
        yield (
            f"has too many prefixes and suffixes: its EventBridge pattern takes {length:,} characters of"
            f" {LONGEST_PATTERN:,}; split it into several routes"
        )


def _bucket_problems(buckets: Mapping[str, Bucket], routes: Sequence[Route]) -> Iterator[str]:
    used = {alias for route in routes for alias in (route.source_bucket, route.destination_bucket)}
    # With an unreadable end, nobody can tell which bucket was meant.
    if "" not in used:
        for alias in buckets.keys() - used:
            yield f"copytrail.buckets.{alias} is on no route: add a route, or take the bucket out"


def _overlaps(routes: Sequence[Route]) -> Iterator[str]:
    for (place, route), (other_place, other) in combinations(_places(routes), 2):
        if route.source_bucket and route.overlaps(other):
            yield (
                f"{place} and {other_place} overlap: an upload to '{route.source_bucket}' could take both;"
                " keep their prefixes, suffixes or sizes apart"
            )


def _collisions(routes: Sequence[Route]) -> Iterator[str]:
    for (place, route), (other_place, other) in combinations(_places(routes), 2):
        same_keys = (route.source_bucket, route.destination_prefix) == (other.source_bucket, other.destination_prefix)
        if route.destination_bucket and not same_keys and _written(route).overlaps(_written(other)):
            # Which upload is the newer one can be told within one source bucket only.
            yield (
                f"{place} and {other_place} could write the same key in '{route.destination_bucket}', and each undo the"
                " other's copies; give each a destinationPrefix of its own"
            )


def _written(route: Route) -> Route:
    """The keys that a route writes, as if they were read."""
    return Route(
        source_bucket=route.destination_bucket,
        destination_bucket=route.destination_bucket,
        prefixes=tuple(route.destination_key(prefix) for prefix in route.prefixes or ("",)),
        suffixes=route.suffixes,
    )


def _longest_name(alias: str, buckets: Mapping[str, Bucket]) -> str:
    bucket = buckets.get(alias)
    return (bucket and bucket.name) or _LONGEST_BUCKET_NAME


def _environment_bytes(buckets: Mapping[str, Bucket], routes: Sequence[Route]) -> int:
    named = [
        msgspec.structs.replace(
            route,
            source_bucket=_longest_name(route.source_bucket, buckets),
            destination_bucket=_longest_name(route.destination_bucket, buckets),
        )
        for route in routes
    ]
    owners = {_longest_name(alias, buckets) + alias: "0" * 12 for alias in buckets}
    return len(msgspec.json.encode(named)) + len(msgspec.json.encode(owners)) + _FIXED_VARIABLES_BYTES
