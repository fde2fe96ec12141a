"""CloudFormation on the emulated AWS: change sets, as `cdk deploy` uses them, and ARNs."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

_NAME = "cdk-deploy-change-set"


@pytest.fixture
def cloudformation(gap_aws: Any) -> Iterator[Any]:
    client = boto3.Session("test", "test", region_name="us-east-1").client(
        "cloudformation", endpoint_url=gap_aws.server.endpoint_url
    )
    yield client
    client.close()


def _change(cloudformation: Any, stack: str, kind: str, **properties: Any) -> None:
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": properties}},
        "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}},
    }
    cloudformation.create_change_set(
        StackName=stack, ChangeSetName=_NAME, ChangeSetType=kind, TemplateBody=json.dumps(template)
    )


def test_a_change_set_that_is_not_there_is_deleted_without_a_word_and_otherwise_not_found(cloudformation: Any) -> None:
    cloudformation.delete_change_set(StackName="stack", ChangeSetName=_NAME)

    for call in (cloudformation.describe_change_set, cloudformation.execute_change_set):
        with pytest.raises(ClientError) as refused:
            call(StackName="stack", ChangeSetName=_NAME)
        assert refused.value.response["Error"]["Code"] == "ChangeSetNotFound"


def test_an_executed_change_set_is_gone(cloudformation: Any) -> None:
    _change(cloudformation, "stack", "CREATE")
    cloudformation.execute_change_set(StackName="stack", ChangeSetName=_NAME)

    with pytest.raises(ClientError, match=f"ChangeSet .{_NAME}. does not exist"):
        cloudformation.describe_change_set(StackName="stack", ChangeSetName=_NAME)


def test_a_stack_has_the_outputs_of_the_change_set_that_was_executed_last(cloudformation: Any) -> None:
    for kind, name in (("CREATE", "first"), ("UPDATE", "second")):
        _change(cloudformation, "told", kind, QueueName=name)
        cloudformation.execute_change_set(StackName="told", ChangeSetName=_NAME)

        [stack] = cloudformation.describe_stacks(StackName="told")["Stacks"]
        assert stack["Outputs"] == [{"OutputKey": "Name", "OutputValue": name}]


def test_a_protected_stack_is_not_deleted_until_its_protection_is_taken_off(cloudformation: Any) -> None:
    _change(cloudformation, "kept", "CREATE")
    cloudformation.execute_change_set(StackName="kept", ChangeSetName=_NAME)
    cloudformation.update_termination_protection(StackName="kept", EnableTerminationProtection=True)

    with pytest.raises(ClientError, match=r"Stack .kept. cannot be deleted while TerminationProtection is enabled"):
        cloudformation.delete_stack(StackName="kept")
    [stack] = cloudformation.describe_stacks(StackName="kept")["Stacks"]
    assert stack["EnableTerminationProtection"]

    cloudformation.update_termination_protection(StackName="kept", EnableTerminationProtection=False)
    cloudformation.delete_stack(StackName="kept")
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="kept")


def test_the_arn_of_a_log_group_stands_for_its_streams(cloudformation: Any) -> None:
    template = {
        "Resources": {"Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "group"}}},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Group", "Arn"]}}},
    }
    cloudformation.create_stack(StackName="stack", TemplateBody=json.dumps(template))
    [stack] = cloudformation.describe_stacks(StackName="stack")["Stacks"]
    assert stack["Outputs"][0]["OutputValue"] == "arn:aws:logs:us-east-1:123456789012:log-group:group:*"
