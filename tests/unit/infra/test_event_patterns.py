"""A route's rule lets through exactly the uploads that the route matches."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.event_patterns import LARGEST_NUMBER, uploads
from shared.routes import Route

TEXTS = st.text(alphabet="ab/*\\é+", min_size=1, max_size=3)
SIZES = st.integers(min_value=0, max_value=4)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    max_size = draw(st.none() | SIZES)
    return Route(
        source_bucket=draw(st.sampled_from(["ours", "theirs"])),
        destination_bucket="copies",
        prefixes=tuple(draw(st.lists(TEXTS, max_size=2, unique=True))),
        suffixes=tuple(draw(st.lists(TEXTS, max_size=2, unique=True))),
        # Settings refuse a minSize alone, as EventBridge cannot compare all sizes.
        min_size=None if max_size is None else draw(st.none() | SIZES),
        max_size=max_size,
    )


def lets_through(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """EventBridge's rules, written down from its user guide: each field must meet one of its alternatives."""
    return all(
        field in event
        and (
            lets_through(wanted, event[field])
            if isinstance(wanted, dict)
            else any(meets(event[field], alternative) for alternative in wanted)
        )
        for field, wanted in pattern.items()
    )


def meets(value: Any, alternative: Any) -> bool:
    match alternative:
        case {"prefix": prefix}:
            return str(value).startswith(prefix)
        case {"suffix": suffix}:
            return str(value).endswith(suffix)
        case {"wildcard": wildcard}:
            return re.fullmatch(as_regex(wildcard), value, re.DOTALL) is not None
        case {"numeric": [*words]}:
            comparisons = zip(words[::2], words[1::2], strict=True)
            within = -LARGEST_NUMBER <= value <= LARGEST_NUMBER
            return within and all(value >= bound if word == ">=" else value <= bound for word, bound in comparisons)
    return bool(value == alternative)


def as_regex(wildcard: str) -> str:
    if "**" in re.sub(r"\\.", "", wildcard):
        raise ValueError("consecutive wildcards")
    expression = ""
    for escaped, character in re.findall(r"\\(.)|([^\\])", wildcard, re.DOTALL):
        expression += ".*" if character == "*" else re.escape(escaped or character)
    return expression


def upload_event(bucket: str, key: str, size: int) -> dict[str, Any]:
    detail = {"bucket": {"name": bucket}, "object": {"key": key, "size": size}}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


@given(
    route=routes(),
    bucket=st.sampled_from(["ours", "theirs"]),
    key=st.text(alphabet="ab/*\\é+", min_size=1, max_size=7),
    size=st.integers(min_value=0, max_value=5),
)
@example(Route(source_bucket="ours", destination_bucket="copies", prefixes=("ab",), suffixes=("ba",)), "ours", "aba", 0)
@example(Route(source_bucket="ours", destination_bucket="copies", prefixes=("*",), suffixes=("\\",)), "ours", "ab\\", 0)
@example(Route(source_bucket="ours", destination_bucket="copies", max_size=LARGEST_NUMBER), "ours", "a", 5 * 10**12)
def test_a_rule_and_its_route_agree_on_every_upload(route: Route, bucket: str, key: str, size: int) -> None:
    assert lets_through(uploads(route), upload_event(bucket, key, size)) == route.matches(bucket, key, size)


@given(route=routes(), prefix=TEXTS, suffix=TEXTS, middle=TEXTS)
def test_a_key_made_of_prefix_and_suffix_takes_the_route(route: Route, prefix: str, suffix: str, middle: str) -> None:
    made = Route(source_bucket="ours", destination_bucket="copies", prefixes=(prefix,), suffixes=(suffix,))
    for key in (prefix + suffix, prefix + middle + suffix):
        assert lets_through(uploads(made), upload_event("ours", key, 0))
    assert json.loads(json.dumps(uploads(route))) == uploads(route)


@pytest.mark.parametrize("reason", ["PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload"])
def test_an_upload_takes_the_route_however_it_was_written(reason: str) -> None:
    event = upload_event("ours", "a", 1)
    assert lets_through(
        uploads(Route(source_bucket="ours", destination_bucket="copies")),
        event | {"detail": {**event["detail"], "reason": reason}},
    )


def test_a_rule_lets_deletions_through_only_where_they_follow() -> None:
    following = uploads(Route(source_bucket="ours", destination_bucket="copies", prefixes=("a/",), deletes=True))
    event = {
        "source": "aws.s3",
        "detail-type": "Object Deleted",
        "detail": {"bucket": {"name": "ours"}, "object": {"key": "a/b"}},
    }
    assert lets_through(following, event)
    assert not lets_through(uploads(Route(source_bucket="ours", destination_bucket="copies")), event)


def test_a_rule_wants_creations_and_completed_restores_and_nothing_else() -> None:
    pattern = uploads(Route(source_bucket="ours", destination_bucket="copies"))
    event = upload_event("ours", "a", 1)
    assert lets_through(pattern, event)
    assert lets_through(pattern, event | {"detail-type": "Object Restore Completed"})
    assert not lets_through(pattern, event | {"detail-type": "Object Deleted"})
    assert not lets_through(pattern, event | {"source": "somebody.else"})
