"""What keeps alarms from telling the truth is refused."""

from typing import Any

import pytest

from infra.validation import read_settings
from tests.unit.infra.contexts import BOTH, ROUTE, only_problem

THEIRS = {"name": "theirs", "existing": True, "account": "111122223333"}
TOPIC = "arn:aws:sns:eu-west-1:111122223333:ops"


def test_an_address_and_a_topic_are_one_too_many() -> None:
    problem = only_problem({"alarms": {"email": "ops@example.com", "topicArn": TOPIC}})
    assert problem.startswith("copytrail.alarms.email makes a topic of the stack's own, and topicArn names another")


@pytest.mark.parametrize("function", ["copier", "auditor"])
def test_an_alarm_that_one_long_message_would_set_off_is_refused(function: str) -> None:
    context: dict[str, Any] = {function: {"timeoutSeconds": 300}, "alarms": {"oldestMessageSeconds": 300}}
    assert only_problem(context).startswith(
        f"copytrail.alarms.oldestMessageSeconds is 300: one message that the {function} works on for its timeoutSeconds"
    )
    context["alarms"] = {"oldestMessageSeconds": 301}
    assert read_settings(context).alarms.oldest_message_seconds == 301


@pytest.mark.parametrize(
    ("context", "problem"),
    [
        ({"buckets": {**BOTH, "destination": {"requestMetrics": "all"}}}, "is for source buckets"),
        (
            {
                "buckets": {**BOTH, "source": {"requestMetrics": "all"}},
                "routes": [ROUTE | {"prefixes": ["in/"]}],
            },
            "would count writes that no route takes",
        ),
        ({"buckets": {**BOTH, "source": THEIRS | {"requestMetrics": "all"}}}, "does not go with account"),
    ],
)
def test_request_metrics_that_cannot_be_compared_with_outcomes_are_refused(context: Any, problem: str) -> None:
    assert problem in only_problem(context)


def test_an_existing_bucket_may_have_request_metrics_for_the_prefix_of_its_route() -> None:
    buckets = {**BOTH, "source": {"name": "theirs", "existing": True, "requestMetrics": "incoming"}}
    settings = read_settings({"buckets": buckets, "routes": [ROUTE | {"prefixes": ["in/"]}]})
    assert settings.buckets["source"].request_metrics == "incoming"
