"""Owns which uploads a person means by a URL: those of that object, or those that are copied to it."""

from collections.abc import Sequence

from ops.failures import UsageError
from ops.params.keys import Place, read_place
from shared.routes import Route


def place_of(url: str) -> Place:
    """The place that an S3 URL names; its key is taken as it is written, nothing in it is decoded.

    Raises:
        CommandError: it is no S3 URL of an object.
    """
    place = read_place(url)
    if place is None:
        raise UsageError(f"'{url}' is not an object's URL: write s3://bucket/key")
    try:
        url.encode()
    except UnicodeEncodeError:
        raise UsageError(f"'{url}' is not UTF-8, as keys are: check the shell's encoding") from None
    return place


def sources_of(routes: Sequence[Route], place: Place) -> list[Place]:
    """The source objects whose records tell of this place: itself, unless it can only be a copy, and what it copies."""
    sources = [Place(route.source_bucket, key) for route in routes if (key := _source_key(route, place))]
    may_be_source = any(place.bucket == route.source_bucket for route in routes)
    return list(dict.fromkeys([place, *sources] if may_be_source or not sources else sources))


def why_nothing(routes: Sequence[Route], place: Place) -> str:
    """What to check when nothing was ever recorded of a place that could be a source."""
    taken_from = sorted({route.source_bucket for route in routes})
    if place.bucket not in taken_from:
        if any(place.bucket == route.destination_bucket for route in routes):
            return "no route copies anything to a key like this"
        return f"no route takes uploads to bucket '{place.bucket}', only to {', '.join(taken_from)}"
    if not any(_takes(route, place) for route in routes):
        return "no route takes a key like this"
    return (
        "check the key letter by letter; `copytrail status` shows whether uploads are waiting; "
        "an object that is older than the stack needs `copytrail backfill`"
    )


def _source_key(route: Route, place: Place) -> str:
    """The key of the source object that this route copies to a place, or ""."""
    if place.bucket != route.destination_bucket or not place.key.startswith(route.destination_prefix):
        return ""
    key = place.key.removeprefix(route.destination_prefix)
    return key if _takes(route, Place(route.source_bucket, key)) else ""


def _takes(route: Route, place: Place) -> bool:
    # Of the sizes, which nobody knows here, one that the route takes.
    return route.matches(place.bucket, place.key, route.min_size or 0)
