"""Owns objects, records and scopes, as tests of a comparison need them."""

from typing import Any

from ops.aws.listing import Listed
from ops.params.keys import KeyFilter
from ops.reconcile.looking import Look, Seen
from ops.reconcile.pairs import Evidence, Pair
from ops.reconcile.scope import Scope
from shared.routes import Route

SOURCE, DESTINATION = "devops-public-5607", "devops-private-28593"
OLD, SETTLED, YOUNG = (f"2026-11-23T{hour}:00:00.000Z" for hour in ("08", "10", "11"))


def listed(key: str = "a", **other: Any) -> Listed:
    """An object of long ago."""
    return Listed(**{"key": key, "size": 26, "etag": "e", "last_modified": OLD, "storage_class": "STANDARD", **other})


def record(key: str = "a", **other: Any) -> Evidence:
    """A record of its copy."""
    told = {
        "key": key,
        "finished_at": OLD,
        "log_id": f"log of {key}",
        "is_deletion": False,
        "source_etag": "e",
        "destination_etag": "e",
        "size": 26,
    }
    return Evidence(**{**told, **other})


def pair(source: Listed | None, copy: Listed | None, *records: Evidence) -> Pair:
    """What there is under the key "a"."""
    return Pair("a", source, copy, records)


def look(source: Seen | None, copy: Seen | None) -> Look:
    """What a look tells."""
    return Look(source, copy)


def seen(end: Listed | None = None, **other: Any) -> Seen:
    """What a HEAD tells of an object."""
    return Seen(end or listed(), **other)


def scope(*, keys: KeyFilter | None = None, since: str = "", others: tuple[Route, ...] = (), **route: Any) -> Scope:
    """A scope of a route between the two buckets."""
    return Scope(
        number=1,
        route=Route(**{"source_bucket": SOURCE, "destination_bucket": DESTINATION, **route}),
        keys=keys or KeyFilter(),
        since=since,
        settled_before=SETTLED,
        others=others,
    )
