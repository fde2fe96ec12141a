"""What must hold between buckets, routes and functions."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.validation import read_settings
from shared.copy_plan import MEBIBYTE
from tests.unit.infra.contexts import BOTH, KEY, ROUTE, only_problem, problems, with_route


@pytest.mark.parametrize("key", ["multipartThresholdMiB", "partSizeMiB"])
def test_a_copy_for_which_the_function_has_no_time_is_refused_with_both_ways_out(key: str) -> None:
    assert only_problem({"copier": {key: 1601}}) == (
        f"copytrail.copier.{key} is 1,601: in a timeoutSeconds of 120 a slow copy of so much does not end; make it"
        " 1,600 at most, or timeoutSeconds 121 at least"
    )
    assert read_settings({"copier": {key: 1600}}).copier.timeout_seconds == 120
    assert read_settings({"copier": {key: 5120, "timeoutSeconds": 296}}).copier.timeout_seconds == 296


def test_the_shortest_time_out_has_time_for_the_default_sizes() -> None:
    sizes = read_settings({"copier": {"timeoutSeconds": 60}}).copier.part_sizes
    assert (sizes.threshold, sizes.part) == (256 * MEBIBYTE, 256 * MEBIBYTE)


def test_a_public_bucket_with_a_key_that_strangers_may_not_use_is_refused() -> None:
    buckets = {**BOTH, "source": {"kmsKeyArn": KEY, "publicRead": True}}
    assert only_problem({"buckets": buckets}).startswith("copytrail.buckets.source.kmsKeyArn does not go with")


def test_a_route_to_its_own_source_is_refused() -> None:
    assert "copytrail.routes[0] goes from 'source' to itself: source and destination must differ" in problems(
        {"routes": [{"from": "source", "to": "source"}]}
    )


def test_a_bucket_under_two_aliases_is_refused() -> None:
    buckets = {"source": {"name": "the-same"}, "destination": {"name": "the-same"}}
    assert only_problem({"buckets": buckets}).endswith("are both the-same; name that bucket once")


def test_a_route_that_is_wrong_by_itself_is_not_said_to_be_in_anothers_way_as_well() -> None:
    wrong = ROUTE | {"to": "source"}
    assert "to itself" in only_problem({"routes": [ROUTE, wrong]})


def test_routes_that_one_upload_could_take_are_refused() -> None:
    routes = [ROUTE | {"prefixes": ["in/"]}, ROUTE | {"suffixes": [".zip"]}]
    assert only_problem({"routes": routes}).startswith("copytrail.routes[0] and copytrail.routes[1] overlap")


def test_routes_that_no_upload_could_take_both_are_fine() -> None:
    routes = [ROUTE | {"prefixes": ["in/"]}, ROUTE | {"prefixes": ["out/"]}]
    assert len(read_settings({"routes": routes}).routes) == 2


def test_routes_in_a_circle_are_refused() -> None:
    routes = [ROUTE, {"from": "destination", "to": "source"}]
    assert only_problem({"routes": routes}).endswith("destination → source → destination")


def test_routes_from_two_sources_to_one_key_are_refused() -> None:
    buckets: Mapping[str, Any] = {"a": {}, "b": {}, "copies": {}}
    shared_keys = [{"from": "a", "to": "copies"}, {"from": "b", "to": "copies"}]
    assert "could write the same key in 'copies'" in only_problem({"buckets": buckets, "routes": shared_keys})
    own_keys = [route | {"destinationPrefix": f"{route['from']}/"} for route in shared_keys]
    assert len(read_settings({"buckets": buckets, "routes": own_keys}).routes) == 2


def test_two_sizes_of_one_source_may_share_a_destination() -> None:
    routes = [ROUTE | {"maxSize": 99}, ROUTE | {"minSize": 100, "maxSize": 200}]
    assert len(read_settings({"routes": routes}).routes) == 2


def test_a_minimum_size_alone_would_lose_large_objects_and_is_refused() -> None:
    assert "larger objects would be lost silently" in only_problem(with_route(minSize=1))


def test_sizes_that_nothing_has_are_refused() -> None:
    assert only_problem(with_route(minSize=2, maxSize=1)).startswith("copytrail.routes[0] takes nothing")


def test_a_public_destination_is_refused() -> None:
    buckets = {"source": {}, "destination": {"publicRead": True}}
    assert "a destination is always private" in only_problem({"buckets": buckets})


def test_a_bucket_on_no_route_is_refused() -> None:
    assert only_problem({"buckets": {**BOTH, "spare": {}}}) == (
        "copytrail.buckets.spare is on no route: add a route, or take the bucket out"
    )


def test_buckets_of_other_names_need_routes() -> None:
    found = problems({"buckets": {"left": {}, "right": {}}})
    assert found[0].startswith("copytrail.routes is missing")


@pytest.mark.parametrize(
    "bucket",
    [
        {"existing": True},
        {"existing": True, "name": "theirs", "publicRead": True},
        {"existing": True, "name": "theirs", "versioned": True},
        {"name": "ours", "account": "111122223333"},
    ],
)
def test_an_existing_bucket_is_named_and_left_alone_and_only_it_has_an_account(bucket: Mapping[str, Any]) -> None:
    assert only_problem({"buckets": {**BOTH, "source": bucket}}).startswith("copytrail.buckets.source.")


@pytest.mark.parametrize(
    "keys",
    [
        {"prefixes": ["é" * 513]},
        {"prefixes": ["p" * 1000], "suffixes": ["s" * 25]},
        {"prefixes": ["p" * 24], "suffixes": [".a"], "destinationPrefix": "d" * 999},
        {"suffixes": ["s" * 25], "destinationPrefix": "é" * 500},
    ],
    ids=["prefix", "prefix and suffix", "all three", "suffix"],
)
def test_texts_with_which_no_key_is_short_enough_are_refused(keys: Mapping[str, Any]) -> None:
    assert any("longer than any key" in problem for problem in problems(with_route(**keys)))


@pytest.mark.parametrize("prefix", ["d" * 1024, "é" * 512, "d" * 5000])
def test_a_destination_prefix_that_no_key_fits_behind_is_refused(prefix: str) -> None:
    assert any("no key fits behind it" in problem for problem in problems(with_route(destinationPrefix=prefix)))


@pytest.mark.parametrize("keys", [{"destinationPrefix": "d" * 1023}, {"prefixes": ["p" * 1024]}])
def test_texts_with_which_some_key_is_short_enough_are_taken(keys: Mapping[str, Any]) -> None:
    read_settings(with_route(**keys))


def test_a_prefix_too_long_for_a_rule_of_its_own_is_refused() -> None:
    assert "too long for EventBridge" in only_problem(with_route(prefixes=["日" * 340]))


def test_a_suffix_too_complex_for_a_rule_of_its_own_is_refused_beside_a_prefix() -> None:
    assert "too complex beside a prefix" in only_problem(with_route(prefixes=["in/"], suffixes=["0" * 9]))
    read_settings(with_route(prefixes=["in/"], suffixes=["0" * 8]))
    read_settings(with_route(suffixes=["0" * 9]))


def test_more_rules_than_a_stack_has_room_for_are_refused() -> None:
    texts = [f"{number:02}" for number in range(60)]
    problem = only_problem(with_route(prefixes=texts, suffixes=texts))
    assert problem.startswith("copytrail.routes take 841 EventBridge rules, and a stack has room for 120")


def test_more_routes_than_an_environment_holds_are_refused() -> None:
    routes = [ROUTE | {"prefixes": [f"{number:03}/"]} for number in range(40)]
    assert only_problem({"routes": routes}).startswith("copytrail.routes are too many")


def test_deletions_follow_to_a_versioned_destination_only() -> None:
    route = {"from": "source", "to": "destination", "deletes": True}
    plain: Mapping[str, Any] = {"source": {}, "destination": {}}
    versioned = {**plain, "destination": {"versioned": True}}

    assert "a deletion there would be for good" in only_problem({"buckets": plain, "routes": [route]})
    assert read_settings({"buckets": versioned, "routes": [route]}).routes[0].deletes
    assert "tell no size" in only_problem({"buckets": versioned, "routes": [route | {"maxSize": 5}]})


@pytest.mark.parametrize(
    ("ends", "problem"),
    [
        ({"from": "source"}, "copytrail.routes[0].to is missing: name one of the buckets in cdk.json's `buckets`: "),
        ({"from": "x", "to": "destination"}, "copytrail.routes[0].from is 'x', not a bucket: name one of the buckets "),
    ],
)
def test_a_route_that_names_no_bucket_is_told_what_to_name(ends: Mapping[str, Any], problem: str) -> None:
    assert only_problem({"routes": [ends]}).startswith(problem)


@pytest.mark.parametrize("alias", ["1st", "a.b", "x" * 32, ""])
def test_a_key_of_buckets_that_names_no_resource_is_refused(alias: str) -> None:
    buckets: Mapping[str, Any] = {alias: {}, "destination": {}}
    assert any(
        problem.startswith(f"copytrail.buckets: '{alias}' cannot be used: a key of `buckets` is 1 to 31 letters")
        for problem in problems({"buckets": buckets, "routes": [{"from": alias, "to": "destination"}]})
    )


VERSIONED = {"versioned": True}
EXISTING = {"existing": True, "name": "already-there"}


def a_context(source: dict[str, Any], destination: dict[str, Any], **route: Any) -> dict[str, Any]:
    return {
        "buckets": {"source": source, "destination": destination},
        "routes": [{"from": "source", "to": "destination", **route}],
    }


@pytest.mark.parametrize("source", [VERSIONED, EXISTING])
def test_every_version_goes_between_buckets_that_keep_versions(source: dict[str, Any]) -> None:
    [route] = read_settings(a_context(source, VERSIONED, versions="every")).routes

    assert route.versions == "every"


@pytest.mark.parametrize("value", [{}, {"versions": "newest"}])
def test_the_newest_version_is_what_goes_over_otherwise(value: dict[str, Any]) -> None:
    [route] = read_settings(a_context({}, {}, **value)).routes

    assert route.versions == "newest"


@pytest.mark.parametrize(
    ("context", "problem"),
    [
        (a_context({}, VERSIONED, versions="every"), "'source' is not versioned"),
        (a_context(VERSIONED, {}, versions="every"), "'destination' is not versioned"),
        (a_context(VERSIONED, VERSIONED, versions="every", deletes=True), "do not go together"),
        (a_context(VERSIONED, VERSIONED, versions="all"), "must be one of newest, every"),
    ],
)
def test_what_cannot_keep_every_version_is_refused(context: dict[str, Any], problem: str) -> None:
    assert problem in only_problem(context)
