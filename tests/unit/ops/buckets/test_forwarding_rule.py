"""`copytrail forwarding-rule` prints what another account deploys, so that its uploads are heard of here."""

import json
from typing import Any

import pytest

from ops.buckets.forwarding_rule import forwarding_rule
from shared.routes import Route
from tests.fakes.bucket_configurations import OWNER, BucketStack

BUS = "arn:aws-cn:events:cn-north-1:123456789012:event-bus/default"


def a_stack(**changes: Any) -> BucketStack:
    return BucketStack(arn="arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/copytrail/id", **changes)


def resources(stack: BucketStack, bucket: str = "source") -> dict[str, Any]:
    ended = stack.run(forwarding_rule, bucket)
    assert (ended.exit_code, ended.stderr) == (0, "")
    return {name: one["Properties"] for name, one in json.loads(ended.stdout)["Resources"].items()}


def test_all_that_routes_may_wait_for_is_forwarded_to_the_default_bus_of_the_stack() -> None:
    routes = (
        Route(source_bucket="uploads", destination_bucket="copies", prefixes=("in/",)),
        Route(source_bucket="uploads", destination_bucket="copies", prefixes=("also/",), deletes=True),
    )
    rule = resources(a_stack(routes=routes), "uploads")["Rule"]
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created", "Object Restore Completed", "Object Deleted"],
        "detail": {"bucket": {"name": ["uploads"]}},
    }
    [target] = rule["Targets"]
    assert target["Arn"] == BUS


def test_what_cannot_be_delivered_is_kept_for_as_long_as_sqs_keeps_anything() -> None:
    found = resources(a_stack())
    [target] = found["Rule"]["Targets"]
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["NotDelivered", "Arn"]}}
    assert found["NotDelivered"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    [statement] = found["NotDeliveredPolicy"]["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Principal"]) == ("sqs:SendMessage", {"Service": "events.amazonaws.com"})


def test_the_role_may_put_events_onto_that_bus_and_nothing_else() -> None:
    role = resources(a_stack())["Role"]
    [policy] = role["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": BUS}]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


@pytest.mark.parametrize("account", [None, "123456789012"])
def test_a_bucket_of_the_stacks_own_account_needs_none(account: str | None) -> None:
    stack = a_stack(existing_buckets={"source": account})
    ended = stack.run(forwarding_rule, "source")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "'source' (uploads) is no bucket of another account" in ended.stderr


def test_a_bucket_at_which_no_route_begins_needs_none() -> None:
    ended = a_stack(existing_buckets={"destination": OWNER}).run(forwarding_rule, "destination")
    assert ended.exit_code == 2
    assert "no route begins at 'destination' (copies)" in ended.stderr
