"""Owns which events go to which queue, as EventBridge patterns.

Source: "Comparison operators for use in event patterns", EventBridge user guide; its matcher is open: aws/event-ruler.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from shared.events import (
    COPY_REQUESTED,
    COPYTRAIL_SOURCE,
    DETAIL_TYPES,
    OBJECT_CREATED,
    OBJECT_DELETED,
    OBJECT_RESTORED,
    S3_SOURCE,
)
from shared.operations import OPERATION_ENDED, OPERATION_STARTED
from shared.routes import Route

Pattern = Mapping[str, Any]

# EventBridge compares no number beyond this: an event with a larger one passes no numeric filter at all.
LARGEST_NUMBER = 5_000_000_000
# A pattern's longest JSON, in characters ("EventBridge quotas").
LONGEST_PATTERN = 2048

COPY_REQUESTS: Pattern = {"source": [COPYTRAIL_SOURCE], "detail-type": [COPY_REQUESTED]}
AUDITED: Pattern = {
    "source": [COPYTRAIL_SOURCE],
    "detail-type": [*DETAIL_TYPES.values(), OPERATION_STARTED, OPERATION_ENDED],
}


def uploads(route: Route) -> Pattern:
    """The pattern of the uploads that take a route: what `Route.matches` says, in EventBridge's words."""
    filters = {"key": _keys(route), "size": _sizes(route)}
    upload = {field: alternatives for field, alternatives in filters.items() if alternatives}
    return {
        "source": [S3_SOURCE],
        # Never by `reason`: that would miss multipart uploads.
        "detail-type": [OBJECT_CREATED, OBJECT_RESTORED, *([OBJECT_DELETED] if route.deletes else [])],
        "detail": {"bucket": {"name": [route.source_bucket]}} | ({"object": upload} if upload else {}),
    }


def _keys(route: Route) -> Sequence[Mapping[str, Any]]:
    if route.prefixes and route.suffixes:
        return [
            {"wildcard": f"{_literal(prefix)}*{_literal(suffix)}"}
            for prefix, suffix in product(route.prefixes, route.suffixes)
        ]
    return [{"prefix": prefix} for prefix in route.prefixes] + [{"suffix": suffix} for suffix in route.suffixes]


def _sizes(route: Route) -> Sequence[Mapping[str, Any]]:
    bounds = [(">=", route.min_size), ("<=", route.max_size)]
    numeric = [word for operator, bound in bounds if bound is not None for word in (operator, bound)]
    return [{"numeric": numeric}] if numeric else []


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*")
