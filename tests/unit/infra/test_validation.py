"""How every problem is told: at once, with its place, and with what was meant."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.validation import read_settings
from tests.unit.infra.contexts import BOTH, ROUTE, only_problem, problems, with_route


def test_every_problem_is_reported_at_once() -> None:
    found = problems(
        {
            "stackName": "1st",
            "buckets": {"source": {"name": "Upper"}, "destination": {"nmae": "x"}},
            "routes": [ROUTE, {"from": "source"}],
            "auditor": {"timeoutSeconds": True},
            "alarm": {},
        }
    )
    assert [problem.split()[0] for problem in found] == [
        "copytrail.stackName",
        "copytrail.buckets.source.name",
        "copytrail.buckets.destination.nmae",
        "copytrail.auditor.timeoutSeconds",
        "copytrail.alarm",
        "copytrail.routes[1].to",
        "copytrail.routes[0]",
    ]


@pytest.mark.parametrize(
    ("context", "place"),
    [
        ({"stckName": "x"}, "copytrail.stckName is not a setting: did you mean 'stackName'?"),
        (
            {"buckets": {**BOTH, "source": {"publicread": True}}},
            "copytrail.buckets.source.publicread is not a setting: did you mean 'publicRead'?",
        ),
        (with_route(prefix=["a"]), "copytrail.routes[0].prefix is not a setting: did you mean 'prefixes'?"),
        ({"copier": {"name": "x"}}, "copytrail.copier.name is not a setting"),
        ({"copier": {"memory_mb": 512}}, "copytrail.copier.memory_mb is not a setting: did you mean 'memoryMb'?"),
        ({"auditTable": {"names": "abc"}}, "copytrail.auditTable.names is not a setting: did you mean 'name'?"),
        (
            {"routes": [ROUTE | {"to": "destinatoin"}]},
            "copytrail.routes[0].to is 'destinatoin', not a bucket: did you mean 'destination'?",
        ),
    ],
)
def test_an_unknown_word_is_answered_with_the_one_that_was_meant(context: Mapping[str, Any], place: str) -> None:
    assert only_problem(context).startswith(place)


def test_null_is_as_good_as_nothing() -> None:
    assert read_settings(dict.fromkeys(("stackName", "buckets", "routes", "copier", "logLevel"))) == read_settings({})
    assert read_settings({"copier": {"memoryMb": None, "functionName": None}}) == read_settings({})


@pytest.mark.parametrize(
    "context",
    [
        with_route(prefixes=["\ud800"]),
        with_route(suffixes=["a", "\udfffb"]),
        with_route(destinationPrefix="in/\ud83d"),
        {"stackName": "\ud800"},
        {"buckets": {**BOTH, "\ud800": {}}},
        {"\ud800": 1},
    ],
    ids=ascii,
)
def test_half_a_character_is_a_problem_like_others(context: Mapping[str, Any]) -> None:
    assert all(problem.startswith("copytrail") for problem in problems(context))


@pytest.mark.parametrize(
    ("context", "problem"),
    [
        ("text", "copytrail must be an object, not a text"),
        ({"stackName": 1}, "copytrail.stackName must be a text, not a number (1)"),
        ({"stackName": ""}, "copytrail.stackName must be a text, not an empty text"),
        ({"copier": []}, "copytrail.copier must be an object, not a list"),
        ({"copier": {"memoryMb": "1769"}}, 'copytrail.copier.memoryMb must be a whole number, not a text ("1769")'),
        ({"copier": {"memoryMb": True}}, "copytrail.copier.memoryMb must be a whole number, not true or false (true)"),
        (
            {"copier": {"memoryMb": 1.5}},
            "copytrail.copier.memoryMb must be a whole number, not a number with a fraction (1.5)",
        ),
        ({"routes": {}}, "copytrail.routes must be a list of objects, not an object"),
        ({"routes": []}, "copytrail.routes is empty: nothing would ever be copied"),
        (
            {"buckets": {**BOTH, "source": {"versioned": "yes"}}},
            'copytrail.buckets.source.versioned must be true or false, not a text ("yes")',
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(context: object, problem: str) -> None:
    assert problem in problems(context)
