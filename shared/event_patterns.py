"""EventBridge patterns: which events go to which queue, and how many rules that takes.

Source: "Comparison operators for use in event patterns", EventBridge user guide; its matcher is open: aws/event-ruler.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from msgspec import structs

from shared.event_decoding import AUDITED_DETAIL_TYPES
from shared.events import (
    COPY_REQUESTED,
    COPYTRAIL_SOURCE,
    OBJECT_CREATED,
    OBJECT_DELETED,
    OBJECT_RESTORED,
    S3_SOURCE,
)
from shared.routes import Route

Pattern = Mapping[str, Any]

# EventBridge compares no number beyond this: an event with a larger one passes no numeric filter at all.
LARGEST_FILTER_SIZE = 5_000_000_000
# A pattern's longest JSON, in characters ("EventBridge quotas").
LONGEST_PATTERN = 2048
# EventBridge refuses a rule as too complex, and tells no number. Its open matcher counts how many beginnings of
# wildcards one value can meet at a time (event-ruler, `MachineComplexityEvaluator`): of rules that people have tried,
# one of 9 was taken, and one of 12 refused.
MOST_COMPLEX = 9
# Stands for the name of a bucket that is not known yet ("General purpose bucket naming rules", S3 user guide).
LONGEST_BUCKET_NAME = "x" * 63

COPY_REQUESTS: Pattern = {"source": [COPYTRAIL_SOURCE], "detail-type": [COPY_REQUESTED]}
AUDITED: Pattern = {"source": [COPYTRAIL_SOURCE], "detail-type": AUDITED_DETAIL_TYPES}


def upload_patterns(route: Route) -> tuple[Pattern, ...]:
    """The patterns of a route's uploads, for a rule each: what `Route.matches` says, in EventBridge's words.

    An upload passes one of them or none. A new pattern begins where EventBridge would take no longer or more complex
    one; one that is too long or too complex nevertheless cannot be parted. How they are parted does not depend on the
    bucket's name, which may not be known yet.
    """
    return tuple(_pattern(route, keys) for keys in _split_keys(route))


def forwarded_pattern(routes: Sequence[Route], bucket: str) -> Pattern:
    """The pattern of all events of a bucket in another account that routes may wait for, to be forwarded.

    It names no key: which of them take a route, its own rules tell, and filters may change without a change over there.
    """
    types = [kind for route in routes if route.source_bucket == bucket for kind in _detail_types(route)]
    return {
        "source": [S3_SOURCE],
        "detail-type": list(dict.fromkeys(types)),
        "detail": {"bucket": {"name": [bucket]}},
    }


def length(pattern: Pattern) -> int:
    """How many characters EventBridge counts."""
    return len(json.dumps(pattern, separators=(",", ":")))


def complexity(suffix: str) -> int:
    """How many beginnings of `prefix*suffix` one key can meet at a time: the prefix, and the suffix begun so often."""
    # The Knuth-Morris-Pratt table: how much of the suffix is begun anew at each of its places.
    borders = [0]
    depths = [0, 1]
    for character in suffix[1:]:
        border = borders[-1]
        while border and suffix[border] != character:
            border = borders[border - 1]
        borders.append(border + (suffix[border] == character))
        depths.append(1 + depths[borders[-1]])
    return 1 + max(depths)


def _pattern(route: Route, keys: Sequence[Mapping[str, Any]]) -> Pattern:
    filters = {"key": keys, "size": _sizes(route)}
    upload = {field: alternatives for field, alternatives in filters.items() if alternatives}
    return {
        "source": [S3_SOURCE],
        "detail-type": _detail_types(route),
        "detail": {"bucket": {"name": [route.source_bucket]}} | ({"object": upload} if upload else {}),
    }


def _detail_types(route: Route) -> list[str]:
    # Never by `reason`: that would miss multipart uploads.
    return [OBJECT_CREATED, OBJECT_RESTORED, *([OBJECT_DELETED] if route.deletes else [])]


def _split_keys(route: Route) -> Iterator[list[Mapping[str, Any]]]:
    """The alternatives for the key, as many at a time as a rule takes; one empty list: any key."""
    longest = structs.replace(route, source_bucket=LONGEST_BUCKET_NAME)
    keys: list[Mapping[str, Any]] = []
    of_one_prefix = 0
    last_prefix = ""
    for prefix, suffix, key in _keys(route):
        more = complexity(suffix) if prefix and suffix else 0
        of_one_prefix = more + (of_one_prefix if prefix == last_prefix else 0)
        # What begins alike is met together up to there, so that every wildcard counts.
        is_complex = bool(more) and (of_one_prefix > MOST_COMPLEX or len(keys) >= MOST_COMPLEX)
        if keys and (is_complex or length(_pattern(longest, [*keys, key])) > LONGEST_PATTERN):
            yield keys
            keys, of_one_prefix = [], more
        keys.append(key)
        last_prefix = prefix
    yield keys


def _keys(route: Route) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Prefix, suffix, and the alternative for the key that says so. A key meets one of them or none."""
    # Without those that another one says already, no key has two of the prefixes, or two of the suffixes.
    prefixes = [
        one for one in route.prefixes if not any(one != other and one.startswith(other) for other in route.prefixes)
    ]
    suffixes = [
        one for one in route.suffixes if not any(one != other and one.endswith(other) for other in route.suffixes)
    ]
    if prefixes and suffixes:
        for prefix, suffix in product(prefixes, suffixes):
            yield prefix, suffix, {"wildcard": f"{_literal(prefix)}*{_literal(suffix)}"}
    else:
        yield from ((prefix, "", {"prefix": prefix}) for prefix in prefixes)
        yield from (("", suffix, {"suffix": suffix}) for suffix in suffixes)


def _sizes(route: Route) -> Sequence[Mapping[str, Any]]:
    bounds = [(">=", route.min_size), ("<=", route.max_size)]
    numeric = [word for operator, bound in bounds if bound is not None for word in (operator, bound)]
    return [{"numeric": numeric}] if numeric else []


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*")
