"""What people may do who read from copytrail, or change it: nobody gets it but by an administrator's hand."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.template import Readable, Template, allowed, as_list, of_type

# "IAM and AWS STS quotas": the characters of a managed policy, white space not counted.
LONGEST_POLICY = 6144
READER, BUCKET_READER, CONFIGURATION_READER = "ReaderPolicy", "BucketReaderPolicy", "ConfigurationReaderPolicy"
REPLAYER, AUDIT_REPLAYER = "ReplayerPolicy", "AuditReplayerPolicy"
OPERATIONS = ["Operation Started", "Operation Ended"]
MOVES = ("sqs:CancelMessageMoveTask", "sqs:ListMessageMoveTasks", "sqs:StartMessageMoveTask")
READS_LOGS = ("logs:FilterLogEvents", "logs:GetQueryResults", "logs:StartQuery")
READS_RULES = ("events:DescribeRule", "events:ListTargetsByRule")
READS_FUNCTIONS = ("lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration")
RULES = "arn:AWS::Partition:events:AWS::Region:AWS::AccountId:rule"
MAPPINGS = "arn:AWS::Partition:lambda:AWS::Region:AWS::AccountId:event-source-mapping"
CANARIES = "*copytrail-canary/*"
QUEUES = ["CopierQueue.Arn", "AuditorQueue.Arn"]
DEAD_LETTER_QUEUES = ["CopierDeadLetterQueue.Arn", "AuditorDeadLetterQueue.Arn"]
BUCKETS = ["Bucketssource.Arn", "Bucketsdestination.Arn"]


def policies(template: Template) -> Mapping[str, Any]:
    return of_type(template, "AWS::IAM::ManagedPolicy")


def test_a_reader_may_look_and_change_nothing(template: Template) -> None:
    assert allowed([policies(template)[READER]]) == {
        (
            "cloudformation:DescribeStacks",
            "arn:AWS::Partition:cloudformation:AWS::Region:AWS::AccountId:stack/copytrail/*",
        ),
        *(("sqs:GetQueueAttributes", queue) for queue in QUEUES + DEAD_LETTER_QUEUES),
        *(("sqs:ReceiveMessage", queue) for queue in DEAD_LETTER_QUEUES),
        *(("sqs:ChangeMessageVisibility", queue) for queue in DEAD_LETTER_QUEUES),
        ("dynamodb:GetItem", "AuditTable.Arn"),
        ("dynamodb:DescribeTable", "AuditTable.Arn"),
        ("dynamodb:DescribeExport", "AuditTable.Arn/export/*"),
        ("dynamodb:ExportTableToPointInTime", "AuditTable.Arn"),
        ("dynamodb:Query", "AuditTable.Arn/index/ByDay"),
        ("dynamodb:Query", "AuditTable.Arn/index/ByObject"),
        ("dynamodb:PartiQLSelect", "AuditTable.Arn/index/ByDay"),
        ("dynamodb:PartiQLSelect", "AuditTable.Arn/index/ByObject"),
        *((action, f"{function}LogGroup.Arn") for action in READS_LOGS for function in ("Copier", "Auditor")),
        ("cloudwatch:GetMetricData", "*"),
    }


def test_how_things_are_set_up_takes_a_policy_of_its_own(template: Template) -> None:
    assert allowed([policies(template)[CONFIGURATION_READER]]) == {
        ("s3:GetBucketNotification", "Bucketssource.Arn"),
        ("s3:GetBucketVersioning", "Bucketsdestination.Arn"),
        *(
            (action, f"{RULES}/{names}")
            for action in READS_RULES
            for names in ("copytrail-*", "TransferBus/copytrail-*")
        ),
        ("events:DescribeEventBus", "TransferBus.Arn"),
        *((action, f"{name}Function.Arn") for action in READS_FUNCTIONS for name in ("Copier", "Auditor")),
        *(("lambda:GetEventSourceMapping", f"{MAPPINGS}:{name}Mapping") for name in ("Copier", "Auditor")),
    }


def test_what_is_in_the_buckets_takes_a_policy_of_its_own(template: Template) -> None:
    assert allowed([policies(template)[BUCKET_READER]]) == {
        *(("s3:ListBucket", bucket) for bucket in BUCKETS),
        *(("s3:GetObject", f"{bucket}/*") for bucket in BUCKETS),
        *(("s3:GetObjectTagging", f"{bucket}/*") for bucket in BUCKETS),
    }


def test_a_replayer_may_do_this_beyond_looking(template: Template) -> None:
    assert allowed([policies(template)[REPLAYER]]) == {
        ("sqs:SendMessage", "CopierQueue.Arn"),
        *((action, "CopierDeadLetterQueue.Arn") for action in ("sqs:SendMessage", "sqs:DeleteMessage", *MOVES)),
        ("events:PutEvents", "TransferBus.Arn"),
        *((action, f"Bucketssource.Arn/{CANARIES}") for action in ("s3:PutObject", "s3:DeleteObject")),
        ("s3:DeleteObject", f"Bucketsdestination.Arn/{CANARIES}"),
    }


def test_to_write_to_the_audit_queue_takes_a_policy_of_its_own(template: Template) -> None:
    assert allowed([policies(template)[AUDIT_REPLAYER]]) == {
        ("sqs:SendMessage", "AuditorQueue.Arn"),
        *((action, "AuditorDeadLetterQueue.Arn") for action in ("sqs:SendMessage", "sqs:DeleteMessage", *MOVES)),
        ("events:PutEvents", "TransferBus.Arn"),
    }


@pytest.mark.parametrize(
    ("policy", "detail_types"),
    [(REPLAYER, ["Object Copy Requested", *OPERATIONS]), (AUDIT_REPLAYER, OPERATIONS)],
)
def test_no_operator_may_publish_an_outcome(template: Template, policy: str, detail_types: list[str]) -> None:
    (publishing,) = (
        statement
        for statement in policies(template)[policy]["PolicyDocument"]["Statement"]
        if "events:PutEvents" in as_list(statement["Action"])
    )
    assert publishing["Condition"] == {
        # A key of several values: plain StringEquals would deny everything, and this alone what has no value.
        "ForAllValues:StringEquals": {"events:source": "copytrail", "events:detail-type": detail_types},
        "Null": {"events:source": "false", "events:detail-type": "false"},
    }


def test_nobody_has_a_policy_until_somebody_gives_it(template: Template) -> None:
    found = policies(template)
    assert found.keys() == {READER, BUCKET_READER, CONFIGURATION_READER, REPLAYER, AUDIT_REPLAYER}
    for policy in found.values():
        assert not policy.keys() & {"Groups", "Roles", "Users", "ManagedPolicyName"}


def test_a_reader_may_decrypt_what_it_looks_at(readable: Readable) -> None:
    ids = [f"{digit * 8}-{digit * 4}-{digit * 4}-{digit * 4}-{digit * 12}" for digit in "12"]
    keys = [f"arn:aws:kms:eu-west-1:123456789012:key/{id_}" for id_ in ids]
    buckets = {alias: {"kmsKeyArn": key} for alias, key in zip(("source", "destination"), keys, strict=True)}
    found = policies(readable({"buckets": buckets}))
    assert {grant for grant in allowed(found.values()) if grant[0].startswith("kms:")} == {
        *((action, key) for action in ("kms:Decrypt", "kms:DescribeKey") for key in keys),
        # To upload a canary to the source.
        ("kms:GenerateDataKey", keys[0]),
    }
    assert {grant for grant in allowed([found[BUCKET_READER]]) if grant[0].startswith("kms:")}


def test_a_reader_may_look_at_every_version_where_every_version_is_copied(readable: Readable) -> None:
    versioned = {"versioned": True}
    route = {"from": "source", "to": "destination", "versions": "every"}
    found = policies(readable({"buckets": {"source": versioned, "destination": versioned}, "routes": [route]}))
    on_objects = {grant for grant in allowed([found[BUCKET_READER]]) if grant[1].endswith(".Arn/*")}
    assert on_objects == {
        *(("s3:GetObject", f"{bucket}/*") for bucket in BUCKETS),
        *(("s3:GetObjectTagging", f"{bucket}/*") for bucket in BUCKETS),
        ("s3:GetObjectVersion", "Bucketssource.Arn/*"),
    }


def test_policies_of_the_most_buckets_and_the_longest_names_are_not_too_long(readable: Readable) -> None:
    buckets = {f"b{number}": {"name": f"{number:02}{'x' * 61}", "versioned": True} for number in range(18)}
    # More would not fit into the copier's environment.
    every = [{"versions": "every"}] * 3 + [{}] * 6
    context = {
        "stackName": "s" * 128,
        "buckets": buckets,
        "routes": [{"from": f"b{2 * n}", "to": f"b{2 * n + 1}", **more} for n, more in enumerate(every)],
        "auditTable": {"name": "t" * 255},
    }
    for policy in policies(readable(context)).values():
        assert len(_as_deployed(policy["PolicyDocument"])) <= LONGEST_POLICY


def test_policies_of_the_most_routes_are_not_too_long(readable: Readable) -> None:
    buckets = {"source": {"name": "abc"}, "destination": {"name": "xyz"}}
    # More of them would not fit into the copier's environment.
    routes = [{"from": "source", "to": "destination", "prefixes": [f"{number}/"]} for number in range(24)]
    for policy in policies(readable({"buckets": buckets, "routes": routes})).values():
        assert len(_as_deployed(policy["PolicyDocument"])) <= LONGEST_POLICY


def _as_deployed(document: Mapping[str, Any]) -> str:
    """A policy's text, with what CloudFormation fills in as long as it can be."""
    text = json.dumps(document, separators=(",", ":"))
    queue = f"arn:aws-cn:sqs:ap-southeast-1:123456789012:{'q' * 80}"
    for reference, value in {
        **dict.fromkeys(QUEUES + DEAD_LETTER_QUEUES, queue),
        "AuditTable.Arn": f"arn:aws-cn:dynamodb:ap-southeast-1:123456789012:table/{'t' * 255}",
        **{
            f"{function}LogGroup.Arn": f"arn:aws-cn:logs:ap-southeast-1:123456789012:log-group:{'l' * 512}:*"
            for function in ("Copier", "Auditor")
        },
        "TransferBus.Arn": f"arn:aws-cn:events:ap-southeast-1:123456789012:event-bus/{'s' * 128}-transfers",
        **{
            f"{name}Function.Arn": f"arn:aws-cn:lambda:ap-southeast-1:123456789012:function:{'f' * 64}"
            for name in ("Copier", "Auditor")
        },
        **{f"mapping:{name}Mapping": f"mapping:{'0' * 36}" for name in ("Copier", "Auditor")},
        **{f"Bucketsb{number}.Arn": f"arn:aws-cn:s3:::{'x' * 63}" for number in range(18)},
        "AWS::Partition": "aws-cn",
        "AWS::Region": "ap-southeast-1",
        "AWS::AccountId": "123456789012",
    }.items():
        text = text.replace(f'"{reference}', f'"{value}').replace(reference, value)
    return text
