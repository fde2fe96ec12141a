"""What listens is up before what speaks, and is taken down after it, in the order that CloudFormation takes."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest

from localaws.deployment.order import dependencies, in_order
from tests.infra.template import Readable, Template

BOTH = {"source": {"versioned": True}, "destination": {"versioned": True}}
STACKS: Mapping[str, Any] = {
    "as shipped": None,
    "without names": {},
    "several routes": {
        "buckets": {**BOTH, "other": {}},
        "routes": [
            {"from": "source", "to": "destination", "prefixes": ["a/"], "deletes": True},
            {"from": "source", "to": "other", "prefixes": ["b/"], "suffixes": [f".{n:02}" for n in range(20)]},
            {"from": "other", "to": "destination", "maxSize": 1, "prefixes": ["c/"]},
        ],
    },
    "every version": {"buckets": BOTH, "routes": [{"from": "source", "to": "destination", "versions": "every"}]},
    "existing buckets": {
        "buckets": {
            "source": {"name": "there-already", "existing": True},
            "destination": {"name": "theirs", "existing": True, "account": "111122223333"},
        }
    },
}


@pytest.fixture(params=STACKS, ids=list(STACKS))
def any_template(request: pytest.FixtureRequest, raw_template: Readable, shipped_context: Any) -> Template:
    context = STACKS[request.param]
    return raw_template(shipped_context if context is None else context)


def closure(template: Template) -> dict[str, set[str]]:
    """Each resource with all that CloudFormation makes before it, and deletes after it."""
    direct = dependencies(template)
    before: dict[str, set[str]] = {}
    for id_ in in_order(template):
        before[id_] = direct[id_].union(*(before[other] for other in direct[id_]))
    return before


def found(template: Template, kind: str, *beginnings: str) -> set[str]:
    """The logical ids of a type that begin so; there are some."""
    ids = {
        id_
        for id_, resource in template["Resources"].items()
        if resource["Type"] == kind and id_.startswith(beginnings or ("",))
    }
    assert ids
    return ids


def stages(template: Template) -> Iterator[set[str]]:
    """What must be there, in this order; each stage is complete before the next one begins."""
    yield {
        *found(template, "AWS::DynamoDB::Table", "AuditTable"),
        *found(template, "AWS::IAM::Policy", "Auditor"),
    }
    yield found(template, "AWS::Lambda::Function", "Auditor")
    yield found(template, "AWS::Lambda::EventSourceMapping", "Auditor")
    yield found(template, "AWS::Events::Rule", "AuditFeed")
    yield found(template, "AWS::Lambda::Function", "Copier")
    yield found(template, "AWS::Lambda::EventSourceMapping", "Copier")
    yield found(template, "AWS::Events::Rule", "CopyFeed")


def test_each_listener_is_there_before_its_speaker_and_is_deleted_after_it(any_template: Template) -> None:
    before = closure(any_template)
    for earlier, later in pairwise(stages(any_template)):
        for speaker in later:
            assert earlier <= before[speaker]


def test_a_function_has_its_permissions_and_its_queues_let_rules_in_before_a_rule_sends(any_template: Template) -> None:
    before = closure(any_template)
    for feed, function in (("CopyFeed", "Copier"), ("AuditFeed", "Auditor")):
        for rule in found(any_template, "AWS::Events::Rule", feed):
            assert found(any_template, "AWS::SQS::QueuePolicy", function) <= before[rule]
        for mapping in found(any_template, "AWS::Lambda::EventSourceMapping", function):
            assert found(any_template, "AWS::IAM::Policy", function) <= before[mapping]


def test_nothing_that_takes_part_in_a_copy_waits_for_what_feeds_it(any_template: Template) -> None:
    # A cycle would be refused; this is how far it is from one.
    before = closure(any_template)
    feeds = found(any_template, "AWS::Events::Rule", "CopyFeed")
    assert not any(feeds & before[id_] for id_ in before if id_ not in feeds)


def test_the_audit_table_comes_after_what_a_first_deployment_may_well_fail_with(any_template: Template) -> None:
    # It is protected, and would stay behind.
    [table] = found(any_template, "AWS::DynamoDB::Table", "AuditTable")
    taken = {
        id_
        for id_, resource in any_template["Resources"].items()
        if resource["Type"] in {"AWS::S3::Bucket", "AWS::Logs::LogGroup", "AWS::IAM::Role"}
        and not id_.startswith("Auditor")
    }
    assert taken <= closure(any_template)[table]


# What holds messages or records: CloudFormation puts another in its place when its logical id changes.
KEPT = {"AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Events::EventBus"}
# Of those types, the properties whose change takes another resource, in the CloudFormation template reference.
REPLACING = ("QueueName", "FifoQueue", "TableName", "KeySchema", "LocalSecondaryIndexes", "Name")


def test_no_setting_replaces_a_queue_or_the_bus_and_only_its_name_the_table(raw_template: Readable) -> None:
    def kept(context: Mapping[str, Any]) -> dict[str, Any]:
        resources = raw_template(context)["Resources"].items()
        return {
            id_: {name: resource["Properties"][name] for name in REPLACING if name in resource["Properties"]}
            for id_, resource in resources
            if resource["Type"] in KEPT and not id_.startswith("PlacementTable")
        }

    plain = kept({})
    renamed = kept(
        {**STACKS["several routes"], "auditTable": {"name": "records"}, "copier": {"functionName": "copies"}}
    )
    [table] = {id_ for id_ in plain if id_.startswith("AuditTable")}
    assert renamed.pop(table) == {**plain.pop(table), "TableName": "records"}
    assert renamed == plain
