"""What keeps objects and records."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

Resources = Callable[[str], Mapping[str, Any]]
Readable = Callable[[Mapping[str, Any]], Mapping[str, Any]]

CLOSED = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}


def buckets(template: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::S3::Bucket"
    }


def test_a_source_sends_its_events_to_eventbridge_and_a_destination_does_not(resources: Resources) -> None:
    found = resources("AWS::S3::Bucket")
    assert found["Bucketssource"]["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    assert "NotificationConfiguration" not in found["Bucketsdestination"]


def test_the_shipped_source_opens_its_objects_to_readers_by_policy_only(resources: Resources) -> None:
    assert resources("AWS::S3::Bucket")["Bucketssource"]["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": False,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": False,
    }


def test_the_shipped_destination_blocks_all_public_access(resources: Resources) -> None:
    assert resources("AWS::S3::Bucket")["Bucketsdestination"]["PublicAccessBlockConfiguration"] == CLOSED


def test_nothing_is_public_unless_asked_for(readable: Readable) -> None:
    template = readable({})
    assert [one["PublicAccessBlockConfiguration"] for one in buckets(template).values()] == [CLOSED, CLOSED]
    policies = [one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::S3::BucketPolicy"]
    effects = [statement["Effect"] for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    assert effects == ["Deny", "Deny"]


@pytest.mark.parametrize("bucket", ["Bucketssource", "Bucketsdestination"])
def test_a_bucket_is_encrypted_and_refuses_acls_and_plain_http(resources: Resources, bucket: str) -> None:
    properties = resources("AWS::S3::Bucket")[bucket]
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [
        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    ]
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (policy,) = (one for one in resources("AWS::S3::BucketPolicy").values() if one["Bucket"] == bucket)
    deny = policy["PolicyDocument"]["Statement"][0]
    assert (deny["Effect"], deny["Action"], deny["Principal"]) == ("Deny", "s3:*", {"AWS": "*"})
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert deny["Resource"] == [f"{bucket}.Arn", f"{bucket}.Arn/*"]


@pytest.mark.parametrize("bucket", ["Bucketssource", "Bucketsdestination"])
def test_a_bucket_clears_abandoned_multipart_uploads_after_a_week(resources: Resources, bucket: str) -> None:
    assert resources("AWS::S3::Bucket")[bucket]["LifecycleConfiguration"] == {
        "Rules": [{"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}, "Status": "Enabled"}]
    }


def test_objects_and_records_outlive_the_stack_with_their_protection(template: Mapping[str, Any]) -> None:
    kept = {"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::DynamoDB::Table"}
    found = [resource for resource in template["Resources"].values() if resource["Type"] in kept]
    assert len(found) == 5
    assert {(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in found} == {("Retain", "Retain")}


def test_a_bucket_keeps_versions_when_asked(readable: Readable) -> None:
    template = readable({"buckets": {"source": {"versioned": True}, "destination": {}}})
    assert buckets(template)["Bucketssource"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "VersioningConfiguration" not in buckets(template)["Bucketsdestination"]


def test_a_bucket_that_is_already_there_is_used_and_left_as_it_is(readable: Readable) -> None:
    theirs = {"name": "already-there", "existing": True, "account": "111122223333"}
    nobodys = {"name": "somebodys", "existing": True}
    template = readable({"buckets": {"source": theirs, "destination": nobodys}})
    assert buckets(template) == {}
    variables = template["Resources"]["CopierFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["BUCKET_OWNERS"] == '{"already-there":"111122223333"}'
    assert variables["ROUTES"] == '[{"sourceBucket":"already-there","destinationBucket":"somebodys"}]'


def test_the_audit_table_is_keyed_by_log_id_with_both_indexes_and_protected(resources: Resources) -> None:
    (table,) = resources("AWS::DynamoDB::Table").values()
    assert table["KeySchema"] == [{"AttributeName": "LogID", "KeyType": "HASH"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    keys = {
        index["IndexName"]: [(key["AttributeName"], key["KeyType"]) for key in index["KeySchema"]]
        for index in table["GlobalSecondaryIndexes"]
    }
    assert keys == {
        "ByObject": [("SourceObject", "HASH"), ("UploadedAt", "RANGE")],
        "ByDay": [("DayShard", "HASH"), ("FinishedOrder", "RANGE")],
    }
    assert [index["Projection"] for index in table["GlobalSecondaryIndexes"]] == [{"ProjectionType": "ALL"}] * 2
    assert {attribute["AttributeType"] for attribute in table["AttributeDefinitions"]} == {"S"}
