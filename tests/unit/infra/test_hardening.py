"""Settings that harden a stack: what is refused, and what goes without saying."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.validation import read_settings
from tests.unit.infra.contexts import BOTH, only_problem, problems


def test_a_stack_is_protected_and_asks_for_nothing_that_costs() -> None:
    settings = read_settings({})
    assert settings.termination_protection
    assert not settings.customer_key
    assert not settings.access_logs.are_on
    assert settings.tags == {}
    for function in (settings.copier, settings.auditor):
        assert (function.reserved_concurrency, function.pollers.maximum) == (None, None)
    assert {(bucket.versioned, bucket.noncurrent_days) for bucket in settings.buckets.values()} == {(False, None)}


def bucket(**keys: Any) -> Mapping[str, Any]:
    return {"buckets": {**BOTH, "destination": keys}}


EVERY = {"from": "source", "to": "destination", "versions": "every"}


@pytest.mark.parametrize(
    ("context", "problem"),
    [
        (
            bucket(noncurrentDays=30),
            "copytrail.buckets.destination.noncurrentDays is for versioned buckets: there are no older",
        ),
        (
            bucket(versioned=True, noncurrentDays=0),
            "copytrail.buckets.destination.noncurrentDays is 0: it must be from",
        ),
        (
            bucket(existing=True, name="already-there", noncurrentDays=30),
            "copytrail.buckets.destination.existing is true: copytrail does not change that bucket; leave",
        ),
        (
            {
                "buckets": {"source": {"versioned": True}, "destination": {"versioned": True, "noncurrentDays": 13}},
                "routes": [EVERY],
            },
            """copytrail.routes[0] has versions "every", and 'destination' drops older versions after 13 days""",
        ),
        ({"accessLogs": {"bucketName": "the-logs"}}, "copytrail.accessLogs.keepDays is missing"),
        ({"accessLogs": {"existing": True}}, "copytrail.accessLogs.existing is true: the bucket that is already there"),
        (
            {"accessLogs": {"existing": True, "bucketName": "the-logs", "keepDays": 9}},
            "copytrail.accessLogs.existing is true: copytrail does not change that bucket; leave keepDays out",
        ),
        (
            {**bucket(name="the-logs"), "accessLogs": {"keepDays": 9, "bucketName": "the-logs"}},
            "copytrail.accessLogs.bucketName is 'destination' of the buckets: logs would be copied, or log themselves",
        ),
        (
            {
                "buckets": {alias: {"existing": True, "name": f"the-{alias}"} for alias in BOTH},
                "accessLogs": {"keepDays": 9},
            },
            "copytrail.accessLogs are for buckets that are created, and all of these are there already",
        ),
        ({"copier": {"reservedConcurrency": 1}}, "copytrail.copier.reservedConcurrency is 1: it must be from 2"),
        (
            {"auditor": {"reservedConcurrency": 9}},
            "copytrail.auditor.reservedConcurrency is 9, and maxConcurrency is 10: what goes beyond is throttled",
        ),
        (
            {"copier": {"pollers": {"maximum": 3}, "reservedConcurrency": 29}},
            "copytrail.copier.reservedConcurrency is 29, and pollers.maximum is 3, of 10 batches each: what goes",
        ),
        (
            {"copier": {"pollers": {"maximum": 3}, "maxConcurrency": 50}},
            "copytrail.copier.maxConcurrency does not go with pollers, which set their own pace: leave one of them out",
        ),
        (
            {"copier": {"pollers": {"minimum": 4, "maximum": 3}}},
            "copytrail.copier.pollers.minimum is 4: it must not be more than the maximum",
        ),
        ({"copier": {"pollers": {"minimum": 4}}}, "copytrail.copier.pollers.maximum is missing"),
        ({"copier": {"pollers": {"maximum": 2001}}}, "copytrail.copier.pollers.maximum is 2,001: it must be from 2 to"),
        ({"copier": {"pollers": {"minimum": 1, "maximum": 3}}}, "copytrail.copier.pollers.minimum is 1: it must be"),
        ({"tags": ["team"]}, "copytrail.tags must be an object of texts"),
        ({"tags": {"team": 1}}, "copytrail.tags must be an object of texts"),
        ({"tags": {"team": ""}}, "copytrail.tags has 'team': a tag's name has 1 to 128 characters, its value 1 to 256"),
        ({"tags": {"t" * 129: "1"}}, f"copytrail.tags has '{'t' * 129}': a tag's name has 1 to 128 characters"),
        ({"tags": {"team": "a&b"}}, "copytrail.tags has 'team': a tag is made of letters, digits, spaces and"),
        ({"tags": {"AWS:team": "1"}}, "copytrail.tags has 'AWS:team': names that begin with aws: are reserved"),
        ({"tags": {"Team": "1", "team": "2"}}, "copytrail.tags names the same tag twice, in upper and lower case"),
        ({"tags": {f"t{number}": "1" for number in range(41)}}, "copytrail.tags has 41 tags: 40 at most"),
        ({"customerKey": "yes"}, "copytrail.customerKey must be true or false"),
        ({"terminationProtection": 1}, "copytrail.terminationProtection must be true or false"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(context: Mapping[str, Any], problem: str) -> None:
    assert only_problem(context).startswith(problem)


def test_all_that_is_wrong_with_tags_is_told_at_once() -> None:
    assert len(problems({"tags": {"a": "", "b": "?"}})) == 2


def test_a_null_beside_pollers_is_as_good_as_nothing() -> None:
    copier = read_settings({"copier": {"maxConcurrency": None, "pollers": {"maximum": 3}}}).copier
    assert (copier.pollers.minimum, copier.pollers.maximum) == (2, 3)


def test_every_version_may_be_kept_for_as_long_as_a_dead_lettered_message_waits() -> None:
    versioned = {"versioned": True, "noncurrentDays": 14}
    settings = read_settings({"buckets": {"source": versioned, "destination": versioned}, "routes": [EVERY]})
    assert settings.buckets["destination"].noncurrent_days == 14
