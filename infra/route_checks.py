"""Checks of routes: their ends, their filters, and that no two of them are in each other's way."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import combinations

import msgspec

from infra.settings.buckets import Bucket
from infra.settings.functions import DEAD_LETTER_DAYS
from shared.event_patterns import (
    LARGEST_FILTER_SIZE,
    LONGEST_BUCKET_NAME,
    LONGEST_PATTERN,
    MOST_COMPLEX,
    complexity,
    length,
    upload_patterns,
)
from shared.routes import LONGEST_KEY_BYTES, Route, find_cycle

# All variables of a function, names and values ("Lambda quotas"); what the fixed ones may take of it.
_ENVIRONMENT_BYTES = 4096
_FIXED_VARIABLES_BYTES = 1024
# Each has two alarms, and a template holds 500 resources ("CloudFormation quotas"), of which 140 are left to the rest.
_MOST_RULES = 120
_MOST_QUOTED = 40


def did_you_mean(word: str, known: Collection[str], *, otherwise: str) -> str:
    """The end of a sentence about an unknown word: the known word it looks like, or else all of them."""
    if close := get_close_matches(word, known, n=1):
        return f": did you mean '{close[0]}'?"
    return f": {otherwise} {', '.join(sorted(known))}"


def problems_of_routes(routes: Sequence[Route], buckets: Mapping[str, Bucket]) -> Iterator[str]:
    """Everything that keeps these routes from working, by themselves and together, a sentence each, with its place."""
    sound = []
    for number, route in enumerate(routes):
        place = f"copytrail.routes[{number}]"
        yield from _unknown_ends(place, route, buckets)
        problems = list(_route_problems(route, buckets))
        yield from (f"{place} {problem}" for problem in problems)
        if not problems:
            sound.append((place, route))
    yield from _unused_buckets(buckets, routes)
    # A route that is wrong by itself may stop being in another's way once it is put right.
    yield from _overlaps(sound)
    yield from _collisions(sound)
    going = [
        route for route in routes if route.source_bucket and route.destination_bucket not in {"", route.source_bucket}
    ]
    if (cycle := find_cycle(going)) is not None:
        yield f"copytrail.routes go round in a circle, so copies would cause copies forever: {' → '.join(cycle)}"
    if (rules := sum(len(upload_patterns(route)) for route in routes)) > _MOST_RULES:
        yield (
            f"copytrail.routes take {rules:,} EventBridge rules, and a stack has room for {_MOST_RULES}: use fewer"
            " prefixes and suffixes together, or a second stack"
        )
    if (size := _environment_bytes(buckets, routes)) > _ENVIRONMENT_BYTES:
        yield (
            f"copytrail.routes are too many: they take the copier's environment to {size:,} bytes, and Lambda allows"
            f" {_ENVIRONMENT_BYTES:,}; use fewer prefixes and suffixes, or a second stack"
        )


def _unknown_ends(place: str, route: Route, buckets: Mapping[str, Bucket]) -> Iterator[str]:
    choose = "name one of the buckets in cdk.json's `buckets`:"
    for key, alias in (("from", route.source_bucket), ("to", route.destination_bucket)):
        if not alias:
            yield f"{place}.{key} is missing: {choose} {', '.join(sorted(buckets))}"
        elif alias not in buckets:
            yield f"{place}.{key} is '{alias}', not a bucket{did_you_mean(alias, buckets, otherwise=choose)}"


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
            f"has a minSize without a maxSize: EventBridge compares sizes up to {LARGEST_FILTER_SIZE:,} bytes only,"
            f" so larger objects would be lost silently; add a maxSize (up to {LARGEST_FILTER_SIZE:,}) or leave minSize"
            " out"
        )
    yield from _deletion_problems(route, buckets)
    yield from _version_problems(route, buckets)
    yield from _length_problems(route)
    yield from _pattern_problems(route, buckets)


def _deletion_problems(route: Route, buckets: Mapping[str, Bucket]) -> Iterator[str]:
    if not route.deletes:
        return
    destination = buckets.get(route.destination_bucket)
    if destination and not (destination.versioned or destination.existing):
        yield (
            f"has deletes, but '{route.destination_bucket}' is not versioned: a deletion there would be for good; give"
            ' the bucket "versioned": true'
        )
    if route.min_size is not None or route.max_size is not None:
        yield "has deletes and a size: S3's events of deletions tell no size, so they would never come"


def _version_problems(route: Route, buckets: Mapping[str, Bucket]) -> Iterator[str]:
    if route.versions != "every":
        return
    for alias in (route.source_bucket, route.destination_bucket):
        bucket = buckets.get(alias)
        if bucket and not (bucket.versioned or bucket.existing):
            yield f"""has versions "every", but '{alias}' is not versioned: give the bucket "versioned": true"""
        if bucket and bucket.noncurrent_days is not None and bucket.noncurrent_days < DEAD_LETTER_DAYS:
            yield (
                f"""has versions "every", and '{alias}' drops older versions after {bucket.noncurrent_days} days: a"""
                f" dead-lettered message waits for {DEAD_LETTER_DAYS}; make its noncurrentDays that many at least"
            )
    if route.deletes:
        yield 'has versions "every" and deletes, which do not go together: take one of them out'


def _length_problems(route: Route) -> Iterator[str]:
    """Prefixes and suffixes with which no key is short enough, here or at the destination."""
    in_front = len(route.destination_prefix.encode())
    if in_front >= LONGEST_KEY_BYTES:
        yield (
            f"has a destinationPrefix of {in_front:,} bytes: no key fits behind it, as S3 takes {LONGEST_KEY_BYTES:,}"
            " in all; shorten it"
        )
        return
    shortest_prefix, shortest_suffix = (
        min((len(text.encode()) for text in texts), default=0) for texts in (route.prefixes, route.suffixes)
    )
    why = f"; with a destinationPrefix of {in_front:,} bytes" if in_front else ""
    for word, texts, others in (
        ("prefix", route.prefixes, shortest_suffix),
        ("suffix", route.suffixes, shortest_prefix),
    ):
        for text in texts:
            if (shortest := in_front + len(text.encode()) + others) > LONGEST_KEY_BYTES:
                yield (
                    f"has the {word} {_quoted(text)}, which makes each key longer than any key can be: {shortest:,}"
                    f" bytes of {LONGEST_KEY_BYTES:,}{why}; shorten it"
                )


def _pattern_problems(route: Route, buckets: Mapping[str, Bucket]) -> Iterator[str]:
    """Prefixes and suffixes that EventBridge does not take, not even in a rule of their own."""
    named = msgspec.structs.replace(route, source_bucket=_longest_name(route.source_bucket, buckets))
    if (longest := max(map(length, upload_patterns(named)))) > LONGEST_PATTERN:
        yield (
            f"has a prefix or suffix that is too long for EventBridge: its pattern takes {longest:,} characters of"
            f" {LONGEST_PATTERN:,}; shorten it"
        )
    if route.prefixes:
        for suffix in route.suffixes:
            if complexity(suffix) > MOST_COMPLEX:
                yield (
                    f"has the suffix {_quoted(suffix)}, which repeats itself so often that EventBridge finds it too"
                    " complex beside a prefix: shorten it, or leave the prefixes out"
                )


def _unused_buckets(buckets: Mapping[str, Bucket], routes: Sequence[Route]) -> Iterator[str]:
    used = {alias for route in routes for alias in (route.source_bucket, route.destination_bucket)}
    # With an unknown end, nobody can tell which bucket was meant.
    if used <= buckets.keys():
        for alias in buckets.keys() - used:
            yield f"copytrail.buckets.{alias} is on no route: add a route, or take the bucket out"


def _overlaps(routes: Sequence[tuple[str, Route]]) -> Iterator[str]:
    for (place, route), (other_place, other) in combinations(routes, 2):
        if route.source_bucket and route.overlaps(other):
            yield (
                f"{place} and {other_place} overlap: an upload to '{route.source_bucket}' could take both;"
                " keep their prefixes, suffixes or sizes apart"
            )


def _collisions(routes: Sequence[tuple[str, Route]]) -> Iterator[str]:
    for (place, route), (other_place, other) in combinations(routes, 2):
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


def _environment_bytes(buckets: Mapping[str, Bucket], routes: Sequence[Route]) -> int:
    named = [
        msgspec.structs.replace(
            route,
            source_bucket=_longest_name(route.source_bucket, buckets),
            destination_bucket=_longest_name(route.destination_bucket, buckets),
        )
        for route in routes
    ]
    owners = {f"{_longest_name(alias, buckets)}{number}": "0" * 12 for number, alias in enumerate(buckets)}
    return len(msgspec.json.encode(named)) + len(msgspec.json.encode(owners)) + _FIXED_VARIABLES_BYTES


def _longest_name(alias: str, buckets: Mapping[str, Bucket]) -> str:
    bucket = buckets.get(alias)
    return (bucket and bucket.name) or LONGEST_BUCKET_NAME


def _quoted(text: str) -> str:
    return f"'{text}'" if len(text) <= _MOST_QUOTED else f"'{text[:_MOST_QUOTED]}…'"
