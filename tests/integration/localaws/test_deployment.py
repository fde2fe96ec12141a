"""Whatever a template says is done as CloudFormation and Lambda do it, or refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.deployment import deploy
from localaws.deployment.deploy import DeployError
from localaws.embedded import EmbeddedAws
from localaws.models.resource_types import UnsupportedResourceError
from tests.integration.localaws.small_stack import ASSETS, small_template, stack_of


def test_an_unknown_resource_type_stops_the_deployment_before_anything_is_created(
    aws: EmbeddedAws, tmp_path: Path
) -> None:
    template = small_template({}, {}, {})
    template["Resources"]["Door"] = {"Type": "AWS::EC2::Instance"}
    with pytest.raises(UnsupportedResourceError, match=r"AWS::EC2::Instance \(resource Door\)"):
        deploy.deploy(stack_of(template, tmp_path), aws.client)
    assert aws.client("s3").list_buckets()["Buckets"] == []


def test_cloudformation_itself_refuses_an_unknown_resource_type_whoever_asks(aws: EmbeddedAws) -> None:
    template = small_template({}, {}, {})
    template["Resources"]["Door"] = {"Type": "AWS::EC2::Instance"}
    with pytest.raises(ClientError, match=r"AWS::EC2::Instance \(resource Door\)"):
        aws.client("cloudformation").create_stack(StackName="small", TemplateBody=json.dumps(template))
    assert not aws.client("sqs").list_queues().get("QueueUrls")


@pytest.mark.parametrize(
    ("mapping", "function", "reason"),
    [
        ({"BatchSize": 11}, {}, "MaximumBatchingWindowInSeconds must be at least 1"),
        ({"ScalingConfig": {"MaximumConcurrency": 1}}, {}, "MaximumConcurrency must be at least 2"),
        (
            {"ScalingConfig": {"MaximumConcurrency": 2}, "ProvisionedPollerConfig": {"MaximumPollers": 2}},
            {},
            "ScalingConfig and ProvisionedPollerConfig cannot be used together",
        ),
        ({}, {"Timeout": 121}, "visibility timeout: 120 seconds is less than function timeout: 121"),
        ({"EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:none"}, {}, "which is no queue"),
        ({}, {"Runtime": "nodejs22.x"}, "runs Python functions"),
    ],
)
def test_what_lambda_would_refuse_is_refused(
    deploy_small: Any, mapping: dict[str, Any], function: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DeployError, match=reason):
        deploy_small("", mapping=mapping, function=function)


def test_a_rule_may_refer_to_its_bus(aws: EmbeddedAws, tmp_path: Path) -> None:
    template = small_template({}, {}, {})
    template["Resources"]["Bus"] = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}}
    rule = {"EventBusName": {"Ref": "Bus"}, "EventPattern": {"source": ["x"]}}
    template["Resources"]["Rule"] = {"Type": "AWS::Events::Rule", "Properties": rule}
    deploy.deploy(stack_of(template, tmp_path), aws.client)
    assert len(aws.client("events").list_rules(EventBusName="bus")["Rules"]) == 1


def test_a_changed_template_changes_the_queue_and_the_function(aws: EmbeddedAws, tmp_path: Path) -> None:
    handler = "import os\ndef handler(event, context):\n    return os.environ['GREETING']"
    deploy.deploy(stack_of(small_template({}, {}, {}), tmp_path, handler), aws.client)
    assert aws.lambda_service.functions["small"].invoke(b"{}") == b'"hello"'
    changed = {"Environment": {"Variables": {"GREETING": "goodbye"}}}
    template = small_template({}, changed, {"VisibilityTimeout": 240})
    outputs = deploy.deploy(stack_of(template, tmp_path, handler), aws.client)
    assert aws.lambda_service.functions["small"].invoke(b"{}") == b'"goodbye"'
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=outputs["QueueUrl"], AttributeNames=["All"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "240"


@pytest.mark.parametrize("policy", ["Retain", "RetainExceptOnCreate"])
def test_a_deleted_stack_leaves_behind_what_its_template_says(aws: EmbeddedAws, tmp_path: Path, policy: str) -> None:
    template = small_template({}, {}, {})
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": policy, "Properties": {"BucketName": "kept"}}
    template["Resources"] |= {"Kept": bucket, "Gone": {"Type": "AWS::S3::Bucket"}}
    deploy.deploy(stack_of(template, tmp_path), aws.client)
    aws.client("cloudformation").delete_stack(StackName="small")
    left = {bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]}
    assert left == {"kept", ASSETS}


def test_a_deleted_stack_stops_its_function(aws: EmbeddedAws, deploy_small: Any) -> None:
    small = deploy_small("def handler(event, context):\n    print('SEEN 1')")
    small.function.invoke(b"{}")
    aws.client("cloudformation").delete_stack(StackName="small")
    assert small.function.pumps == []
    assert aws.client("sqs").list_queues().get("QueueUrls") is None


def test_a_change_that_cannot_be_made_is_refused_and_nothing_is_changed(aws: EmbeddedAws, tmp_path: Path) -> None:
    outputs = deploy.deploy(stack_of(small_template({}, {}, {}), tmp_path), aws.client)
    template = small_template({}, {}, {"VisibilityTimeout": 240})
    template["Resources"]["LogGroup"]["Properties"]["RetentionInDays"] = 30
    with pytest.raises(DeployError, match=r"cannot change AWS::Logs::LogGroup \(resource LogGroup\)"):
        deploy.deploy(stack_of(template, tmp_path), aws.client)
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=outputs["QueueUrl"], AttributeNames=["All"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "120"


def test_metadata_is_no_change(aws: EmbeddedAws, tmp_path: Path) -> None:
    deploy.deploy(stack_of(small_template({}, {}, {}), tmp_path), aws.client)
    template = small_template({}, {}, {"VisibilityTimeout": 240})
    for resource in template["Resources"].values():
        resource["Metadata"] = {"aws:cdk:path": "small"}
    outputs = deploy.deploy(stack_of(template, tmp_path), aws.client)
    assert outputs["LogGroupName"]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=outputs["QueueUrl"], AttributeNames=["All"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "240"


def test_bootstrapping_takes_over_the_bucket_that_the_assets_are_in(aws: EmbeddedAws) -> None:
    name = "cdk-hnb659fds-assets-123456789012-us-east-1"
    aws.client("s3").create_bucket(Bucket=name)
    aws.client("s3").put_object(Bucket=name, Key="asset", Body=b"asset")
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}
    aws.client("cloudformation").create_stack(
        StackName="CDKToolkit", TemplateBody=json.dumps({"Resources": {"StagingBucket": bucket}})
    )
    assert aws.client("s3").get_object(Bucket=name, Key="asset")["Body"].read() == b"asset"


def test_a_managed_policy_can_be_changed_again_and_again_and_goes_with_its_stack(
    aws: EmbeddedAws, tmp_path: Path
) -> None:
    iam = aws.client("iam")
    for action in [f"sqs:Action{number}" for number in range(7)]:
        template = small_template({}, {}, {})
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
        policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
        template["Resources"]["Policy"] = policy
        template["Outputs"]["PolicyArn"] = {"Value": {"Ref": "Policy"}}
        arn = deploy.deploy(stack_of(template, tmp_path), aws.client)["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        assert found == document
    aws.client("cloudformation").delete_stack(StackName="small")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_policy(PolicyArn=arn)
