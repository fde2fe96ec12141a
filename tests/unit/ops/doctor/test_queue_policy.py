"""Whether a queue's policy lets a rule in is read as AWS reads it, as far as its conditions are known."""

import json
from typing import Any

import pytest

from ops.doctor.queue_policy import lets_in

QUEUE = "arn:aws:sqs:us-east-1:123456789012:copies"
RULE = "arn:aws:events:us-east-1:123456789012:rule/copytrail-1"
ALLOWED = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": QUEUE,
}
OURS = {"ArnLike": {"aws:SourceArn": ["arn:aws:events:us-east-1:123456789012:rule/copytrail-*"]}}
NO_PLAIN_HTTP = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "sqs:*",
    "Resource": QUEUE,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_no_policy_lets_nobody_in() -> None:
    for none in (None, "", policy()):
        assert not lets_in(none, queue_arn=QUEUE, rule_arn=RULE)


@pytest.mark.parametrize(
    "statement",
    [
        ALLOWED,
        ALLOWED | {"Condition": OURS},
        ALLOWED | {"Condition": {"ArnEquals": {"AWS:SourceArn": RULE}}},
        ALLOWED | {"Condition": {"StringEquals": {"aws:SourceArn": RULE, "aws:SourceAccount": "123456789012"}}},
        ALLOWED | {"Principal": "*", "Action": ["sqs:Send*"]},
        ALLOWED | {"Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}, "Resource": "*"},
    ],
)
def test_what_allows_it_lets_it_in(statement: Any) -> None:
    assert lets_in(policy(NO_PLAIN_HTTP, statement), queue_arn=QUEUE, rule_arn=RULE)


@pytest.mark.parametrize(
    "statement",
    [
        ALLOWED | {"Principal": {"Service": "sns.amazonaws.com"}},
        ALLOWED | {"Action": "sqs:ReceiveMessage"},
        ALLOWED | {"Resource": f"{QUEUE}-of-others"},
        ALLOWED | {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:events:us-east-1:123456789012:rule/other-*"}}},
        ALLOWED | {"Condition": {**OURS, "StringEquals": {"aws:SourceAccount": "210987654321"}}},
        ALLOWED | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ],
)
def test_what_allows_something_else_does_not(statement: Any) -> None:
    assert not lets_in(policy(statement), queue_arn=QUEUE, rule_arn=RULE)


@pytest.mark.parametrize("condition", [{}, {"Condition": OURS}])
def test_what_denies_it_keeps_it_out(condition: Any) -> None:
    denied = ALLOWED | {"Effect": "Deny", **condition}
    assert not lets_in(policy(ALLOWED, denied), queue_arn=QUEUE, rule_arn=RULE)
