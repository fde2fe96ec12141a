"""A function's queue on SQS: retry delays set, messages sent and dead-lettered."""

from typing import TYPE_CHECKING

from shared import times
from shared.lambda_runtime.aws import NOT_XML, translated
from shared.lambda_runtime.message import ATTEMPTS, FIRST_SEEN, LOG_ID, MESSAGE, REASON, DeadLetter, Message

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
            LOG_ID: letter.log_id or "",
            REASON: letter.error.reason,
            MESSAGE: letter.error.message,
            ATTEMPTS: str(letter.message.attempts),
            FIRST_SEEN: times.to_text(first_seen) if first_seen else "",
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
