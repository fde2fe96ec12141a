"""A small stack around a handler of a test's own: queue, dead-letter queue, function, mapping."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from localaws.deployment.deploy import Asset, Stack
from localaws.embedded import EmbeddedAws
from tests.deployed import DeployedFunction

ASSETS = "cdk-assets"


@dataclass(frozen=True)
class Small:
    """The small stack, deployed."""

    aws: EmbeddedAws
    queue_url: str
    dlq_url: str

    @property
    def function(self) -> DeployedFunction:
        return DeployedFunction(self.aws, "small")

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.aws.client("sqs").send_message(QueueUrl=self.queue_url, MessageBody=body)

    def waiting(self, queue_url: str | None = None) -> int:
        return self._attribute(queue_url, "ApproximateNumberOfMessages")

    def in_flight(self) -> int:
        return self._attribute(None, "ApproximateNumberOfMessagesNotVisible")

    def _attribute(self, queue_url: str | None, name: str) -> int:
        url = queue_url or self.queue_url
        answer = self.aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return int(answer["Attributes"][name])

    def seen(self, mark: str = "SEEN ") -> list[Any]:
        """What the handler printed as `SEEN <json>`."""
        lines = self.function.log_lines()
        return [json.loads(line.removeprefix(mark)) for line in lines if line.startswith(mark)]


# A function that cannot start ends the embedded AWS after three tries.
_NOTHING = "def handler(event, context): pass"


def stack_of(template: dict[str, Any], directory: Path, handler: str = _NOTHING) -> Stack:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("small.py", dedent(handler))
    (directory / "code.zip").write_bytes(code.getvalue())
    (directory / "template.json").write_text(json.dumps(template))
    template_asset = Asset(directory / "template.json", ASSETS, "template.json")
    return Stack("small", template, (Asset(directory / "code.zip", ASSETS, "code.zip"), template_asset), template_asset)


def small_template(mapping: dict[str, Any], function: dict[str, Any], queue: dict[str, Any]) -> dict[str, Any]:
    resources = {
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
                "FunctionName": {"Ref": "Function"},
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                **mapping,
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "small",
                "Runtime": "python3.13",
                "Handler": "small.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"S3Bucket": ASSETS, "S3Key": "code.zip"},
                "Timeout": 20,
                "MemorySize": 256,
                "Architectures": ["arm64"],
                "LoggingConfig": {"LogGroup": {"Ref": "LogGroup"}},
                "Environment": {"Variables": {"GREETING": "hello", "QUEUE_URL": {"Ref": "Queue"}}},
                **function,
            },
        },
        "LogGroup": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
        },
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "VisibilityTimeout": 120,
                "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dlq", "Arn"]}, "maxReceiveCount": 2},
                **queue,
            },
        },
        "Dlq": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1209600}},
    }
    outputs = {"QueueUrl": {"Value": {"Ref": "Queue"}}, "DlqUrl": {"Value": {"Ref": "Dlq"}}}
    outputs["LogGroupName"] = {"Value": {"Ref": "LogGroup"}}
    return {"Resources": resources, "Outputs": outputs}
