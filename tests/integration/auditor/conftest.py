"""The auditor's surroundings: table, queues, environment and Lambda's context."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from services.auditor import wiring
from services.auditor.handler import handler
from shared.lambda_runtime.powertools import logger, metrics
from tests.fakes.audit_table import create_audit_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

REGION = "us-east-1"


class Context:
    """What Lambda hands a function beside the event."""

    function_name = "auditor"
    function_version = "$LATEST"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:auditor"
    aws_request_id = "7"

    def __init__(self, seconds_left: float = 30) -> None:
        self._seconds_left = seconds_left

    def get_remaining_time_in_millis(self) -> int:
        return round(self._seconds_left * 1000)


@dataclass
class Deployed:
    """The auditor with a table and queues of its own."""

    dynamodb: "DynamoDBClient"
    sqs: "SQSClient"
    queue_url: str
    dead_letter_url: str
    log: StringIO

    def deliver(self, *bodies: str, seconds_left: float = 30) -> set[str]:
        """Send messages, deliver them in one batch; the bodies that must be delivered again."""
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=body)
        messages = self.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        )["Messages"]
        response = handler({"Records": [_as_event(message) for message in messages]}, Context(seconds_left))
        again = {failure["itemIdentifier"] for failure in response["batchItemFailures"]}
        return {message["Body"] for message in messages if message["MessageId"] in again}

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table."""
        return self.dynamodb.scan(TableName="audit")["Items"]

    def letters(self) -> list[Any]:
        """Everything in the dead-letter queue."""
        received = self.sqs.receive_message(
            QueueUrl=self.dead_letter_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return received.get("Messages", [])


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """The auditor, deployed in this process."""
    with mock_aws():
        dynamodb, sqs = boto3.client("dynamodb", region_name=REGION), boto3.client("sqs", region_name=REGION)
        create_audit_table(dynamodb, "audit")
        queue_url, dead_letter_url = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("audit", "audit-dlq"))
        for name, value in {
            "AUDIT_TABLE_NAME": "audit",
            "AUDIT_QUEUE_URL": queue_url,
            "AUDIT_DLQ_URL": dead_letter_url,
            "MAX_RECEIVE_COUNT": "5",
            "AWS_DEFAULT_REGION": REGION,
        }.items():
            monkeypatch.setenv(name, value)
        # Powertools reads its own variables, and stdout, when it is imported.
        monkeypatch.setattr(metrics.provider, "namespace", "Copytrail")
        monkeypatch.setattr(metrics.provider, "service", "auditor")
        log = StringIO()
        monkeypatch.setattr(logger.registered_handler, "stream", log)
        wiring.build.cache_clear()
        yield Deployed(dynamodb, sqs, queue_url, dead_letter_url, log)
        wiring.build().executor.shutdown()
        wiring.build.cache_clear()


def _as_event(message: Any) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:audit",
        "awsRegion": REGION,
    }
