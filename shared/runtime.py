"""Owns what Powertools gives both functions: logger, metrics, and the partial response to a batch."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared import times
from shared.batch import Batch, Consumer, Failures, R, Untouched
from shared.delivery import LONGEST_DELAY_S, REPLAYED_BY, DeadLetter, Message, Occupied, Past, Queue, bury, retry_delay
from shared.errors import CopytrailError, Reason

__all__ = ["LambdaContext", "MetricUnit", "PartialItemFailureResponse", "logger", "metrics", "respond"]

logger = Logger(utc=True, use_rfc3339=True)
metrics = Metrics(namespace="Copytrail")

# Of a number of attempts: nothing of ours ever counts so far, and a number of thousands of digits is not read at all.
_MOST_DIGITS = 9


def respond(event: dict[str, Any], context: LambdaContext, consumer: Consumer[R]) -> PartialItemFailureResponse:
    """Let the consumer do an SQS batch, and answer with the messages to deliver again, each in its own time.

    What still fails on the last receive that the queue allows becomes an explained dead letter.
    """

    def settle(messages: list[Message]) -> Failures:
        batch = Batch(
            consumer.worker, consumer.executor, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000
        )
        failures = dict(batch.run(messages))
        for message in messages:
            error = failures.get(message.id)
            is_last = message.receive_count >= consumer.max_receive_count
            if error and is_last and _is_buried(consumer.queue, message, error):
                del failures[message.id]
            elif error:
                _deliver_again(consumer.queue, message, error)
        return failures

    return process_partial_response(
        event=event, record_handler=settle, processor=_WholeBatchProcessor(), context=context
    )


class _WholeBatchProcessor(BatchProcessor):
    """Powertools' SQS batch processor, for a handler that takes the batch as a whole."""

    handler: Callable[[list[Message]], Mapping[str, CopytrailError]]

    def __init__(self) -> None:
        # Raising when every message failed would make Lambda wait for the visibility timeout instead of our delays.
        super().__init__(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def process(self) -> list[tuple[Any, ...]]:
        records = [SQSRecord(record) for record in self.records]
        failures = self.handler([_message(record) for record in records])
        return [self._settled(record, failures.get(record.message_id)) for record in records]

    def _settled(self, record: SQSRecord, error: CopytrailError | None) -> tuple[Any, ...]:
        if error is None:
            return self.success_handler(record, None)
        return self.failure_handler(record, (type(error), error, error.__traceback__))


def _message(record: SQSRecord) -> Message:
    return Message(
        id=record.message_id,
        body=record.body,
        receipt_handle=record.receipt_handle,
        receive_count=int(record.attributes.approximate_receive_count),
        sent_at=times.from_epoch_milliseconds(record.attributes.sent_timestamp),
        past=_past({name: value.string_value or "" for name, value in record.message_attributes.items()}),
    )


def _past(attributes: Mapping[str, str]) -> Past | None:
    """What the attributes of a letter say, which a replay and SQS's own redrive keep."""
    if "Attempts" not in attributes and REPLAYED_BY not in attributes:
        return None
    attempts = attributes.get("Attempts", "")
    return Past(
        attempts=int(attempts) if attempts.isdecimal() and len(attempts) <= _MOST_DIGITS else 0,
        first_seen=_moment(attributes.get("FirstSeen", "")),
        replayed_by=attributes.get(REPLAYED_BY) or None,
    )


def _moment(text: str) -> datetime | None:
    try:
        return times.from_text(text)
    except (ValueError, OverflowError):
        # Anybody may send a message with such an attribute: it is no reason to refuse the upload.
        return None


def _is_buried(queue: Queue, message: Message, error: CopytrailError) -> bool:
    if bury(queue, DeadLetter(message, error, log_id=None)):
        return False
    logger.error(
        "dead letter",
        extra={"message_id": message.id, "reason": error.reason, "explanation": error.message},
        exc_info=_traceback(error),
    )
    metrics.add_metric(name="DeadLetters", unit=MetricUnit.Count, value=1)
    return True


def _deliver_again(queue: Queue, message: Message, error: CopytrailError) -> None:
    delay_s = _delay(message, error)
    logger.warning(
        "delivery failed",
        extra={
            "message_id": message.id,
            "reason": error.reason,
            "explanation": error.message,
            "attempt": message.receive_count,
            "retry_in_s": round(delay_s),
        },
        exc_info=_traceback(error),
    )
    metrics.add_metric(name="Retries", unit=MetricUnit.Count, value=1)
    try:
        queue.deliver_again(message, delay_s)
    except CopytrailError as refused:
        # The message still comes again, after the queue's visibility timeout.
        logger.warning("retry delay not set", extra={"message_id": message.id, "explanation": refused.message})


def _delay(message: Message, error: CopytrailError) -> float:
    if isinstance(error, Untouched):
        return 0.0
    if error.reason == Reason.OUT_OF_TIME:
        # Its thread may go on when Lambda thaws this environment: let the requests that it made end first.
        return LONGEST_DELAY_S
    if isinstance(error, Occupied):
        # With 5 receives, the least that a queue may allow, the last comes when a function of 15 minutes has ended.
        return LONGEST_DELAY_S if message.receive_count > 1 else LONGEST_DELAY_S / 5
    return retry_delay(message.receive_count, random.uniform)


def _traceback(error: CopytrailError) -> CopytrailError | None:
    return error if error.reason == Reason.UNEXPECTED_ERROR else None
