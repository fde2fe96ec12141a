"""The copy queue and the audit queue, their dead-letter queues, and every call on messages of these."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from ops.aws.sqs import MOST_ENTRIES, QueueAttributes, queue_attributes, verdicts
from ops.dlq.letter import Letter
from ops.errors import CommandError
from ops.stack import Output, Stack
from shared.errors import AccessDeniedError, CopytrailError
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        MessageAttributeValueOutputTypeDef,
    )

_Attributes = Mapping[str, "MessageAttributeValueOutputTypeDef"]
# A letter, and why SQS did not take it or let go of it.
Refused = tuple[Letter, str]

# A short poll asks some of SQS's servers only, and may find nothing where there is something
# ("Amazon SQS short and long polling", SQS developer guide).
_LONG_POLL_S = 1
# "SendMessageBatch", SQS API reference: of all entries together, bodies and attributes.
_MOST_BYTES = 1_048_576
# "Message metadata for Amazon SQS", SQS developer guide.
_MOST_ATTRIBUTES = 10
# What SQS says of a whole call for the sake of one of its entries.
_REFUSALS = (
    "InvalidParameterValue",
    "InvalidMessageContents",
    "MissingParameter",
    "BatchRequestTooLong",
    "ParamValidationError",
)


class QueueName(StrEnum):
    """A queue of the stack."""

    COPY = "copy"
    AUDIT = "audit"

    def url(self, stack: Stack) -> str:
        """The URL of the queue itself.

        Raises:
            CommandError: there is no such stack, or it is not a copytrail stack.
        """
        return stack.output(Output.COPY_QUEUE_URL if self is QueueName.COPY else Output.AUDIT_QUEUE_URL)

    def dlq_url(self, stack: Stack) -> str:
        """The URL of its dead-letter queue.

        Raises:
            CommandError: there is no such stack, or it is not a copytrail stack.
        """
        return stack.output(Output.COPY_DLQ_URL if self is QueueName.COPY else Output.AUDIT_DLQ_URL)

    def log_group(self, stack: Stack) -> str:
        """Where the function logs that takes from it.

        Raises:
            CommandError: there is no such stack, or it is not a copytrail stack of this version.
        """
        return stack.output(Output.COPIER_LOG_GROUP_NAME if self is QueueName.COPY else Output.AUDITOR_LOG_GROUP_NAME)

    @property
    def dlq(self) -> str:
        """What a person calls the dead-letter queue."""
        return f"{self} DLQ"

    @contextmanager
    def naming_its_policy(self) -> Iterator[None]:
        """Say of an access that is denied, to who replays, drops or imports, which policy of the stack allows it.

        Raises:
            CommandError: in the place of an access that is denied.
        """
        try:
            yield
        except AccessDeniedError as error:
            policy = "ReplayerPolicyArn" if self is QueueName.COPY else "AuditReplayerPolicyArn"
            raise CommandError(
                f"{error.reason}: {error.message}: it takes the policy that the stack's output {policy} names"
            ) from error


class DeadLetterQueue:
    """One dead-letter queue: its attributes, and receive, visibility and delete calls. May be shared by threads."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self.url = url

    def attributes(self) -> QueueAttributes:
        """How many messages it holds, and whether it has a redrive policy.

        Raises:
            CopytrailError: SQS did not answer.
        """
        return queue_attributes(self._sqs, self.url)

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
        entries = [{"ReceiptHandle": handle, "VisibilityTimeout": invisible_s} for handle in receipt_handles]
        return _batch("ChangeMessageVisibility", self._sqs.change_message_visibility_batch, self.url, entries)

    def delete(self, receipt_handles: Sequence[str]) -> list[str | None]:
        """Delete 1 to 10 letters; for each, None or why not.

        Raises:
            CopytrailError: SQS did not answer.
        """
        entries = [{"ReceiptHandle": handle} for handle in receipt_handles]
        return _batch("DeleteMessage", self._sqs.delete_message_batch, self.url, entries)


class Sent(NamedTuple):
    """What became of letters that were sent: `accepted`, each with the id of its new message, and `refused`."""

    accepted: list[tuple[Letter, str]]
    refused: list[Refused]


