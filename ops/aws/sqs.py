"""SQS calls: how many messages a queue holds, and batch calls, of which each entry's result is read, and retried."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from shared.errors import CopytrailError
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef

T = TypeVar("T")

# "SendMessageBatch", SQS API reference; the other batch calls likewise.
MOST_ENTRIES = 10
# For how long a queue keeps a message at most ("SetQueueAttributes", SQS API reference).
LONGEST_RETENTION_S = 14 * 86_400
# The pauses between tries of entries that SQS failed to take for reasons of its own, in seconds.
_DELAYS_S = (0.2, 0.8)

Call = Callable[[Sequence[int]], "Iterable[BatchResultErrorEntryTypeDef]"]


@dataclass(frozen=True)
class QueueAttributes:
    """How many messages a queue holds, approximately, and its own redrive policy.

    `at`: a moment after which nothing was sent before SQS answered, by SQS's own clock, if it says.
    """

    waiting: int
    in_flight: int
    delayed: int
    redrive_policy: str | None = None
    at: datetime | None = None

    @property
    def total(self) -> int:
        """All messages."""
        return self.waiting + self.in_flight + self.delayed


def queue_attributes(sqs: "SQSClient", url: str) -> QueueAttributes:
    """What SQS knows of a queue.

    Raises:
        CopytrailError: SQS did not answer.
    """
    with translated("sqs:GetQueueAttributes", url):
        answer = sqs.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
                "RedrivePolicy",
            ],
        )
    attributes = answer["Attributes"]
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return QueueAttributes(
        waiting=int(attributes["ApproximateNumberOfMessages"]),
        in_flight=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        delayed=int(attributes["ApproximateNumberOfMessagesDelayed"]),
        redrive_policy=attributes.get("RedrivePolicy"),
        # `Date` has whole seconds.
        at=parsedate_to_datetime(date) + timedelta(seconds=1) if date else None,
    )


def raw_attributes(sqs: "SQSClient", url: str, *names: "QueueAttributeNameType") -> Mapping[str, str]:
    """These attributes of a queue, as SQS tells them; one that it does not have is not among them.

    Raises:
        CopytrailError: SQS did not answer.
    """
    with translated("sqs:GetQueueAttributes", url):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names).get("Attributes", {})
    return {str(name): value for name, value in attributes.items()}


def tens(things: Iterable[T]) -> Iterator[list[T]]:
    """As many at a time as go in one batch call."""
    left = iter(things)
    while some := list(islice(left, MOST_ENTRIES)):
        yield some


def verdicts(count: int, call: Call, *, sleep: Callable[[float], None] = time.sleep) -> list[str | None]:
    """Make a batch call for entries 0 to `count` - 1, and up to two more for those that SQS itself failed with.

    A batch call answers 200 although entries of it failed.

    Args:
        call: makes the call for the entries at these places, each with its place as its id; those that failed.

    Returns:
        For each entry in its place, None when it is done, else why not.

    Raises:
        CopytrailError: the first call failed as a whole.
    """
    failed = {int(entry["Id"]): entry for entry in call(range(count))}
    for delay_s in _DELAYS_S:
        again = [place for place, entry in failed.items() if not entry["SenderFault"]]
        if not again:
            break
        sleep(delay_s)
        try:
            once_more = {int(entry["Id"]): entry for entry in call(again)}
        except CopytrailError:
            break
        failed = {place: entry for place, entry in failed.items() if place not in again} | once_more
    return [_why(failed[place]) if place in failed else None for place in range(count)]


def _why(entry: "BatchResultErrorEntryTypeDef") -> str:
    return f"{entry['Code']}: {entry['Message']}" if entry.get("Message") else entry["Code"]
