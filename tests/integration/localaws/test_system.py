"""What copytrail's own template says is really there afterwards, read back through the APIs."""

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from infra.bundling import ROOT
from infra.preflight import obstacles
from infra.validation import read_settings
from localaws.embedded import EmbeddedAws
from shared.audit_log import schema
from tests.deployed import DeployedFunction


@pytest.fixture(scope="module")
def system() -> Iterator[tuple[EmbeddedAws, dict[str, str]]]:
    with EmbeddedAws() as aws:
        yield aws, aws.deploy()


System = tuple[EmbeddedAws, dict[str, str]]


def bucket(system: System, name: str) -> str:
    [route] = json.loads(system[1]["Routes"])
    return str(route[f"{name}Bucket"])


def queue(system: System, output: str) -> dict[str, str]:
    sqs = system[0].client("sqs")
    answer = sqs.get_queue_attributes(QueueUrl=system[1][output], AttributeNames=["All"])
    return dict(answer["Attributes"])


def test_the_outputs_are_those_that_the_command_line_reads(system: System) -> None:
    assert system[1].keys() >= {
        "Routes", "TransferBusName", "CopyQueueUrl", "CopyDlqUrl", "AuditQueueUrl", "AuditDlqUrl", "AuditTableName",
        "CopierFunctionName", "AuditorFunctionName", "CopierLogGroupName", "AuditorLogGroupName",
    }  # fmt: skip


@pytest.mark.parametrize(("source", "dlq"), [("CopyQueueUrl", "CopyDlqUrl"), ("AuditQueueUrl", "AuditDlqUrl")])
def test_a_queue_has_its_visibility_timeout_its_dead_letter_queue_and_its_policy(
    system: System, source: str, dlq: str
) -> None:
    attributes, dead_letters = queue(system, source), queue(system, dlq)
    redrive = json.loads(attributes["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == dead_letters["QueueArn"]
    assert int(redrive["maxReceiveCount"]) >= 5
    assert int(attributes["VisibilityTimeout"]) >= 360
    assert dead_letters["MessageRetentionPeriod"] == "1209600"
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert "events.amazonaws.com" in attributes["Policy"]
    assert "events.amazonaws.com" in dead_letters["Policy"]


def test_the_source_bucket_tells_of_uploads_and_may_be_read_by_all(system: System) -> None:
    s3, name = system[0].client("s3"), bucket(system, "source")
    copier = DeployedFunction(system[0], system[1]["CopierFunctionName"])
    copier.pause()
    s3.put_object(Bucket=name, Key="public.txt", Body=b"all")
    assert queue(system, "CopyQueueUrl")["ApproximateNumberOfMessages"] == "1"
    copier.resume()
    anonymous = boto3.client("s3", endpoint_url=system[0].endpoint_url, config=Config(signature_version=UNSIGNED))
    assert anonymous.get_object(Bucket=name, Key="public.txt")["Body"].read() == b"all"
    anonymous.close()


def test_the_destination_bucket_lets_nothing_become_public(system: System) -> None:
    s3, name = system[0].client("s3"), bucket(system, "destination")
    block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert len(block) == 4


@pytest.mark.parametrize("which", ["source", "destination"])
def test_a_bucket_has_its_lifecycle_ownership_encryption_and_policy(system: System, which: str) -> None:
    s3, name = system[0].client("s3"), bucket(system, which)
    [rule] = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert rule["Status"] == "Enabled"
    [ownership] = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert ownership["ObjectOwnership"] == "BucketOwnerEnforced"
    assert s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=name)["Policy"]


def test_the_table_has_its_keys_indexes_recovery_and_protection(system: System) -> None:
    dynamodb, name = system[0].client("dynamodb"), system[1]["AuditTableName"]
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["KeySchema"] == [{"AttributeName": schema.PARTITION_KEY, "KeyType": "HASH"}]
    indexes = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
    assert indexes.keys() == {schema.BY_OBJECT, schema.BY_DAY}
    assert {index["Projection"]["ProjectionType"] for index in indexes.values()} == {"ALL"}
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"] is True
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    policy = json.loads(dynamodb.get_resource_policy(ResourceArn=table["TableArn"])["Policy"])
    assert {statement["Effect"] for statement in policy["Statement"]} == {"Deny"}


def test_each_rule_leads_to_its_queue_with_a_dead_letter_queue(system: System) -> None:
    events, bus = system[0].client("events"), system[1]["TransferBusName"]
    targets = []
    for name in ("default", bus):
        for rule in events.list_rules(EventBusName=name)["Rules"]:
            targets += events.list_targets_by_rule(Rule=rule["Name"], EventBusName=name)["Targets"]
    copy, audit = ("CopyQueueUrl", "CopyDlqUrl"), ("AuditQueueUrl", "AuditDlqUrl")
    arns = [tuple(queue(system, output)["QueueArn"] for output in pair) for pair in (copy, copy, audit)]
    assert sorted((target["Arn"], target["DeadLetterConfig"]["Arn"]) for target in targets) == sorted(arns)


def test_log_groups_have_a_retention_and_functions_their_settings(system: System) -> None:
    aws, outputs = system
    groups = {group["logGroupName"]: group for group in aws.client("logs").describe_log_groups()["logGroups"]}
    for output in ("CopierLogGroupName", "AuditorLogGroupName"):
        assert groups[outputs[output]]["retentionInDays"] > 0
    for output in ("CopierFunctionName", "AuditorFunctionName"):
        configuration = aws.client("lambda").get_function_configuration(FunctionName=outputs[output])
        assert configuration["Architectures"] == ["arm64"]
        assert configuration["Runtime"] == "python3.13"
    mappings = aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert [mapping["State"] for mapping in mappings] == ["Enabled", "Enabled"]


def test_what_is_in_the_way_is_told_of_another_stack_and_not_of_the_one_that_is_up(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in system[0].environment.items():
        monkeypatch.setenv(name, value)
    shipped = json.loads((ROOT / "cdk.json").read_text())["context"]["copytrail"]

    def found(stack_name: str, *, imports: bool = False) -> list[str]:
        settings = read_settings(shipped | {"stackName": stack_name})
        told = [text for text, _ in obstacles(settings, boto3.Session(), imports=imports)]
        assert told[0].startswith("the CDK is not set up in account 123456789012, us-east-1: run `make bootstrap`")
        return [text.partition(" (")[0] for text in told[1:]]

    assert found(system[0].stack_name or "") == []
    lasting = ["the table devops-S3CopyLogs", "the bucket devops-public-5607", "the bucket devops-private-28593"]
    others = ["the function devops-copyfunction", "the role lambda_execution_role"]
    assert found("another") == [*others, *lasting]
    assert found("another", imports=True) == others
