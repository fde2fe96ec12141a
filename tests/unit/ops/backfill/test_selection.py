"""Which objects a backfill requests copies of."""

from datetime import timedelta
from typing import Any

import pytest

from ops.backfill.objects import LeftOut, Position, Selection, prefixes_to_list
from ops.params.keys import KeyFilter
from shared.routes import Route
from tests.unit.ops.backfill.examples import MOMENT, source_object


def route(*prefixes: str, **other: Any) -> Route:
    return Route(source_bucket="uploads", destination_bucket="copies", prefixes=prefixes, **other)


def selection(*routes: Route, keys: KeyFilter | None = None, **other: Any) -> Selection:
    return Selection("uploads", routes or (route(),), keys or KeyFilter(), **other)


@pytest.mark.parametrize(
    ("routes", "keys", "listed"),
    [
        pytest.param([route()], KeyFilter(), ("",), id="everything"),
        pytest.param([route("b/", "a/")], KeyFilter(), ("a/", "b/"), id="the routes' prefixes, in order"),
        pytest.param([route("a/", "b/")], KeyFilter(prefix="a/x"), ("a/x",), id="the filter's inside a route's"),
        pytest.param([route("a/x/", "a/y/", "b/")], KeyFilter(prefix="a/"), ("a/x/", "a/y/"), id="routes' inside it"),
        pytest.param([route()], KeyFilter(glob="a/b*c"), ("a/b",), id="up to a glob's first wildcard"),
        pytest.param([route()], KeyFilter(prefix="a/b/", glob="a/*"), ("a/b/",), id="the longer of both"),
        pytest.param([route()], KeyFilter(prefix="a/", glob="b/*"), (), id="a filter that nothing passes"),
        pytest.param([route("a/")], KeyFilter(prefix="b/"), (), id="a filter beside all routes"),
    ],
)
def test_only_what_filter_and_routes_may_take_is_listed(
    routes: list[Route], keys: KeyFilter, listed: tuple[str, ...]
) -> None:
    assert prefixes_to_list(routes, keys) == listed


def test_an_object_goes_along_the_route_that_takes_it() -> None:
    small, large = route(max_size=100), route(min_size=101)

    assert selection(small, large).route_of(source_object("a", size=101)) is large


def test_what_no_route_takes_is_left_out() -> None:
    assert selection(route("a/")).route_of(source_object("b/")) is LeftOut.NO_ROUTE


def test_routes_of_every_version_take_no_requests() -> None:
    assert selection(route(versions="every")).route_of(source_object("a")) is LeftOut.EVERY_VERSION


def test_what_would_get_a_key_that_is_none_is_left_out() -> None:
    prefixed = selection(route(destination_prefix="x"))

    assert prefixed.route_of(source_object("k" * 1024)) is LeftOut.TOO_LONG
    assert isinstance(prefixed.route_of(source_object("k" * 1023)), Route)
    assert isinstance(selection().route_of(source_object("k" * 1024)), Route)


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_archived_objects_are_left_out_unless_asked_for(storage_class: str) -> None:
    archived = source_object("a", storage_class=storage_class)

    assert selection().route_of(archived) is LeftOut.ARCHIVED
    assert isinstance(selection(include_archived=True).route_of(archived), Route)


def test_objects_at_hand_count_as_such_in_every_other_class() -> None:
    assert isinstance(selection().route_of(source_object("a", storage_class="GLACIER_IR")), Route)


def test_since_is_the_first_moment_and_until_is_past_the_last() -> None:
    second = timedelta(seconds=1)
    dated = [source_object(str(number), last_modified=MOMENT + number * second) for number in range(4)]

    taken = selection(since=MOMENT + second, until=MOMENT + 3 * second).taken(iter(dated))

    assert [each.key for each in taken] == ["1", "2"]


def test_only_what_filters_and_routes_take_is_requested() -> None:
    objects = [source_object(key) for key in ("in/a.csv", "in/a.txt", "out/a.csv")]

    taken = selection(route("in/"), keys=KeyFilter(glob="*.csv")).taken(iter(objects))

    assert [each.position for each in taken] == [Position(key="in/a.csv")]
