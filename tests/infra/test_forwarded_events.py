"""Which other accounts may put which events onto the default bus, where the rules of routes are."""

from typing import Any

from infra.stack import CopytrailStack  # first: infra chooses the node that aws_cdk runs on
from infra.validation import read_settings

from aws_cdk import App  # isort: skip

from tests.infra.template import Readable, Template, of_type

OTHER, THIRD = "111122223333", "444455556666"


def a_source_in(account: str | None, name: str = "their-uploads") -> dict[str, Any]:
    return {"name": name, "existing": True, "account": account}


def policies(template: Template) -> dict[str, Any]:
    return of_type(template, "AWS::Events::EventBusPolicy")


def test_nobody_is_let_in_where_no_source_is_in_another_account(readable: Readable, template: Template) -> None:
    assert policies(template) == {}
    assert policies(readable({"buckets": {"source": a_source_in(None), "destination": {}}})) == {}
    assert policies(readable({"buckets": {"source": {}, "destination": a_source_in(OTHER)}})) == {}


def test_the_account_of_a_source_may_put_what_s3_told_there_and_nothing_else(readable: Readable) -> None:
    template = readable({"buckets": {"source": a_source_in(OTHER), "destination": {}}})
    [(name, policy)] = policies(template).items()
    assert policy["EventBusName"] == "default"
    assert policy["Statement"] == {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:AWS::Partition:iam::{OTHER}:root"},
        "Action": "events:PutEvents",
        "Resource": "arn:AWS::Partition:events:AWS::Region:AWS::AccountId:event-bus/default",
        "Condition": {
            "ForAllValues:StringEquals": {
                "events:source": "aws.s3",
                "events:detail-type": ["Object Created", "Object Restore Completed"],
            },
            "Null": {"events:source": "false", "events:detail-type": "false"},
        },
    }
    resource = template["Resources"][name]
    # The account that is deployed to needs no leave; the settings may name it.
    assert template["Conditions"][resource["Condition"]] == {"Fn::Not": [{"Fn::Equals": ["AWS::AccountId", OTHER]}]}


def test_they_are_let_in_once_the_rules_are_there(readable: Readable) -> None:
    template = readable({"buckets": {"source": a_source_in(OTHER), "destination": {}}})
    [name] = policies(template)
    rules = {name for name, one in template["Resources"].items() if one["Type"] == "AWS::Events::Rule"}
    before = set(template["Resources"][name]["DependsOn"])
    assert {rule for rule in rules if rule.startswith("CopyFeed")} <= before


def test_each_account_has_a_statement_of_its_own_for_what_its_routes_wait_for(readable: Readable) -> None:
    context = {
        "buckets": {
            "one": a_source_in(OTHER, "one-of-theirs"),
            "two": a_source_in(THIRD, "two-of-theirs"),
            "three": a_source_in(THIRD, "three-of-theirs"),
            "all": {"versioned": True},
        },
        "routes": [
            {"from": "one", "to": "all", "destinationPrefix": "one/"},
            {"from": "two", "to": "all", "destinationPrefix": "two/"},
            {"from": "three", "to": "all", "destinationPrefix": "three/", "deletes": True},
        ],
    }
    found = policies(readable(context)).values()
    types = {
        policy["Statement"]["Principal"]["AWS"].split(":")[-2]: policy["Statement"]["Condition"][
            "ForAllValues:StringEquals"
        ]["events:detail-type"]
        for policy in found
    }
    uploads = ["Object Created", "Object Restore Completed"]
    assert types == {OTHER: uploads, THIRD: ["Object Created", "Object Deleted", "Object Restore Completed"]}
    assert len({policy["StatementId"] for policy in found}) == 2


def test_two_stacks_share_no_statement(readable: Readable) -> None:
    def statement_id(stack_name: str) -> str:
        context = {"stackName": stack_name, "buckets": {"source": a_source_in(OTHER), "destination": {}}}
        [policy] = policies(readable(context)).values()
        return str(policy["StatementId"])

    ids = {statement_id(name) for name in ("blue", "green", "x" * 128)}
    assert len(ids) == 3
    # "PutPermission", EventBridge API reference.
    assert all(len(one) <= 64 for one in ids)


def test_what_is_to_be_done_for_an_existing_source_is_told_at_synth() -> None:
    context = {"buckets": {"source": a_source_in(OTHER), "destination": a_source_in(None, "their-copies")}}
    stack = CopytrailStack(App(analytics_reporting=False), read_settings(context))
    told = [entry.data for entry in stack.node.metadata if entry.type == "aws:cdk:info"]
    [text] = [each if isinstance(each, str) else str(each) for each in told]
    assert "Nothing is copied from their-uploads until it sends its events" in text
    assert "`copytrail enable-events source`" in text
    assert "`copytrail forwarding-rule source`" in text
