"""A message of a function's queue: read from the record that Lambda hands over, or dead-lettered with its reason."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared import times
from shared.errors import CopytrailError, PermanentError, Reason, without_surrogates

# The attributes of a dead-lettered message.
LOG_ID = "LogID"
REASON = "Reason"
MESSAGE = "Message"
ATTEMPTS = "Attempts"
FIRST_SEEN = "FirstSeen"
# What a replay adds to them: who asked for it, and which operation it is part of.
REPLAYED_BY = "ReplayedBy"
REPLAY_OPERATION = "ReplayOperation"

# Of a number of deliveries: nothing of ours ever counts so far, and Python reads no number of over 4,300 digits.
_MOST_DIGITS = 9
# An ARN has at most 2,048 characters ("Amazon Resource Names", IAM user guide).
_LONGEST_ARN = 2048
_LONGEST_ID = 1024


@dataclass(frozen=True)
class Past:
    """What a message brings from the dead-letter queue. `replayed_by`: the ARN of who sent it back, if known.

    `replay_operation`: the id of the operation that sent it back, if known.
    """

    attempts: int = 0
    first_seen: datetime | None = None
    replayed_by: str | None = None
    replay_operation: str | None = None


@dataclass(frozen=True, eq=False)
class Message:
    """One delivery of an SQS message. `past`: it was in the dead-letter queue before.

    It equals itself only: a standard queue may deliver one message twice in a batch.
    """

    id: str
    body: str
    receipt_handle: str
    receive_count: int
    sent_at: datetime | None
    past: Past | None = None

    @property
    def attempts(self) -> int:
        """How often it was delivered, also before it was replayed."""
        return self.receive_count + (self.past.attempts if self.past else 0)

    @property
    def first_seen(self) -> datetime | None:
        """When it was sent, for the first time, where that is known."""
        return (self.past and self.past.first_seen) or self.sent_at


@dataclass(frozen=True)
class DeadLetter:
    """A message that only a person can help, with the reason beside it. `log_id` is None when it names no upload."""

    message: Message
    error: CopytrailError
    log_id: str | None


class Queue(Protocol):
    """The queue a function is fed from, and that queue's dead-letter queue."""

    def dead_letter(self, letter: DeadLetter) -> None:
        """Put a message into the dead-letter queue with its reason. Raises CopytrailError when not accepted."""

    def send(self, body: str) -> None:
        """Put a message into the queue itself. Raises CopytrailError when not accepted."""

    def deliver_again(self, message: Message, after_s: float) -> None:
        """Make a message visible again after so many seconds. Raises CopytrailError when not accepted."""


def read_record(record: object) -> Message | DeadLetter:
    """Read one record of the event that Lambda hands over. Raises nothing.

    What SQS writes and cannot be read (how often and when it was sent) is as though it were not known. Attributes that
    anybody may set count only where they are text, as ours are. A record without a text for a body is a dead letter
    whose body is the record itself.

    Source: "Using Lambda with Amazon SQS", Lambda developer guide (binary attributes have no `stringValue`).
    """
    fields = _mapping(record)
    system = _mapping(fields.get("attributes"))
    body = _text(fields.get("body"))
    message = Message(
        id=_text(fields.get("messageId")),
        body=body or _as_json(record),
        receipt_handle=_text(fields.get("receiptHandle")),
        receive_count=max(1, delivery_count(system.get("ApproximateReceiveCount")) or 0),
        sent_at=sent_at(system.get("SentTimestamp")),
        past=_past(_texts(fields.get("messageAttributes"))),
    )
    if body:
        return message
    problem = "not an event of ours: the record has no text for a body"
    return DeadLetter(message, PermanentError(Reason.MALFORMED_EVENT, problem), log_id=None)


def sent_at(milliseconds: object) -> datetime | None:
    """The moment that SQS's attribute SentTimestamp tells, or None: it tells none."""
    try:
        return times.from_epoch_milliseconds(milliseconds) if isinstance(milliseconds, str | int) else None
    except ValueError:
        return None


def delivery_count(value: object) -> int | None:
    """How many deliveries an attribute tells, or None: it tells no number, or one that nobody has counted to."""
    if isinstance(value, int):
        return value if 0 <= value < 10**_MOST_DIGITS else None
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) <= _MOST_DIGITS else None


def _past(attributes: Mapping[str, str]) -> Past | None:
    """What a dead-lettered message's attributes say, which a replay and SQS's own redrive keep."""
    if ATTEMPTS not in attributes and REPLAYED_BY not in attributes:
        return None
    return Past(
        attempts=delivery_count(attributes.get(ATTEMPTS)) or 0,
        first_seen=_moment(attributes.get(FIRST_SEEN, "")),
        replayed_by=without_surrogates(attributes.get(REPLAYED_BY, ""))[:_LONGEST_ARN] or None,
        replay_operation=without_surrogates(attributes.get(REPLAY_OPERATION, ""))[:_LONGEST_ID] or None,
    )


def _texts(attributes: object) -> Mapping[str, str]:
    texts = {name: _mapping(value).get("stringValue") for name, value in _mapping(attributes).items()}
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _moment(text: str) -> datetime | None:
    try:
        return times.from_text(text)
    except ValueError:
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _as_json(record: object) -> str:
    try:
        return json.dumps(record)
    except (TypeError, ValueError, RecursionError):
        return ""
