"""A canary is an object that its route takes, under a key of its own."""

import pytest

from ops.doctor.canary import canary_of
from ops.errors import UsageError
from shared.routes import Route


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"prefixes": ("in/", "also/"), "suffixes": (".csv", ".txt")},
        {"min_size": 5000},
        {"max_size": 3},
        {"max_size": 0},
        {"min_size": 22, "max_size": 22},
    ],
)
def test_its_route_takes_it(filters: dict[str, object]) -> None:
    route = Route(source_bucket="in", destination_bucket="out", **filters)  # type: ignore[arg-type]
    canary = canary_of(1, route, "name")
    assert route.matches("in", canary.key, len(canary.body))


def test_its_key_is_below_the_prefix_that_an_operator_may_write_to() -> None:
    route = Route(source_bucket="in", destination_bucket="out", prefixes=("x/",), destination_prefix="copies/")
    canary = canary_of(1, route, "name")
    assert (canary.key, canary.copy_key) == ("x/copytrail-canary/name", "copies/x/copytrail-canary/name")


@pytest.mark.parametrize(
    ("filters", "why"),
    [({"min_size": 5 * 1024**3}, "no larger than 16 MiB"), ({"prefixes": ("x" * 1010,)}, "too long")],
)
def test_a_route_that_takes_nothing_small_has_none(filters: dict[str, object], why: str) -> None:
    route = Route(source_bucket="in", destination_bucket="out", **filters)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=why):
        canary_of(1, route, "name")
