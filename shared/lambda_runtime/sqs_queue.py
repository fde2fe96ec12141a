"""A function's queue on SQS: its records read as messages, retry delays set, dead-lettered messages sent.

Whatever a record holds, it is one message, and no error of its neighbours.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from shared import times
from shared.errors import PermanentError, Reason, without_surrogates
from shared.lambda_runtime.aws import NOT_XML, translated
from shared.lambda_runtime.delivery_policy import REPLAY_OPERATION, REPLAYED_BY, DeadLetter, Message, Past

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef


# SQS counts attributes into the message's size; a reason longer than this helps nobody.
_LONGEST_ATTRIBUTE = 1024


class SqsQueue:
    """The queue a function is fed from, and that queue's dead-letter queue, on SQS."""

    def __init__(self, sqs: "SQSClient", *, queue_url: str, dead_letter_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._dead_letter_url = dead_letter_url

    def dead_letter(self, letter: DeadLetter) -> None:
        """Send the message's body as it came, with LogID, Reason, Message, Attempts and FirstSeen as attributes.

        Raises:
            CopytrailError: SQS did not accept it; the original must stay in its queue.
        """
        first_seen = letter.message.first_seen
        attributes = {
            "LogID": letter.log_id or "",
            "Reason": letter.error.reason,
            "Message": letter.error.message,
            "Attempts": str(letter.message.attempts),
            "FirstSeen": times.to_text(first_seen) if first_seen else "",
        }
        with translated("sqs:SendMessage", self._dead_letter_url):
            self._sqs.send_message(
                QueueUrl=self._dead_letter_url,
                MessageBody=_accepted_json(letter.message.body),
                MessageAttributes={name: _attribute(text) for name, text in attributes.items() if text},
            )

    def send(self, body: str) -> None:
        """Send a message, JSON text, to the queue itself.

        Raises:
            CopytrailError: SQS did not accept it.
        """
        with translated("sqs:SendMessage", self._queue_url):
            self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=_accepted_json(body))

    def deliver_again(self, message: Message, after_s: float) -> None:
        """Change the message's visibility, in whole seconds.

        Raises:
            CopytrailError: SQS did not accept it; the message comes again after the queue's own visibility timeout.
        """
        with translated("sqs:ChangeMessageVisibility", self._queue_url):
            self._sqs.change_message_visibility(
                QueueUrl=self._queue_url, ReceiptHandle=message.receipt_handle, VisibilityTimeout=round(after_s)
            )


def _attribute(text: str) -> "MessageAttributeValueTypeDef":
    return {"DataType": "String", "StringValue": NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)[:_LONGEST_ATTRIBUTE]}


def _accepted_json(body: str) -> str:
    """The same JSON in characters that SQS takes.

    Source: "SendMessage", SQS API reference: what XML 1.0 cannot hold is refused.
    """
    return NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", body)


# Of a number of deliveries: nothing of ours ever counts so far, and Python reads no number of over 4,300 digits.
_MOST_DIGITS = 9
# An ARN has at most 2,048 characters ("Amazon Resource Names", IAM user guide).
_LONGEST_ARN = 2048
_LONGEST_ID = 1024


class Read(NamedTuple):
    """A record as a message; `problem`: why there is nothing in it to work on."""

    message: Message
    problem: PermanentError | None = None


def read_record(record: object) -> Read:
    """Read one record of the event that Lambda hands over. Raises nothing.

    What SQS writes and cannot be read (how often and when it was sent) is as though it were not known. Attributes that
    anybody may set count only where they are text, as ours are. A record without a text for a body becomes a message
    whose body is the record itself, so that it can be dead-lettered.

    Source: "Using Lambda with Amazon SQS", Lambda developer guide (binary attributes have no `stringValue`).
    """
    fields = _mapping(record)
    system = _mapping(fields.get("attributes"))
    body = _text(fields.get("body"))
    message = Message(
        id=_text(fields.get("messageId")),
        body=body or _as_json(record),
        receipt_handle=_text(fields.get("receiptHandle")),
        receive_count=max(1, _number(system.get("ApproximateReceiveCount"))),
        sent_at=_sent_at(system.get("SentTimestamp")),
        past=_past(_texts(fields.get("messageAttributes"))),
    )
    if body:
        return Read(message)
    return Read(
        message, PermanentError(Reason.MALFORMED_EVENT, "not an event of ours: the record has no text for a body")
    )


def _past(attributes: Mapping[str, str]) -> Past | None:
    """What the attributes of a letter say, which a replay and SQS's own redrive keep."""
    if "Attempts" not in attributes and REPLAYED_BY not in attributes:
        return None
    return Past(
        attempts=_number(attributes.get("Attempts")),
        first_seen=_moment(attributes.get("FirstSeen", "")),
        replayed_by=without_surrogates(attributes.get(REPLAYED_BY, ""))[:_LONGEST_ARN] or None,
        replay_operation=without_surrogates(attributes.get(REPLAY_OPERATION, ""))[:_LONGEST_ID] or None,
    )


def _texts(attributes: object) -> Mapping[str, str]:
    texts = {name: _mapping(value).get("stringValue") for name, value in _mapping(attributes).items()}
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _sent_at(milliseconds: object) -> datetime | None:
    try:
        return times.from_epoch_milliseconds(milliseconds) if isinstance(milliseconds, str | int) else None
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        return times.from_text(text)
    except ValueError:
        return None


def _number(value: object) -> int:
    if isinstance(value, int):
        return value if 0 <= value < 10**_MOST_DIGITS else 0
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) <= _MOST_DIGITS else 0


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _as_json(record: object) -> str:
    try:
        return json.dumps(record)
    except (TypeError, ValueError, RecursionError):
        return ""
