"""A route's rules let through exactly the uploads that the route matches, each by one of them."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.event_patterns import (
    LARGEST_FILTER_SIZE,
    LONGEST_PATTERN,
    MOST_COMPLEX,
    complexity,
    length,
    upload_patterns,
)
from shared.routes import Route

TEXTS = st.text(alphabet="ab/*\\é+", min_size=1, max_size=3)
SIZES = st.integers(min_value=0, max_value=4)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    max_size = draw(st.none() | SIZES)
    return Route(
        source_bucket=draw(st.sampled_from(["ours", "theirs"])),
        destination_bucket="copies",
        prefixes=tuple(draw(st.lists(TEXTS, max_size=6, unique=True))),
        suffixes=tuple(draw(st.lists(TEXTS, max_size=6, unique=True))),
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


def rules_passed(route: Route, event: Mapping[str, Any]) -> int:
    """How many of a route's rules let an event through."""
    return sum(lets_through(pattern, event) for pattern in upload_patterns(route))


def alternatives(pattern: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """What a pattern says of the key."""
    return list(pattern["detail"].get("object", {}).get("key", []))


def begun_at_a_time(wildcards: list[str]) -> int:
    """How many beginnings of wildcards one value can meet at a time, found out by trying every value that matters."""
    characters = set("".join(wildcards)) - {"*"}
    begin = tuple(frozenset({0}) for _ in wildcards)
    seen, left = {begin}, [begin]
    while left:
        places = left.pop()
        for character in characters:
            now = tuple(map(advanced, wildcards, places, character * len(wildcards)))
            if now not in seen:
                seen.add(now)
                left.append(now)
    return max(sum(map(len, places)) for places in seen - {begin})


def advanced(wildcard: str, places: frozenset[int], character: str) -> frozenset[int]:
    """How far into a wildcard a value has come, in each way that it can be read, with one character more."""
    met = {place + 1 for place in places if wildcard[place : place + 1] == character}
    met |= {place for place in places if wildcard[place - 1 : place] == "*"}
    # The star itself is a beginning of its own: what comes to it has met it.
    return frozenset(met | {place + 1 for place in met if wildcard[place : place + 1] == "*"})


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
            within = -LARGEST_FILTER_SIZE <= value <= LARGEST_FILTER_SIZE
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
@example(
    Route(source_bucket="ours", destination_bucket="copies", max_size=LARGEST_FILTER_SIZE), "ours", "a", 5 * 10**12
)
def test_a_rule_and_its_route_agree_on_every_upload(route: Route, bucket: str, key: str, size: int) -> None:
    assert rules_passed(route, upload_event(bucket, key, size)) == route.matches(bucket, key, size)


@given(route=routes(), prefix=TEXTS, suffix=TEXTS, middle=TEXTS)
def test_a_key_made_of_prefix_and_suffix_takes_the_route(route: Route, prefix: str, suffix: str, middle: str) -> None:
    made = Route(source_bucket="ours", destination_bucket="copies", prefixes=(prefix,), suffixes=(suffix,))
    for key in (prefix + suffix, prefix + middle + suffix):
        assert rules_passed(made, upload_event("ours", key, 0)) == 1
    assert json.loads(json.dumps(upload_patterns(route))) == list(upload_patterns(route))


@given(routes())
def test_no_rule_is_longer_or_more_complex_than_eventbridge_takes(route: Route) -> None:
    for pattern in upload_patterns(route):
        assert length(pattern) <= LONGEST_PATTERN
        wildcards = [key["wildcard"] for key in alternatives(pattern) if "wildcard" in key]
        assert len(wildcards) <= MOST_COMPLEX


@settings(max_examples=40, deadline=None)
@given(
    prefixes=st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=3, unique=True),
    suffixes=st.lists(st.text("ab.", min_size=1, max_size=4), min_size=1, max_size=5, unique=True),
)
@example(["in/"], [".tar.gz", ".csv", ".zip", ".gz", ".json", ".xml"])
@example(["in/", "out/", "up/"], [".aaa", ".bbb"])
def test_no_key_meets_more_beginnings_of_a_rules_wildcards_than_eventbridge_takes(
    prefixes: list[str], suffixes: list[str]
) -> None:
    route = Route(source_bucket="ours", destination_bucket="copies", prefixes=tuple(prefixes), suffixes=tuple(suffixes))
    for pattern in upload_patterns(route):
        assert begun_at_a_time([key["wildcard"] for key in alternatives(pattern)]) <= MOST_COMPLEX


