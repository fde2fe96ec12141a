"""What of a route is compared."""

from datetime import UTC, datetime

import pytest

from ops.errors import UsageError
from ops.params.keys import KeyFilter
from ops.reconcile.scope import scopes
from shared.routes import Route
from tests.unit.ops.reconcile.examples import DESTINATION, SOURCE, scope

MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
ROUTES = [Route(source_bucket=SOURCE, destination_bucket=DESTINATION, prefixes=(prefix,)) for prefix in ("a/", "b/")]


@pytest.mark.parametrize(
    ("prefixes", "wanted", "listed"),
    [
        ((), "", ("",)),
        ((), "in/", ("in/",)),
        (("in/", "up/"), "", ("in/", "up/")),
        (("in/", "up/"), "in/2026", ("in/2026",)),
        (("in/a", "in/b", "up/"), "in/", ("in/a", "in/b")),
        (("in/",), "out/", ()),
    ],
)
def test_only_what_route_and_filter_have_in_common_is_listed(
    prefixes: tuple[str, ...], wanted: str, listed: tuple[str, ...]
) -> None:
    of = scope(prefixes=prefixes, keys=KeyFilter(prefix=wanted), destination_prefix="x/")
    assert of.prefixes == listed
    assert of.copy_prefixes == tuple(f"x/{prefix}" for prefix in listed)


def test_nothing_is_listed_under_what_can_be_no_key() -> None:
    of = scope(prefixes=("a", "aa"), destination_prefix="x" * 1023)
    assert of.copy_prefixes == ("x" * 1023 + "a",)


def test_routes_are_chosen_by_their_numbers() -> None:
    assert [of.number for of in scopes(ROUTES, "all", KeyFilter(), since=None, in_flight_since=MOMENT)] == [1, 2]
    [second] = scopes(ROUTES, "2", KeyFilter(), since=MOMENT, in_flight_since=MOMENT)
    assert (second.route, second.others) == (ROUTES[1], (ROUTES[0],))
    assert (second.since, second.in_flight_since) == ("2026-11-23T00:00:00.000Z", "2026-11-23T00:00:00.000Z")


@pytest.mark.parametrize("wanted", ["0", "3", "-1", "two", "²", ""])
def test_a_route_that_is_not_there_is_said_to_be_none(wanted: str) -> None:
    with pytest.raises(UsageError, match="the stack's routes are 1 to 2"):
        scopes(ROUTES, wanted, KeyFilter(), since=None, in_flight_since=MOMENT)


def test_suffixes_sizes_and_globs_decide_too() -> None:
    of = scope(suffixes=(".csv",), min_size=10, keys=KeyFilter(glob="*2026*"))
    assert of.takes("in/2026/a.csv", 10)
    assert not of.takes("in/2026/a.csv", 9)
    assert not of.takes("in/2026/a.txt", 10)
    assert not of.takes("in/2025/a.csv", 10)
