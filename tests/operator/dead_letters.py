"""Dead letters that tests put into a queue and find there again, and the requests of the command itself."""

import json
from collections.abc import Mapping
from typing import Any

from localaws.gaps import sqs
from shared import times
from shared.events import Upload
from tests import visibility
from tests.fakes.bodies import object_created
from tests.interception import InterceptedRequest
from tests.operator.conftest import Desk

# With these credentials the command's requests are told from those of everybody else.
OPERATOR = "operator"
AS_OPERATOR = {"AWS_ACCESS_KEY_ID": OPERATOR}


def is_operators(request: InterceptedRequest) -> bool:
    """Whether the command made a request, when it ran `AS_OPERATOR`."""
    return f"Credential={OPERATOR}/" in request.headers.get("authorization", "")


def with_reason(reason: str = "AccessDenied", **others: str) -> dict[str, str]:
    """The attributes of a letter that the copier put there with its reason."""
    return {
        "LogID": "6f3a2c1e-4d0b-5c7e-9a56-07c0b1f7a11d",
        "Reason": reason,
        "Message": "s3:GetObject: Access Denied",
        "Attempts": "5",
        "FirstSeen": times.to_text(times.now()),
    } | others


def put_letter(desk: Desk, body: str, attributes: Mapping[str, str] | None = None, *, queue: str = "CopyDlqUrl") -> str:
    """Put a letter into a dead-letter queue; its message id."""
    sent = desk.sqs.send_message(
        QueueUrl=desk.outputs[queue],
        MessageBody=body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": text} for name, text in (attributes or {}).items()
        },
    )
    return str(sent["MessageId"])


def put_failed(desk: Desk, key: str, reason: str = "AccessDenied") -> str:
    """Upload an object that the system never hears of, and put the letter of its failure there; the letter's id."""
    return put_letter(desk, unheard_of(desk, key), with_reason(reason))


def unheard_of(desk: Desk, key: str) -> str:
    """Upload an object that the system never hears of; the event that it would have had. The copier must pause."""
    body = f"body of {key}".encode()
    etag = desk.upload(key, body)
    desk.take_all("CopyQueueUrl")
    return object_created(
        Upload(bucket=desk.source, key=key, etag=etag, size=len(body), uploaded_at=times.now(), sequencer="00A1")
    )


def keys_in(desk: Desk, queue: str) -> list[str]:
    """The keys that the messages of a queue, up to 10, are about; all stay visible."""
    messages = desk.sqs.receive_message(QueueUrl=desk.outputs[queue], MaxNumberOfMessages=10, VisibilityTimeout=0)
    return sorted(json.loads(message["Body"])["detail"]["object"]["key"] for message in messages.get("Messages", []))


def depth(desk: Desk, queue: str = "CopyDlqUrl") -> sqs.Depth:
    """How many messages a queue has."""
    return sqs.depth(_arn(desk, queue))


def let_visibility_timeouts_pass(desk: Desk, queue: str = "CopyDlqUrl") -> None:
    """Make what is in flight in a dead-letter queue receivable at once, as though the time had passed."""
    visibility.let_visibility_timeouts_pass(_arn(desk, queue))


def without_waiting(request: InterceptedRequest, most_messages: int = 10) -> None:
    """Let a ReceiveMessage find what there is at once, and no more than so many messages."""
    parameters: dict[str, Any] = request.json()
    request.body = json.dumps(parameters | {"WaitTimeSeconds": 0, "MaxNumberOfMessages": most_messages}).encode()


def _arn(desk: Desk, queue: str) -> str:
    answer = desk.sqs.get_queue_attributes(QueueUrl=desk.outputs[queue], AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])
