"""Owns how a record of an SQS batch is read: whatever it holds, it is one message, and no error of its neighbours."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shared import times
from shared.delivery import REPLAY_OPERATION, REPLAYED_BY, Message, Past
from shared.errors import PermanentError, Reason, without_surrogates

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
