"""What the roles may do, to the last action."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.infra.template import Readable, Resources, Template, allowed_to, as_list, of_type

OWN_QUEUE = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
)

# Seen by operators: the ARNs of a stack and of an export end in ids of their own, CloudWatch's metrics have none.
WITHOUT_OTHER_NAME = {
    (
        "cloudformation:DescribeStacks",
        "arn:AWS::Partition:cloudformation:AWS::Region:AWS::AccountId:stack/copytrail/*",
    ),
    ("dynamodb:DescribeExport", "AuditTable.Arn/export/*"),
    ("cloudwatch:GetMetricData", "*"),
}


def own_queues_and_logs(function: str) -> set[tuple[str, str]]:
    return {
        *((action, f"{function}Queue.Arn") for action in OWN_QUEUE),
        ("sqs:SendMessage", f"{function}DeadLetterQueue.Arn"),
        ("logs:CreateLogStream", f"{function}LogGroup.Arn"),
        ("logs:PutLogEvents", f"{function}LogGroup.Arn"),
    }


def statements(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, dict):
        if "Effect" in node:
            yield node
        for child in node.values():
            yield from statements(child)
    elif isinstance(node, list):
        for child in node:
            yield from statements(child)


def test_the_copier_may_copy_and_say_so_and_nothing_else(template: Template) -> None:
    assert allowed_to(template, "CopierRole") == own_queues_and_logs("Copier") | {
        ("s3:GetObject", "Bucketssource.Arn/*"),
        ("s3:GetObjectTagging", "Bucketssource.Arn/*"),
        ("s3:GetObjectVersion", "Bucketssource.Arn/*"),
        ("s3:GetObjectVersionTagging", "Bucketssource.Arn/*"),
        ("s3:ListBucket", "Bucketssource.Arn"),
        ("s3:GetBucketRequestPayment", "Bucketssource.Arn"),
        ("s3:ListBucket", "Bucketsdestination.Arn"),
        ("s3:GetBucketRequestPayment", "Bucketsdestination.Arn"),
        ("s3:GetObject", "Bucketsdestination.Arn/*"),
        ("s3:PutObject", "Bucketsdestination.Arn/*"),
        ("s3:PutObjectTagging", "Bucketsdestination.Arn/*"),
        ("s3:PutObjectVersionTagging", "Bucketsdestination.Arn/*"),
        ("s3:AbortMultipartUpload", "Bucketsdestination.Arn/*"),
        ("s3:ListMultipartUploadParts", "Bucketsdestination.Arn/*"),
        ("sqs:SendMessage", "CopierQueue.Arn"),
        ("events:PutEvents", "TransferBus.Arn"),
    }


def test_the_copier_may_publish_outcomes_and_nothing_else(template: Template) -> None:
    (publishing,) = (
        one
        for policy in of_type(template, "AWS::IAM::Policy").values()
        for one in policy["PolicyDocument"]["Statement"]
        if one["Action"] == "events:PutEvents"
    )
    assert publishing["Condition"] == {
        "ForAllValues:StringEquals": {
            "events:source": "copytrail",
            "events:detail-type": [
                "Object Copied",
                "Object Deletion Copied",
                "Object Copy Skipped",
                "Object Copy Failed",
            ],
        },
        "Null": {"events:source": "false", "events:detail-type": "false"},
    }


def test_the_auditor_may_append_and_nothing_else(template: Template) -> None:
    assert allowed_to(template, "AuditorRole") == own_queues_and_logs("Auditor") | {
        ("dynamodb:PutItem", "AuditTable.Arn"),
    }


def test_each_function_has_a_role_of_its_own_that_only_lambda_may_take(resources: Resources) -> None:
    roles = resources("AWS::IAM::Role")
    assert set(roles) == {"CopierRole", "AuditorRole"}
    for role in roles.values():
        assert not role.keys() & {"ManagedPolicyArns", "Policies"}
        assert [(one["Action"], one["Principal"]) for one in role["AssumeRolePolicyDocument"]["Statement"]] == [
            ("sts:AssumeRole", {"Service": "lambda.amazonaws.com"})
        ]
    functions = resources("AWS::Lambda::Function")
    assert {name: function["Role"] for name, function in functions.items()} == {
        "CopierFunction": "CopierRole.Arn",
        "AuditorFunction": "AuditorRole.Arn",
    }


def test_every_policy_belongs_to_one_of_the_two_roles(resources: Resources) -> None:
    assert sorted(policy["Roles"] for policy in resources("AWS::IAM::Policy").values()) == [
        ["AuditorRole"],
        ["CopierRole"],
    ]


# A route may have several, and routes come and go.
OWN_RULES = {
    f"arn:AWS::Partition:events:AWS::Region:AWS::AccountId:rule/{names}"
    for names in ("copytrail-*", "TransferBus/copytrail-*")
}


def test_nothing_is_allowed_by_a_wildcard_but_keys_and_what_has_no_other_name(template: Template) -> None:
    allowed = [one for one in statements(template) if one["Effect"] == "Allow"]
    assert allowed
    for statement in allowed:
        assert not [action for action in as_list(statement["Action"]) if "*" in action]
        for resource in as_list(statement.get("Resource", [])):
            if "*" in resource and (*as_list(statement["Action"]), resource) not in WITHOUT_OTHER_NAME:
                if resource in OWN_RULES:
                    assert set(as_list(statement["Action"])) == {"events:DescribeRule", "events:ListTargetsByRule"}
                    continue
                bucket, _, keys = resource.partition("/")
                assert bucket in {"Bucketssource.Arn", "Bucketsdestination.Arn"}
                assert keys in {"*", "*copytrail-canary/*"}
                assert all(action.startswith("s3:") for action in as_list(statement["Action"]))


def test_the_only_thing_that_anyone_may_do_is_read_the_public_bucket(template: Template) -> None:
    for_anyone = [
        (one["Action"], one["Resource"])
        for one in statements(template)
        if one["Effect"] == "Allow" and one.get("Principal") in ("*", {"AWS": "*"})
    ]
    assert for_anyone == [("s3:GetObject", "Bucketssource.Arn/*")]


def test_prefixes_narrow_what_the_copier_may_read_and_write(readable: Readable) -> None:
    route = {"from": "source", "to": "destination", "prefixes": ["in/", "a*?$/"], "destinationPrefix": "copies/"}
    on_objects = {grant for grant in allowed_to(readable({"routes": [route]}), "CopierRole") if "/" in grant[1]}
    assert {resource for action, resource in on_objects if action == "s3:GetObjectTagging"} == {
        "Bucketssource.Arn/in/*",
        "Bucketssource.Arn/a${*}${?}${$}/*",
    }
    assert {resource for action, resource in on_objects if action == "s3:PutObject"} == {
        "Bucketsdestination.Arn/copies/*"
    }
