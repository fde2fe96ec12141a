"""What hardens a stack, each by its setting, and that nothing of it is there without."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.hardened import HARDENED, KEY
from tests.infra.template import Readable, Resources, Template, allowed_to, as_list, of_type

HERE = "AWS::Region:AWS::AccountId"


@pytest.fixture
def hardened(readable: Readable) -> Template:
    return readable(HARDENED)


def test_a_version_that_was_replaced_expires_with_the_delete_marker_over_it(hardened: Template) -> None:
    found = of_type(hardened, "AWS::S3::Bucket")
    for name, days in (("Bucketssource", 30), ("Bucketsdestination", 365)):
        assert found[name]["VersioningConfiguration"] == {"Status": "Enabled"}
        assert found[name]["LifecycleConfiguration"]["Rules"] == [
            {
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                "NoncurrentVersionExpiration": {"NoncurrentDays": days},
                "ExpiredObjectDeleteMarker": True,
                "Status": "Enabled",
            }
        ]


def test_versions_that_nobody_wants_gone_are_kept(readable: Readable) -> None:
    bucket = of_type(readable({"buckets": {"source": {}, "destination": {"versioned": True}}}), "AWS::S3::Bucket")
    [rule] = bucket["Bucketsdestination"]["LifecycleConfiguration"]["Rules"]
    assert "NoncurrentVersionExpiration" not in rule


@pytest.mark.parametrize("alias", ["source", "destination"])
def test_s3_alone_may_write_access_logs_and_for_these_buckets_only(hardened: Template, alias: str) -> None:
    found = of_type(hardened, "AWS::S3::Bucket")
    assert found[f"Buckets{alias}"]["LoggingConfiguration"] == {
        "DestinationBucketName": "AccessLogs",
        "LogFilePrefix": f"{alias}/",
    }
    policy = of_type(hardened, "AWS::S3::BucketPolicy")["AccessLogsPolicy"]["PolicyDocument"]
    assert len(policy["Statement"]) == 3
    [statement] = [each for each in policy["Statement"] if each["Resource"] == f"AccessLogs.Arn/{alias}/*"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"AccessLogs.Arn/{alias}/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"Buckets{alias}.Arn"},
            "StringEquals": {"aws:SourceAccount": "AWS::AccountId"},
        },
    }


def test_the_bucket_of_access_logs_is_private_takes_no_acl_and_lets_logs_go(hardened: Template) -> None:
    bucket = of_type(hardened, "AWS::S3::Bucket")["AccessLogs"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 400
    # With KMS, S3 would deliver none.
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert "LoggingConfiguration" not in bucket


def test_access_logs_go_to_a_bucket_that_is_there_already_and_its_policy_is_its_owners(readable: Readable) -> None:
    template = readable({"accessLogs": {"existing": True, "bucketName": "the-logs"}})
    found = of_type(template, "AWS::S3::Bucket")
    assert set(found) == {"Bucketssource", "Bucketsdestination"}
    assert {bucket["LoggingConfiguration"]["DestinationBucketName"] for bucket in found.values()} == {"the-logs"}
    assert len(of_type(template, "AWS::S3::BucketPolicy")) == 2


def test_every_resource_that_takes_tags_has_them(hardened: Template) -> None:
    tags = [{"Key": "cost-centre", "Value": "4711"}, {"Key": "team", "Value": "storage"}]
    # What CloudFormation's reference gives no tags, or the CDK does not pass on.
    without = {
        *("AWS::Events::EventBusPolicy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::S3::BucketPolicy"),
        *("AWS::Logs::QueryDefinition", "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"),
    }
    for name, resource in hardened["Resources"].items():
        if resource["Type"] not in without:
            assert resource["Properties"].get("Tags") == tags, name


def test_what_is_reserved_and_polled_is_as_it_was_asked_for(hardened: Template) -> None:
    functions = of_type(hardened, "AWS::Lambda::Function")
    assert functions["CopierFunction"]["ReservedConcurrentExecutions"] == 200
    assert functions["AuditorFunction"]["ReservedConcurrentExecutions"] == 10
    mappings = of_type(hardened, "AWS::Lambda::EventSourceMapping")
    assert mappings["CopierMapping"]["ProvisionedPollerConfig"] == {"MinimumPollers": 2, "MaximumPollers": 20}
    # Lambda takes one or the other.
    assert "ScalingConfig" not in mappings["CopierMapping"]
    assert mappings["AuditorMapping"]["ScalingConfig"] == {"MaximumConcurrency": 10}


def test_one_key_encrypts_queues_tables_and_logs(hardened: Template) -> None:
    queues = of_type(hardened, "AWS::SQS::Queue").values()
    assert [queue["KmsMasterKeyId"] for queue in queues] == ["CustomerKey.Arn"] * 4
    assert not any("SqsManagedSseEnabled" in queue for queue in queues)
    [topic] = of_type(hardened, "AWS::SNS::Topic").values()
    assert topic["KmsMasterKeyId"] == "CustomerKey.Arn"
    groups = of_type(hardened, "AWS::Logs::LogGroup").values()
    assert [group["KmsKeyId"] for group in groups] == ["CustomerKey.Arn"] * 2
    assert of_type(hardened, "AWS::DynamoDB::Table")["AuditTable"]["SSESpecification"] == {
        "KMSMasterKeyId": "CustomerKey.Arn",
        "SSEEnabled": True,
        "SSEType": "KMS",
    }


def test_the_key_rotates_and_stays_as_the_records_do(hardened: Template) -> None:
    # By which `make deploy` tells that it would be done without.
    assert hardened["Outputs"]["CustomerKeyArn"]["Value"] == "CustomerKey.Arn"
    key = hardened["Resources"]["CustomerKey"]
    assert key["Properties"]["EnableKeyRotation"] is True
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_beside_the_account_only_eventbridge_alarms_and_cloudwatch_logs_may_use_the_key(hardened: Template) -> None:
    root, *services = hardened["Resources"]["CustomerKey"]["Properties"]["KeyPolicy"]["Statement"]
    # So that IAM policies count at all ("Default key policy", KMS developer guide).
    assert root["Principal"] == {"AWS": "arn:AWS::Partition:iam::AWS::AccountId:root"}
    found = {statement["Principal"]["Service"]: statement for statement in services}
    senders = {"events.amazonaws.com", "cloudwatch.amazonaws.com"}
    assert set(found) == {*senders, "logs.AWS::Region.amazonaws.com"}
    for sender in senders:
        assert found[sender]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert found[sender]["Condition"] == {"StringEquals": {"aws:SourceAccount": "AWS::AccountId"}}
    assert found["logs.AWS::Region.amazonaws.com"]["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:AWS::Partition:logs:{HERE}:log-group:copytrail-*"}
    }


def uses_of_keys(policies: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """Action, key and service through which, of each statement about keys."""
    return {
        (action, key, service)
        for policy in policies.values()
        for statement in policy["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
        if action.startswith("kms:")
        for key in as_list(statement["Resource"])
        for service in as_list(statement["Condition"]["StringEquals"]["kms:ViaService"])
    }


SQS, DYNAMODB = "sqs.AWS::Region.amazonaws.com", "dynamodb.AWS::Region.amazonaws.com"
TO_QUEUES = {("kms:Decrypt", "CustomerKey.Arn", SQS), ("kms:GenerateDataKey", "CustomerKey.Arn", SQS)}
FROM_TABLES = {("kms:Decrypt", "CustomerKey.Arn", DYNAMODB), ("kms:DescribeKey", "CustomerKey.Arn", DYNAMODB)}
TO_TABLES = FROM_TABLES | {
    (f"kms:{action}", "CustomerKey.Arn", DYNAMODB)
    for action in ("Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo")
}


def test_the_functions_may_use_keys_for_what_they_do_and_through_the_service_that_does_it(hardened: Template) -> None:
    def of(role: str) -> set[tuple[str, str, str]]:
        policies = of_type(hardened, "AWS::IAM::Policy")
        return uses_of_keys({name: policy for name, policy in policies.items() if role in policy["Roles"]})

    s3 = {
        ("kms:Decrypt", KEY, "s3.eu-west-1.amazonaws.com"),
        ("kms:GenerateDataKey", KEY, "s3.eu-west-1.amazonaws.com"),
    }
    assert of("CopierRole") == s3 | TO_QUEUES
    assert of("AuditorRole") == TO_QUEUES | TO_TABLES


def test_the_order_of_versions_is_kept_in_a_table_with_the_same_key(readable: Readable) -> None:
    versioned = {"source": {"versioned": True}, "destination": {"versioned": True}}
    route = {"from": "source", "to": "destination", "versions": "every"}
    template = readable({"buckets": versioned, "routes": [route], "customerKey": True})
    assert of_type(template, "AWS::DynamoDB::Table")["PlacementTable"]["SSESpecification"]["SSEType"] == "KMS"
    keys = {grant for grant in allowed_to(template, "CopierRole") if grant[0].startswith("kms:")}
    assert keys == {(action, key) for action, key, _ in TO_QUEUES | TO_TABLES}


def test_operators_may_use_the_key_to_read_and_to_replay(hardened: Template) -> None:
    policies = of_type(hardened, "AWS::IAM::ManagedPolicy")
    reading = {("kms:Decrypt", "CustomerKey.Arn", SQS)} | FROM_TABLES
    assert uses_of_keys({"reader": policies["ReaderPolicy"]}) == reading
    # A canary is uploaded to the source, which has a key of its own here.
    canary = {("kms:GenerateDataKey", KEY, "s3.eu-west-1.amazonaws.com")}
    assert uses_of_keys({"replayer": policies["ReplayerPolicy"]}) == TO_QUEUES | canary
    assert uses_of_keys({"auditor": policies["AuditReplayerPolicy"]}) == TO_QUEUES


def test_where_no_alarm_is_sent_to_a_topic_of_the_stack_none_may_use_the_key(readable: Readable) -> None:
    [key] = of_type(readable({"customerKey": True}), "AWS::KMS::Key").values()
    services = [statement["Principal"].get("Service") for statement in key["KeyPolicy"]["Statement"]]
    assert "cloudwatch.amazonaws.com" not in services


def test_without_these_settings_none_of_it_is_there(resources: Resources, template: Template) -> None:
    assert resources("AWS::KMS::Key") == {}
    assert len(resources("AWS::S3::Bucket")) == 2
    assert not any("Tags" in resource.get("Properties", {}) for resource in template["Resources"].values())
    assert not any("ReservedConcurrentExecutions" in each for each in resources("AWS::Lambda::Function").values())
    assert not any("ProvisionedPollerConfig" in each for each in resources("AWS::Lambda::EventSourceMapping").values())
