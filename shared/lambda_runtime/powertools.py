"""The logger and the metrics of both functions, and what they say of a message that failed."""

import json
from collections.abc import Mapping
from typing import Any

import boto3  # noqa: F401 - Lambda imports it before the first message comes, not with it
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.errors import CopytrailError, Reason, without_surrogates
from shared.events import Outcome
from shared.lambda_runtime.message import DeadLetter, Message
from shared.metrics import NAMESPACE, Metric

__all__ = ["CloudWatchTelemetry", "LambdaContext", "MetricUnit", "count", "logger", "metrics"]


def _serialized(line: Mapping[str, Any]) -> str:
    # stdout is UTF-8: half a surrogate pair in one value would lose the whole line.
    return without_surrogates(json.dumps(line, default=str, ensure_ascii=False))


logger = Logger(utc=True, use_rfc3339=True, json_serializer=_serialized)
metrics = Metrics(namespace=NAMESPACE)


def count(name: Metric | Outcome) -> None:
    """Add one to a metric."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)


class CloudWatchTelemetry:
    """The `Telemetry` of a batch, as structured logs and EMF metrics; what looks like a bug with its traceback."""

    def dead_lettered(self, letter: DeadLetter) -> None:
        """Log the reason, and count it in `DeadLetters`."""
        logger.error(
            "dead letter",
            extra={
                "log_id": letter.log_id,
                "message_id": letter.message.id,
                "reason": letter.error.reason,
                "explanation": letter.error.message,
                "attempt": letter.message.receive_count,
            },
            exc_info=_traceback(letter.error),
        )
        count(Metric.DEAD_LETTERS)

    def will_retry(self, message: Message, error: CopytrailError, delay_s: float) -> None:
        """Log the reason, and count it in `Retries`."""
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
        count(Metric.RETRIES)

    def retry_delay_refused(self, message: Message, error: CopytrailError) -> None:
        """Log why."""
        logger.warning("retry delay not set", extra={"message_id": message.id, "explanation": error.message})


def _traceback(error: CopytrailError) -> CopytrailError | None:
    return error if error.reason == Reason.UNEXPECTED_ERROR else None
