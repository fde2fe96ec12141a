"""Owns what Powertools gives both functions, logger and metrics, and the answer to a batch of messages."""

import json
import random
from collections.abc import Mapping
from typing import Any, TypedDict

import boto3  # noqa: F401 - Lambda imports it before the first message comes, not with it
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.errors import CopytrailError, Reason, without_surrogates
from shared.lambda_runtime.batch import Batch, Consumer, R, UntouchedError
from shared.lambda_runtime.delivery_policy import (
    LONGEST_DELAY_S,
    DeadLetter,
    Message,
    OccupiedError,
    Queue,
    bury,
    retry_delay,
    unexpected,
)
from shared.lambda_runtime.sqs_queue import read_record

__all__ = ["LambdaContext", "MetricUnit", "PartialItemFailureResponse", "logger", "metrics", "respond"]


class _ItemFailure(TypedDict):
    itemIdentifier: str


class PartialItemFailureResponse(TypedDict):
    """The answer to a batch: the ids of the messages that come again ("ReportBatchItemFailures", Lambda guide)."""

    batchItemFailures: list[_ItemFailure]


def _serialized(line: Mapping[str, Any]) -> str:
    # stdout is UTF-8: half a surrogate pair in one value would lose the whole line.
    return without_surrogates(json.dumps(line, default=str, ensure_ascii=False))


logger = Logger(utc=True, use_rfc3339=True, json_serializer=_serialized)
metrics = Metrics(namespace="Copytrail")


def respond(event: Mapping[str, Any], context: LambdaContext, consumer: Consumer[R]) -> PartialItemFailureResponse:
    """Let the consumer do an SQS batch, and answer with the messages to deliver again, each in its own time.

    What still fails on the last receive that the queue allows, and what can never be worked on, becomes an explained
    dead letter. No record of the batch makes this raise.
    """
    records = [read_record(record) for record in event["Records"]]
    batch = Batch(
        consumer.worker, consumer.executor, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000
    )
    failures = dict(batch.run([read.message for read in records if read.problem is None]))
    again: list[Message] = []
    for message, problem in records:
        error = problem or failures.get(message)
        # Lambda tells messages apart by their ids: one without could only come again with its whole batch.
        is_last = problem or not message.id or message.receive_count >= consumer.max_receive_count
        if error and not (is_last and _is_buried(consumer.queue, message, error)):
            _deliver_again(consumer.queue, message, error)
            again.append(message)
    return {"batchItemFailures": [{"itemIdentifier": id_} for id_ in dict.fromkeys(message.id for message in again)]}


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
    except Exception as problem:  # noqa: BLE001 - what one message holds must not fail its neighbours
        refused = problem if isinstance(problem, CopytrailError) else unexpected(problem)
        # The message still comes again, after the queue's visibility timeout.
        logger.warning("retry delay not set", extra={"message_id": message.id, "explanation": refused.message})


def _delay(message: Message, error: CopytrailError) -> float:
    if isinstance(error, UntouchedError):
        return 0.0
    if error.reason == Reason.OUT_OF_TIME:
        # Its thread may go on when Lambda thaws this environment: let the requests that it made end first.
        return LONGEST_DELAY_S
    if isinstance(error, OccupiedError):
        # With 5 receives, the least that a queue may allow, the last comes when a function of 15 minutes has ended.
        return LONGEST_DELAY_S if message.receive_count > 1 else LONGEST_DELAY_S / 5
    return retry_delay(error, message.receive_count, random.uniform)


def _traceback(error: CopytrailError) -> CopytrailError | None:
    return error if error.reason == Reason.UNEXPECTED_ERROR else None
