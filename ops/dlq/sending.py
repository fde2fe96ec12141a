"""Owns the sending of letters to a queue, as they are: ten, and 1 MiB, at a time."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ops.aws.sqs_batches import MOST_ENTRIES, verdicts
from ops.dlq.letter import Letter
from shared.errors import CopytrailError
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        MessageAttributeValueOutputTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

_Attributes = Mapping[str, "MessageAttributeValueOutputTypeDef"]

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


def send(
    sqs: "SQSClient",
    queue_url: str,
    letters: Sequence[Letter],
    marks: Mapping[str, str] | None = None,
    *,
    took: Callable[[Letter, str], object] = lambda _letter, _message_id: None,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[list[Letter], list[tuple[Letter, str]]]:
    """Send letters to a queue with their attributes, and `marks` among these where there is room for them.

    Args:
        took: gets each letter that SQS accepted, with the id of its new message.

    Returns:
        The letters that SQS accepted, and the others, each with why it was refused.

    Raises:
        CopytrailError: SQS was not reached, or refused the first call, and not for what one letter holds; nothing is
            known to have been accepted.
    """
    accepted: list[Letter] = []
    refused: list[tuple[Letter, str]] = []
    chunks = deque(_chunks([(letter, _marked(letter, marks or {})) for letter in letters]))
    while chunks:
        chunk = chunks.popleft()
        try:
            told = verdicts(len(chunk), _sending(sqs, queue_url, chunk, took), sleep=sleep)
        except CopytrailError as error:
            is_one_letters = error.reason.endswith(_REFUSALS)
            if is_one_letters and len(chunk) > 1:
                chunks.extendleft([entry] for entry in reversed(chunk))
                continue
            if not is_one_letters and not accepted and not refused:
                raise
            told = [error.message] * len(chunk)
        for (letter, _), why in zip(chunk, told, strict=True):
            if why is None:
                accepted.append(letter)
            else:
                refused.append((letter, why))
    return accepted, refused


def _sending(
    sqs: "SQSClient",
    queue_url: str,
    chunk: Sequence[tuple[Letter, _Attributes]],
    took: Callable[[Letter, str], object],
) -> Callable[[Sequence[int]], "list[BatchResultErrorEntryTypeDef]"]:
    def call(places: Sequence[int]) -> "list[BatchResultErrorEntryTypeDef]":
        with translated("sqs:SendMessage", queue_url):
            answer = sqs.send_message_batch(
                QueueUrl=queue_url,
                Entries=[_entry(place, *chunk[place]) for place in places],
            )
        for entry in answer.get("Successful", []):
            took(chunk[int(entry["Id"])][0], entry["MessageId"])
        return answer.get("Failed", [])

    return call


def _entry(place: int, letter: Letter, attributes: _Attributes) -> "SendMessageBatchRequestEntryTypeDef":
    entry: SendMessageBatchRequestEntryTypeDef = {
        "Id": str(place),
        "MessageBody": letter.body,
        "MessageAttributes": attributes,
    }
    if letter.trace_header:
        # It does not count towards the message's size ("MessageSystemAttributes", SQS API reference).
        entry["MessageSystemAttributes"] = {
            "AWSTraceHeader": {"DataType": "String", "StringValue": letter.trace_header}
        }
    return entry


def _marked(letter: Letter, marks: Mapping[str, str]) -> _Attributes:
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
