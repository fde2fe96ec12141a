"""Objects, records and scopes, as tests of a comparison need them."""

from typing import Any

from ops.aws.list_pages import Listed
from ops.params.keys import KeyFilter
from ops.reconcile.heads import Heads, ObjectHead
from ops.reconcile.pairs import CopyRecord, Pair
from ops.reconcile.scope import Scope
from shared.routes import Route

SOURCE, DESTINATION = "devops-public-5607", "devops-private-28593"
OLD, IN_FLIGHT_SINCE, YOUNG = (f"2026-11-23T{hour}:00:00.000Z" for hour in ("08", "10", "11"))


def listed(key: str = "a", **other: Any) -> Listed:
    """An object of long ago."""
    return Listed(**{"key": key, "size": 26, "etag": "e", "last_modified": OLD, "storage_class": "STANDARD", **other})


def record(key: str = "a", **other: Any) -> CopyRecord:
    """A record of its copy."""
    fields = {
        "key": key,
        "finished_at": OLD,
        "log_id": f"log of {key}",
        "is_deletion": False,
        "source_etag": "e",
        "destination_etag": "e",
        "size": 26,
    }
    return CopyRecord(**{**fields, **other})


def pair(source: Listed | None, copy: Listed | None, *records: CopyRecord) -> Pair:
    """What there is under the key "a"."""
    return Pair("a", source, copy, records)


def heads(source: ObjectHead | None, copy: ObjectHead | None) -> Heads:
    """Both heads."""
    return Heads(source, copy)


def object_head(end: Listed | None = None, **other: Any) -> ObjectHead:
    """The head of an object."""
    return ObjectHead(end or listed(), **other)


def scope(*, keys: KeyFilter | None = None, since: str = "", others: tuple[Route, ...] = (), **route: Any) -> Scope:
    """A scope of a route between the two buckets."""
    return Scope(
        number=1,
        route=Route(**{"source_bucket": SOURCE, "destination_bucket": DESTINATION, **route}),
        keys=keys or KeyFilter(),
        since=since,
        in_flight_since=IN_FLIGHT_SINCE,
        others=others,
    )
