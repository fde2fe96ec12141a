"""How events come in: rules, queues, and who may put what where."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.hardened import HARDENED
from tests.infra.template import Readable, Resources, of_type

DAY_S = 86_400
HERE = "arn:AWS::Partition:events:AWS::Region:AWS::AccountId:rule"


def rules_by_target(resources: Resources) -> dict[str, list[Any]]:
    rules: dict[str, list[Any]] = {}
    for rule in resources("AWS::Events::Rule").values():
        (target,) = rule["Targets"]
        rules.setdefault(target["Arn"], []).append(rule)
    return rules


@pytest.mark.parametrize(("function", "visibility_s"), [("Copier", 6 * 120), ("Auditor", 6 * 60)])
def test_a_queue_waits_six_timeouts_and_gives_up_after_five_tries(
    resources: Resources, function: str, visibility_s: int
) -> None:
    assert resources("AWS::SQS::Queue")[f"{function}Queue"] == {
        "VisibilityTimeout": visibility_s,
        "MessageRetentionPeriod": 4 * DAY_S,
        # What the attributes of a dead-lettered message take on top fits into its own queue.
        "MaximumMessageSize": 1024 * 1024 - 16 * 1024,
        "SqsManagedSseEnabled": True,
        "RedrivePolicy": {"deadLetterTargetArn": f"{function}DeadLetterQueue.Arn", "maxReceiveCount": 5},
    }
    assert resources("AWS::SQS::Queue")[f"{function}DeadLetterQueue"] == {
        "MessageRetentionPeriod": 14 * DAY_S,
        "MaximumMessageSize": 1024 * 1024,
        "SqsManagedSseEnabled": True,
    }


@pytest.mark.parametrize("function", ["Copier", "Auditor"])
def test_a_function_that_dies_on_every_delivery_takes_at_most_an_hour_to_its_dead_letter(
    resources: Resources, function: str
) -> None:
    queue = resources("AWS::SQS::Queue")[f"{function}Queue"]

    assert queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"] <= 3600


def test_there_are_two_queues_and_two_dead_letter_queues(resources: Resources) -> None:
    assert set(resources("AWS::SQS::Queue")) == {
        "CopierQueue",
        "CopierDeadLetterQueue",
        "AuditorQueue",
        "AuditorDeadLetterQueue",
    }


@pytest.mark.parametrize("queue", ["CopierQueue", "CopierDeadLetterQueue", "AuditorQueue", "AuditorDeadLetterQueue"])
def test_only_the_rules_that_feed_a_queue_may_send_to_it_and_only_over_tls(resources: Resources, queue: str) -> None:
    (policy,) = (one for one in resources("AWS::SQS::QueuePolicy").values() if one["Queues"] == [queue])
    deny, allow = policy["PolicyDocument"]["Statement"]
    assert deny == {
        "Action": "sqs:*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Resource": f"{queue}.Arn",
    }
    on_the_transfer_bus = f"{HERE}/copytrail-transfers/copytrail-*"
    assert allow == {
        "Sid": "RulesMaySend",
        "Action": "sqs:SendMessage",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Resource": f"{queue}.Arn",
        "Condition": {
            "ArnLike": {
                "aws:SourceArn": [f"{HERE}/copytrail-*", on_the_transfer_bus]
                if queue.startswith("Copier")
                else [on_the_transfer_bus]
            }
        },
    }


def test_every_rule_is_named_as_its_queues_let_rules_in(resources: Resources) -> None:
    names = [rule["Name"] for rules in rules_by_target(resources).values() for rule in rules]
    assert len(names) == 3
    assert all(name.startswith("copytrail-") for name in names)


def test_a_stack_of_a_long_name_lets_in_its_rules_as_well(readable: Readable) -> None:
    template = readable({"stackName": "a" + "b" * 127})
    names = [rule["Name"] for rule in of_type(template, "AWS::Events::Rule").values()]
    policy = template["Resources"]["CopierQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"][1]
    pattern = policy["Condition"]["ArnLike"]["aws:SourceArn"][0].removeprefix(f"{HERE}/").removesuffix("*")
    assert all(name.startswith(pattern) and len(name) <= 64 for name in names)


def test_a_change_of_the_routes_leaves_the_policies_of_the_queues_as_they_are(readable: Readable) -> None:
    def policies(*prefixes: str) -> dict[str, Any]:
        routes = [{"from": "source", "to": "destination", "prefixes": [prefix]} for prefix in prefixes]
        found = readable({"routes": routes})["Resources"].items()
        return {name: one for name, one in found if one["Type"] == "AWS::SQS::QueuePolicy"}

    assert policies("old/") == policies("new/", "newer/")


def test_the_copy_queue_is_fed_by_uploads_and_by_requests(resources: Resources) -> None:
    rules = {rule["EventBusName"]: rule["EventPattern"] for rule in rules_by_target(resources)["CopierQueue.Arn"]}
    assert rules == {
        "default": {
            "source": ["aws.s3"],
            "detail-type": ["Object Created", "Object Restore Completed"],
            "detail": {"bucket": {"name": ["Bucketssource"]}},
        },
        "copytrail-transfers": {"source": ["copytrail"], "detail-type": ["Object Copy Requested"]},
    }


def test_the_audit_queue_is_fed_by_every_outcome_and_all_that_operators_do(resources: Resources) -> None:
    (rule,) = rules_by_target(resources)["AuditorQueue.Arn"]
    assert rule["EventBusName"] == "copytrail-transfers"
    assert rule["EventPattern"] == {
        "source": ["copytrail"],
        "detail-type": [
            *("Object Copied", "Object Deletion Copied", "Object Copy Skipped", "Object Copy Failed"),
            *("Operation Started", "Operation Ended"),
        ],
    }


def test_what_a_rule_cannot_deliver_goes_to_the_dead_letter_queue_of_its_queue(resources: Resources) -> None:
    for queue, rules in rules_by_target(resources).items():
        for rule in rules:
            assert rule["Targets"][0]["DeadLetterConfig"] == {"Arn": queue.replace("Queue.", "DeadLetterQueue.")}


def test_a_rule_begins_only_when_both_queues_let_it_in_something_takes_from_them_and_its_bus_is_there(
    template: Mapping[str, Any],
) -> None:
    for rule in template["Resources"].values():
        if rule["Type"] == "AWS::Events::Rule":
            owner = rule["Properties"]["Targets"][0]["Arn"].removesuffix("Queue.Arn")
            expected = {f"{owner}QueuePolicy", f"{owner}DeadLetterQueuePolicy", f"{owner}Mapping"}
            if rule["Properties"]["EventBusName"] != "default":
                expected.add("TransferBus")
            assert set(rule["DependsOn"]) == expected


def test_every_route_has_a_rule_and_keeps_it_when_another_comes_before_it(readable: Readable) -> None:
    def names(*prefixes: str) -> dict[str, str]:
        routes = [{"from": "source", "to": "destination", "prefixes": [prefix]} for prefix in prefixes]
        rules = of_type(readable({"routes": routes}), "AWS::Events::Rule")
        return {
            rule["EventPattern"]["detail"]["object"]["key"][0]["prefix"]: rule["Name"]
            for rule in rules.values()
            if rule["EventBusName"] == "default"
        }

    before, after = names("b/"), names("a/", "b/")
    assert set(after) == {"a/", "b/"}
    assert len(set(after.values())) == 2
    assert after["b/"] == before["b/"]


def test_a_route_of_many_suffixes_has_several_rules_and_the_first_is_the_one_that_it_always_had(
    readable: Readable,
) -> None:
    suffixes = [f".{letter}" for letter in "abcdefghijkl"]
    route = {"from": "source", "to": "destination", "prefixes": ["in/"], "suffixes": suffixes}
    found = {
        id_: one
        for id_, one in readable({"routes": [route]})["Resources"].items()
        if one["Type"] == "AWS::Events::Rule" and one["Properties"]["EventBusName"] == "default"
    }
    # As it was named when every route had one rule.
    identity = (
        '{"sourceBucket":"source","destinationBucket":"destination","prefixes":["in/"],'
        f'"suffixes":{json.dumps(suffixes, separators=(",", ":"))}}}'
    )
    name = f"copytrail-{hashlib.sha256(json.dumps(['copytrail', identity]).encode()).hexdigest()[:12]}"
    [first] = (one for one in found.values() if one["Properties"]["Name"] == name)
    others = {id_: one for id_, one in found.items() if one is not first}
    # No event comes between when an update leaves to them what it takes from the first.
    assert set(others) <= set(first["DependsOn"])
    assert not any(set(found) & set(one["DependsOn"]) for one in others.values())
    wildcards = [
        key["wildcard"]
        for one in [first, *others.values()]
        for key in one["Properties"]["EventPattern"]["detail"]["object"]["key"]
    ]
    assert sorted(wildcards) == [f"in/*{suffix}" for suffix in suffixes]
    assert {target["Arn"] for one in found.values() for target in one["Properties"]["Targets"]} == {"CopierQueue.Arn"}
    assert all(one["Properties"]["Name"].startswith("copytrail-") for one in found.values())
    assert sorted(one["Properties"]["Description"][-8:] for one in others.values()) == ["(2 of 3)", "(3 of 3)"]


def test_a_template_has_room_for_the_most_rules_that_are_taken(raw_template: Readable) -> None:
    texts = [f"{number:02}" for number in range(23)]
    route = {"from": "source", "to": "destination", "prefixes": texts, "suffixes": texts}
    template = raw_template({**HARDENED, "auditTable": {"backupDays": 35}, "routes": [route]})
    assert 100 < len(of_type(template, "AWS::Events::Rule")) - 2 <= 120
    # "CloudFormation quotas".
    assert len(template["Resources"]) <= 500
