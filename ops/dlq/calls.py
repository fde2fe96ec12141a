"""Owns the only receive, visibility and delete calls on a dead-letter queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from ops.aws.sqs_batches import verdicts
from ops.dlq.letter import Letter
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef

# A short poll asks some of SQS's servers only, and may find nothing where there is something
# ("Amazon SQS short and long polling", SQS developer guide).
_LONG_POLL_S = 1


@dataclass(frozen=True)
class QueueState:
    """How many letters are waiting and in somebody's hands, as far as SQS knows; `at` by SQS's own clock, if told."""

    waiting: int
    in_flight: int
    redrive_policy: str | None
    at: datetime | None


class DeadLetterCalls:
    """The calls on one dead-letter queue. May be shared by threads."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self.url = url

    def state(self) -> QueueState:
        """How the queue is.

        Raises:
            CopytrailError: SQS did not answer.
        """
        with translated("sqs:GetQueueAttributes", self.url):
            answer = self._sqs.get_queue_attributes(
                QueueUrl=self.url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "RedrivePolicy",
                ],
            )
        told = answer["Attributes"]
        return QueueState(
            waiting=int(told["ApproximateNumberOfMessages"]),
            in_flight=int(told["ApproximateNumberOfMessagesNotVisible"]),
            redrive_policy=told.get("RedrivePolicy"),
            at=_date(answer),
        )

    def receive(self, invisible_s: int) -> list[Letter]:
        """Up to 10 letters, invisible to others for so many seconds; none if none comes within a second.

        Raises:
            CopytrailError: SQS did not answer.
        """
        with translated("sqs:ReceiveMessage", self.url):
            answer = self._sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=_LONG_POLL_S,
                VisibilityTimeout=invisible_s,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp", "AWSTraceHeader"],
            )
        return [Letter.of(message) for message in answer.get("Messages", [])]

    def change_visibility(self, receipt_handles: Sequence[str], invisible_s: int) -> list[str | None]:
        """Make up to 10 letters invisible for so many seconds from now; for each, None or why not.

        Raises:
            CopytrailError: SQS did not answer.
        """

        def call(places: Sequence[int]) -> "list[BatchResultErrorEntryTypeDef]":
            with translated("sqs:ChangeMessageVisibility", self.url):
                answer = self._sqs.change_message_visibility_batch(
                    QueueUrl=self.url,
                    Entries=[
                        {
                            "Id": str(place),
                            "ReceiptHandle": receipt_handles[place],
                            "VisibilityTimeout": invisible_s,
                        }
                        for place in places
                    ],
                )
            return answer.get("Failed", [])

        return verdicts(len(receipt_handles), call)

    def delete(self, receipt_handles: Sequence[str]) -> list[str | None]:
        """Delete up to 10 letters; for each, None or why not.

        Raises:
            CopytrailError: SQS did not answer.
        """

        def call(places: Sequence[int]) -> "list[BatchResultErrorEntryTypeDef]":
            with translated("sqs:DeleteMessage", self.url):
                answer = self._sqs.delete_message_batch(
                    QueueUrl=self.url,
                    Entries=[{"Id": str(place), "ReceiptHandle": receipt_handles[place]} for place in places],
                )
            return answer.get("Failed", [])

        return verdicts(len(receipt_handles), call)


def _date(answer: Mapping[str, Any]) -> datetime | None:
    """The moment after which nothing was sent before SQS answered: its `Date` has whole seconds."""
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) + timedelta(seconds=1) if date else None
