"""What things are called, and how they are found."""

import json

from tests.infra.template import Readable, Template

NAME_PROPERTIES = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Logs::LogGroup": "LogGroupName",
}


def chosen_names(template: Template) -> set[str]:
    return {
        resource["Properties"][property_]
        for resource in template["Resources"].values()
        if (property_ := NAME_PROPERTIES.get(resource["Type"])) and property_ in resource["Properties"]
    }


def test_the_shipped_configuration_has_the_names_that_were_asked_for(template: Template) -> None:
    assert chosen_names(template) == {
        "devops-public-5607",
        "devops-private-28593",
        "devops-copyfunction",
        "lambda_execution_role",
        "devops-S3CopyLogs",
    }


def test_logs_go_to_a_group_that_no_earlier_function_left_and_an_output_names_it(template: Template) -> None:
    copier = template["Resources"]["CopierFunction"]["Properties"]
    assert copier["FunctionName"] == "devops-copyfunction"
    assert copier["LoggingConfig"] == {"LogGroup": "CopierLogGroup"}
    assert "LogGroupName" not in template["Resources"]["CopierLogGroup"]["Properties"]
    assert template["Outputs"]["CopierLogGroupName"]["Value"] == "CopierLogGroup"


def test_every_name_can_be_left_out(readable: Readable, template: Template) -> None:
    shipped, template = template, readable({})
    assert chosen_names(template) == set()
    assert template["Outputs"].keys() == shipped["Outputs"].keys()


def test_two_stacks_share_no_name(readable: Readable) -> None:
    def names(stack_name: str) -> set[str]:
        found = readable({"stackName": stack_name})["Resources"].values()
        return {one["Properties"]["Name"] for one in found if one["Type"].startswith("AWS::Events::")}

    assert len(names("blue")) == 4
    assert not names("blue") & names("green")


def test_no_alias_stands_for_what_belongs_to_another_bucket(readable: Readable) -> None:
    source = {"requestMetrics": "all", "kmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1"}
    sources = ("in", "inKey", "inWrites", "Outcomes")
    template = readable(
        {
            "buckets": {**dict.fromkeys(sources, source), "out": {}},
            "routes": [{"from": alias, "to": "out", "destinationPrefix": f"{alias}/"} for alias in sources],
        }
    )
    types = [one["Type"] for one in template["Resources"].values()]
    assert (types.count("AWS::S3::Bucket"), types.count("AWS::CloudWatch::CompositeAlarm")) == (5, 4)


def test_the_outputs_say_where_everything_is(template: Template) -> None:
    outputs = {name: output["Value"] for name, output in template["Outputs"].items()}
    assert json.loads(outputs.pop("Routes")) == [
        {"sourceBucket": "Bucketssource", "destinationBucket": "Bucketsdestination"}
    ]
    assert json.loads(outputs.pop("BucketNames")) == {
        "source": "Bucketssource",
        "destination": "Bucketsdestination",
    }
    assert json.loads(outputs.pop("Parts")) == {"threshold": 256 * 1024**2, "part": 256 * 1024**2}
    assert json.loads(outputs.pop("KmsKeyArns")) == []
    assert outputs == {
        "ExistingBuckets": "{}",
        "TransferBusName": "TransferBus",
        "CopyQueueUrl": "CopierQueue",
        "CopyDlqUrl": "CopierDeadLetterQueue",
        "AuditQueueUrl": "AuditorQueue",
        "AuditDlqUrl": "AuditorDeadLetterQueue",
        "AuditTableName": "AuditTable",
        "CopierRoleArn": "CopierRole.Arn",
        "CopierFunctionName": "CopierFunction",
        "AuditorFunctionName": "AuditorFunction",
        "CopierMappingId": "CopierMapping",
        "AuditorMappingId": "AuditorMapping",
        "CopierLogGroupName": "CopierLogGroup",
        "AuditorLogGroupName": "AuditorLogGroup",
        "ReaderPolicyArn": "ReaderPolicy",
        "ConfigurationReaderPolicyArn": "ConfigurationReaderPolicy",
        "BucketReaderPolicyArn": "BucketReaderPolicy",
        "ReplayerPolicyArn": "ReplayerPolicy",
        "AuditReplayerPolicyArn": "AuditReplayerPolicy",
    }
