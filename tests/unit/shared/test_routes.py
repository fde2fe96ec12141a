"""Which upload goes where, and which routes get into each other's way."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError, Reason
from shared.routes import Route, find_cycle, find_route


def route(**fields: Any) -> Route:
    return Route(**({"source_bucket": "in", "destination_bucket": "out"} | fields))


@pytest.mark.parametrize(
    ("taken", "key", "size", "verdict"),
    [
        (route(), "anything", 0, True),
        (route(prefixes=("logs/", "data/")), "data/x", 1, True),
        (route(prefixes=("logs/", "data/")), "other/x", 1, False),
        (route(suffixes=(".zip",)), "a.zip", 1, True),
        (route(suffixes=(".zip",)), "a.ZIP", 1, False),
        (route(prefixes=("a/",), suffixes=(".zip",)), "a/b.zip", 1, True),
        (route(prefixes=("a/",), suffixes=(".zip",)), "b/b.zip", 1, False),
        (route(prefixes=("ab",), suffixes=("bc",)), "abc", 1, False),
        (route(min_size=10, max_size=20), "k", 9, False),
        (route(min_size=10, max_size=20), "k", 10, True),
        (route(min_size=10, max_size=20), "k", 20, True),
        (route(min_size=10, max_size=20), "k", 21, False),
        (route(min_size=1), "folder/", 0, False),
    ],
)
def test_what_a_route_takes(taken: Route, key: str, size: int, verdict: bool) -> None:
    assert taken.matches("in", key, size) is verdict


def test_a_route_takes_nothing_from_another_bucket() -> None:
    assert not route().matches("in2", "k", 1)


def test_the_destination_key_is_the_key_behind_the_prefix() -> None:
    assert route(destination_prefix="copies/").destination_key("a b+c") == "copies/a b+c"


def test_an_upload_without_a_route_is_permanent_and_named() -> None:
    with pytest.raises(PermanentError, match=r"no route takes s3://other/k \(1,024 bytes\)") as raised:
        find_route([route()], "other", "k", 1024)
    assert raised.value.reason == Reason.NO_ROUTE


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (route(), route(destination_bucket="out2"), True),
        (route(), route(source_bucket="in2"), False),
        (route(prefixes=("a/",)), route(prefixes=("b/",)), False),
        (route(prefixes=("a/",)), route(prefixes=("b/", "a/deep/")), True),
        (route(suffixes=(".zip",)), route(suffixes=(".gz",)), False),
        (route(suffixes=(".gz",)), route(suffixes=(".tar.gz",)), True),
        (route(prefixes=("a/",), suffixes=(".zip",)), route(prefixes=("a/",), suffixes=(".gz",)), False),
        (route(max_size=9), route(min_size=10), False),
        (route(max_size=10), route(min_size=10), True),
    ],
)
def test_which_routes_overlap(first: Route, second: Route, verdict: bool) -> None:
    assert first.overlaps(second) is verdict
    assert second.overlaps(first) is verdict


AFFIXES = st.lists(st.text(alphabet="ab", min_size=1, max_size=2), max_size=2).map(tuple)
ROUTES = st.builds(
    route,
    prefixes=AFFIXES,
    suffixes=AFFIXES,
    min_size=st.none() | st.integers(0, 3),
    max_size=st.none() | st.integers(0, 3),
)


@given(first=ROUTES, second=ROUTES, key=st.text(alphabet="ab", min_size=1, max_size=5), size=st.integers(0, 4))
def test_routes_that_do_not_overlap_never_take_the_same_upload(
    first: Route, second: Route, key: str, size: int
) -> None:
    both_take_it = first.matches("in", key, size) and second.matches("in", key, size)

    assert first.overlaps(second) or not both_take_it


def test_a_chain_of_routes_is_no_cycle() -> None:
    assert find_cycle([route(), route(source_bucket="out", destination_bucket="further")]) is None


def test_routes_that_lead_back_are_a_cycle() -> None:
    routes = [
        route(),
        route(source_bucket="out", destination_bucket="further"),
        route(source_bucket="further", destination_bucket="in"),
    ]

    assert find_cycle(routes) == ("further", "in", "out", "further")