def send(
    sqs: "SQSClient",
    queue_url: str,
    letters: Sequence[Letter],
    *,
    marks: Mapping[str, str] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Sent:
    """Send letters to a queue with their attributes.

    Args:
        marks: text attributes that letters of ours get besides, where there is room for them.

    Raises:
        CopytrailError: SQS was not reached, or refused the first call, and not for what one letter holds; nothing is
            known to have been accepted.
    """
    sent = Sent([], [])
    chunks = deque(_chunks([(letter, _marked(letter, marks or {})) for letter in letters]))
    while chunks:
        chunk = chunks.popleft()
        entries = [_entry(letter, attributes) for letter, attributes in chunk]
        new_ids: dict[int, str] = {}
        try:
            told = _batch("SendMessage", sqs.send_message_batch, queue_url, entries, new_ids=new_ids, sleep=sleep)
        except CopytrailError as error:
            is_one_letters = error.reason.endswith(_REFUSALS)
            if is_one_letters and len(chunk) > 1:
                chunks.extendleft([entry] for entry in reversed(chunk))
                continue
            if not is_one_letters and not sent.accepted and not sent.refused:
                raise
            told = [error.message] * len(chunk)
        for place, ((letter, _), why) in enumerate(zip(chunk, told, strict=True)):
            if why is None and place in new_ids:
                sent.accepted.append((letter, new_ids[place]))
            else:
                sent.refused.append((letter, why or "SQS told nothing of it"))
    return sent


def _batch(
    action: str,
    call: Callable[..., Any],
    queue_url: str,
    entries: Sequence[Mapping[str, Any]],
    *,
    new_ids: dict[int, str] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str | None]:
    """Make a batch call; for each entry, None or why it failed. `new_ids` gets the ids of messages that were sent."""

    def call_for(places: Sequence[int]) -> "list[BatchResultErrorEntryTypeDef]":
        with translated(f"sqs:{action}", queue_url):
            answer = call(QueueUrl=queue_url, Entries=[{"Id": str(place), **entries[place]} for place in places])
        if new_ids is not None:
            new_ids.update({int(entry["Id"]): entry["MessageId"] for entry in answer.get("Successful", [])})
        failed: list[BatchResultErrorEntryTypeDef] = answer.get("Failed", [])
        return failed

    return verdicts(len(entries), call_for, sleep=sleep)


def _entry(letter: Letter, attributes: _Attributes) -> Mapping[str, Any]:
    entry: dict[str, Any] = {"MessageBody": letter.body, "MessageAttributes": attributes}
    if letter.trace_header:
        # It does not count towards the message's size ("MessageSystemAttributes", SQS API reference).
        trace_header = {"DataType": "String", "StringValue": letter.trace_header}
        entry["MessageSystemAttributes"] = {"AWSTraceHeader": trace_header}
    return entry


def _marked(letter: Letter, marks: Mapping[str, str]) -> _Attributes:
    if not letter.is_ours:
        return letter.attributes
    attributes = dict(letter.attributes)
    for name, text in marks.items():
        attributes[name] = {"DataType": "String", "StringValue": text}
    return attributes if len(attributes) <= _MOST_ATTRIBUTES else letter.attributes


def _chunks(entries: Sequence[tuple[Letter, _Attributes]]) -> Iterator[list[tuple[Letter, _Attributes]]]:
    chunk: list[tuple[Letter, _Attributes]] = []
    size = 0
    for letter, attributes in entries:
        more = _size(letter.body, attributes)
        if chunk and (len(chunk) == MOST_ENTRIES or size + more > _MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append((letter, attributes))
        size += more
    if chunk:
        yield chunk


def _size(body: str, attributes: _Attributes) -> int:
    """In bytes, as SQS counts: names, types and values of attributes are part of the message."""
    sizes = (
        len(name.encode())
        + len(value["DataType"].encode())
        + len(value.get("StringValue", "").encode())
        + len(value.get("BinaryValue", b""))
        for name, value in attributes.items()
    )
    return len(body.encode()) + sum(sizes)
