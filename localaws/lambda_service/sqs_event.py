"""The event that Lambda makes of SQS messages, and what the function's answer says of each. Pure.

Source: "Using Lambda with Amazon SQS" and "Handling errors for an SQS event source", Lambda developer guide.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

Message = Mapping[str, Any]

_SYSTEM_ATTRIBUTES = (
    "ApproximateReceiveCount",
    "AWSTraceHeader",
    "SentTimestamp",
    "SequenceNumber",
    "MessageGroupId",
    "SenderId",
    "MessageDeduplicationId",
    "ApproximateFirstReceiveTimestamp",
    "DeadLetterQueueSourceArn",
)


def encode(messages: Sequence[Message], *, queue_arn: str) -> bytes:
    """The event that a function gets for messages as ReceiveMessage returned them: JSON text."""
    region = queue_arn.split(":")[3]
    return json.dumps({"Records": [_record(message, queue_arn, region) for message in messages]}).encode()


def done(messages: Sequence[Message], answer: bytes, *, reports_item_failures: bool) -> list[Message]:
    """The messages that the function is done with; the others come again after their visibility timeout.

    An answer that is not as documented, or names a message that was not in the batch, fails the whole batch.
    """
    if not reports_item_failures:
        return list(messages)
    try:
        failed = _failed_ids(json.loads(answer))
    except (ValueError, TypeError, KeyError):
        return []
    if not failed <= {message["MessageId"] for message in messages}:
        return []
    return [message for message in messages if message["MessageId"] not in failed]


def _failed_ids(answer: Any) -> set[str]:
    # An empty answer, null and an empty or null list all mean complete success.
    if not answer:
        return set()
    if not isinstance(answer, dict):
        raise TypeError(answer)
    return {str(item["itemIdentifier"]) for item in answer.get("batchItemFailures") or ()}


def _record(message: Message, queue_arn: str, region: str) -> dict[str, Any]:
    system = message.get("Attributes", {})
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {name: system[name] for name in _SYSTEM_ATTRIBUTES if name in system},
        "messageAttributes": {name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return attribute