@pytest.mark.parametrize(
    ("suffix", "beginnings"), [(".csv", 2), (".tar.gz", 3), ("aaa", 4), ("abab", 3), ("x" * 10, 11)]
)
def test_a_suffix_that_repeats_itself_is_begun_several_times_at_once(suffix: str, beginnings: int) -> None:
    assert complexity(suffix) == begun_at_a_time([f"p*{suffix}"]) == beginnings


def test_a_route_of_twelve_suffixes_has_as_many_rules_as_it_takes_and_of_one_prefix_one() -> None:
    suffixes = tuple(f".{letter}" for letter in "abcdefghijkl")
    twelve = Route(source_bucket="ours", destination_bucket="copies", prefixes=("in/",), suffixes=suffixes)
    assert [len(alternatives(pattern)) for pattern in upload_patterns(twelve)] == [4, 4, 4]
    assert len(upload_patterns(Route(source_bucket="ours", destination_bucket="copies", suffixes=suffixes))) == 1
    assert len(upload_patterns(Route(source_bucket="ours", destination_bucket="copies"))) == 1


def test_prefixes_too_long_for_one_rule_are_parted() -> None:
    prefixes = tuple(f"a/rather/long/prefix/{number:03}/" for number in range(60))
    parted = upload_patterns(Route(source_bucket="ours", destination_bucket="copies", prefixes=prefixes))
    assert [prefix["prefix"] for pattern in parted for prefix in alternatives(pattern)] == list(prefixes)
    assert len(parted) == 2
    assert max(map(length, parted)) <= LONGEST_PATTERN


def test_how_a_route_is_parted_does_not_depend_on_the_name_of_its_bucket() -> None:
    prefixes = tuple(f"{number:03}" * 7 for number in range(60))
    short, long = (
        upload_patterns(Route(source_bucket=name, destination_bucket="copies", prefixes=prefixes))
        for name in ("b", "b" * 63)
    )
    assert list(map(alternatives, short)) == list(map(alternatives, long))


@pytest.mark.parametrize("reason", ["PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload"])
def test_an_upload_takes_the_route_however_it_was_written(reason: str) -> None:
    event = upload_event("ours", "a", 1)
    route = Route(source_bucket="ours", destination_bucket="copies")
    assert rules_passed(route, event | {"detail": {**event["detail"], "reason": reason}})


def test_a_rule_lets_deletions_through_only_where_they_follow() -> None:
    following = Route(source_bucket="ours", destination_bucket="copies", prefixes=("a/",), deletes=True)
    event = {
        "source": "aws.s3",
        "detail-type": "Object Deleted",
        "detail": {"bucket": {"name": "ours"}, "object": {"key": "a/b"}},
    }
    assert rules_passed(following, event)
    assert not rules_passed(Route(source_bucket="ours", destination_bucket="copies"), event)


def test_a_rule_wants_creations_and_completed_restores_and_nothing_else() -> None:
    [pattern] = upload_patterns(Route(source_bucket="ours", destination_bucket="copies"))
    event = upload_event("ours", "a", 1)
    assert lets_through(pattern, event)
    assert lets_through(pattern, event | {"detail-type": "Object Restore Completed"})
    assert not lets_through(pattern, event | {"detail-type": "Object Deleted"})
    assert not lets_through(pattern, event | {"source": "somebody.else"})
