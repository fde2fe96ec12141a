"""What keeps objects and records."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.template import Readable, Resources, allowed_to, as_list, of_type, variables

CLOSED = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}


def buckets(template: Mapping[str, Any]) -> dict[str, Any]:
    return of_type(template, "AWS::S3::Bucket")


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
    policies = of_type(template, "AWS::S3::BucketPolicy")
    effects = [
        statement["Effect"] for policy in policies.values() for statement in policy["PolicyDocument"]["Statement"]
    ]
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


def policies(template: Mapping[str, Any], *kinds: str) -> list[tuple[str, str]]:
    found = [resource for resource in template["Resources"].values() if resource["Type"] in kinds]
    return [(one["DeletionPolicy"], one["UpdateReplacePolicy"]) for one in found]


def test_buckets_outlive_the_stack_with_their_policies_but_not_a_first_deployment_that_fails(
    template: Mapping[str, Any],
) -> None:
    found = policies(template, "AWS::S3::Bucket", "AWS::S3::BucketPolicy")
    assert found == [("RetainExceptOnCreate", "Retain")] * 4


def test_the_audit_table_which_nobody_can_delete_comes_after_what_may_keep_a_first_deployment_from_succeeding(
    template: Mapping[str, Any],
) -> None:
    assert policies(template, "AWS::DynamoDB::Table") == [("Retain", "Retain")]
    assert {"CopierLogGroup", "CopierRole", "Bucketssource", "BucketssourcePolicy", "Bucketsdestination"} <= set(
        template["Resources"]["AuditTable"]["DependsOn"]
    )


KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
OTHER_KEY = "arn:aws:kms:eu-west-1:444455556666:key/mrk-0123456789abcdef"


def kms_grants(template: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {grant for grant in allowed_to(template, "CopierRole") if grant[0].startswith("kms:")}


def test_a_bucket_with_a_key_of_its_own_encrypts_with_it_and_the_copier_may_use_it(readable: Readable) -> None:
    template = readable({"buckets": {"source": {"kmsKeyArn": KEY}, "destination": {"kmsKeyArn": OTHER_KEY}}})
    encryption = {
        name: one["BucketEncryption"]["ServerSideEncryptionConfiguration"] for name, one in buckets(template).items()
    }
    assert encryption == {
        f"Buckets{alias}": [
            {
                "BucketKeyEnabled": True,
                "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
            }
        ]
        for alias, key in (("source", KEY), ("destination", OTHER_KEY))
    }
    assert kms_grants(template) == {
        ("kms:Decrypt", KEY),
        ("kms:Decrypt", OTHER_KEY),
        ("kms:GenerateDataKey", OTHER_KEY),
    }


def test_of_a_bucket_that_is_already_there_the_copier_may_use_the_key(readable: Readable) -> None:
    theirs = {"name": "already-there", "existing": True, "kmsKeyArn": KEY}
    assert kms_grants(readable({"buckets": {"source": theirs, "destination": {}}})) == {("kms:Decrypt", KEY)}


def test_without_a_key_the_copier_may_use_none(template: Mapping[str, Any]) -> None:
    assert kms_grants(template) == set()


def test_a_route_says_in_which_storage_class_it_writes(readable: Readable) -> None:
    template = readable({"routes": [{"from": "source", "to": "destination", "storageClass": "GLACIER_IR"}]})
    assert '"storageClass":"GLACIER_IR"' in variables(template, "CopierFunction")["ROUTES"]


def test_a_bucket_keeps_versions_when_asked(readable: Readable) -> None:
    template = readable({"buckets": {"source": {"versioned": True}, "destination": {}}})
    assert buckets(template)["Bucketssource"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "VersioningConfiguration" not in buckets(template)["Bucketsdestination"]


def test_a_bucket_that_is_already_there_is_used_and_left_as_it_is(readable: Readable) -> None:
    theirs = {"name": "already-there", "existing": True, "account": "111122223333"}
    nobodys = {"name": "somebodys", "existing": True}
    template = readable({"buckets": {"source": theirs, "destination": nobodys}})
    assert buckets(template) == {}
    given = variables(template, "CopierFunction")
    assert given["BUCKET_OWNERS"] == '{"already-there":"111122223333"}'
    assert given["ROUTES"] == '[{"sourceBucket":"already-there","destinationBucket":"somebodys"}]'
    # Commands send the owner with each request to it.
    assert template["Outputs"]["ExistingBuckets"]["Value"] == '{"source":"111122223333","destination":null}'


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


def test_no_record_is_ever_changed_and_only_the_auditor_appends(resources: Resources) -> None:
    (table,) = resources("AWS::DynamoDB::Table").values()
    assert denials(table) == {
        "RecordsAreNeverChanged": (CHANGES, None),
        "OnlyTheAuditorAppends": (["dynamodb:PutItem"], {"ArnNotEquals": {"aws:PrincipalArn": ["AuditorRole.Arn"]}}),
    }


def test_a_break_glass_role_may_change_records_where_one_is_named(readable: Readable) -> None:
    role = "arn:aws:iam::111122223333:role/security/break-glass"
    (table,) = of_type(readable({"auditTable": {"breakGlassRoleArn": role}}), "AWS::DynamoDB::Table").values()
    assert denials(table) == {
        "RecordsAreNeverChanged": (CHANGES, {"ArnNotEquals": {"aws:PrincipalArn": [role]}}),
        "OnlyTheAuditorAppends": (
            ["dynamodb:PutItem"],
            {"ArnNotEquals": {"aws:PrincipalArn": ["AuditorRole.Arn", role]}},
        ),
    }


def test_nothing_is_backed_up_beside_point_in_time_recovery_unless_asked_for(template: Mapping[str, Any]) -> None:
    assert [one for one in template["Resources"].values() if one["Type"].startswith("AWS::Backup::")] == []


def test_the_table_is_backed_up_each_night_where_it_is_asked_for(readable: Readable) -> None:
    template = readable({"auditTable": {"backupDays": 3650}})
    (plan,) = of_type(template, "AWS::Backup::BackupPlan").values()
    assert plan["BackupPlan"]["BackupPlanName"] == "copytrail"
    (rule,) = plan["BackupPlan"]["BackupPlanRule"]
    assert rule == {
        "RuleName": "Nightly",
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "Lifecycle": {"DeleteAfterDays": 3650},
        "TargetBackupVault": "BackupsVault.BackupVaultName",
    }
    (selection,) = of_type(template, "AWS::Backup::BackupSelection").values()
    assert selection["BackupSelection"] == {
        "IamRoleArn": "BackupsRole.Arn",
        "SelectionName": "AuditTable",
        "Resources": ["AuditTable.Arn"],
    }


def test_nobody_deletes_a_backup_early_and_the_vault_outlives_the_stack(readable: Readable) -> None:
    template = readable({"auditTable": {"backupDays": 3650}})
    (vault,) = of_type(template, "AWS::Backup::BackupVault").values()
    (denied,) = vault["AccessPolicy"]["Statement"]
    assert (denied["Effect"], denied["Principal"]) == ("Deny", {"AWS": "*"})
    assert denied["Action"] == ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"]
    # What a first deployment that fails would leave is empty.
    assert policies(template, "AWS::Backup::BackupVault") == [("RetainExceptOnCreate", "Retain")]


def test_a_vault_that_stayed_has_not_the_name_of_that_of_the_next_stack(readable: Readable) -> None:
    stack = "a-stack-of-a-rather-long-name"
    template = readable({"stackName": stack, "auditTable": {"backupDays": 1}})
    (vault,) = of_type(template, "AWS::Backup::BackupVault").values()
    beginning, id_ = vault["BackupVaultName"].split("-AWS::StackId", 1)
    # A stack's id ends in a UUID; "CreateBackupVault", AWS Backup API reference: up to 50 characters.
    assert id_ == ".split(/)[2]"
    assert stack.startswith(beginning)
    assert len(beginning) + len("-") + 36 <= 50


def test_only_aws_backup_may_take_the_role_for_backups_which_does_not_restore(readable: Readable) -> None:
    role = of_type(readable({"auditTable": {"backupDays": 1}}), "AWS::IAM::Role")["BackupsRole"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "backup.amazonaws.com"}
    assert role["ManagedPolicyArns"] == [
        "arn:AWS::Partition:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
    ]


CHANGES = [
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:DeleteTable",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:UpdateItem",
    "dynamodb:UpdateTimeToLive",
]


def denials(table: Mapping[str, Any]) -> Mapping[str, tuple[list[str], Any]]:
    """Name → actions and condition; the policy does nothing but deny, and that to everybody."""
    found = table["ResourcePolicy"]["PolicyDocument"]["Statement"]
    assert {(one["Effect"], one["Principal"]["AWS"], one["Resource"]) for one in found} == {("Deny", "*", "*")}
    return {one["Sid"]: (as_list(one["Action"]), one.get("Condition")) for one in found}
