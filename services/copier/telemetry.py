"""What CloudWatch learns of each transfer: one log line with its LogID, and the metrics."""

from services.copier.worker import Continued, Failed, Finished, Performed
from shared.events import Completion, CopyRequest, Outcome, Trigger
from shared.lambda_runtime import powertools
from shared.lambda_runtime.message import DeadLetter
from shared.lambda_runtime.powertools import MetricUnit, count, logger, metrics
from shared.metrics import Metric


class CloudWatchTelemetry(powertools.CloudWatchTelemetry):
    """The copier's `Telemetry`, as structured logs and EMF metrics."""

    def published(self, performed: Performed) -> None:
        """Log the transfer and count it; a failure to do so is no failure of the message, which has been accepted."""
        try:
            self._tell(performed)
        except Exception:  # noqa: BLE001 - published again, it would leave a second dead letter
            logger.exception("a transfer was not counted", extra={"message_id": performed.message.id})

    def _tell(self, performed: Performed) -> None:
        match performed:
            case Finished(completion=completion):
                _log(completion)
                _count(completion)
            case Failed(completion=completion):
                _log(completion)
                _count(completion)
                count(Metric.DEAD_LETTERS)
            case Continued(request=request):
                _log_unfinished(request)
            case DeadLetter():
                self.dead_lettered(performed)


def _log(completion: Completion) -> None:
    log = logger.error if completion.outcome is Outcome.FAILED else logger.info
    destination = completion.destination
    log(
        "transfer",
        extra={
            "log_id": completion.log_id,
            "outcome": completion.outcome,
            "reason": completion.reason,
            "explanation": completion.message,
            "source": completion.upload.url,
            "source_version_id": completion.upload.version_id,
            "destination": f"s3://{destination.bucket}/{destination.key}" if destination else None,
            "size": completion.upload.size,
            "attempt": completion.attempt,
            "trigger": completion.trigger,
            "duration_ms": _milliseconds(completion, since_upload=False),
            "latency_ms": _milliseconds(completion, since_upload=True),
        },
    )


def _log_unfinished(request: CopyRequest) -> None:
    continuation = request.continuation
    logger.info(
        "transfer goes on",
        extra={
            "source": request.upload.url,
            "size": request.upload.size,
            "upload_id": continuation and continuation.upload_id,
            "parts_done": continuation and continuation.parts_done,
        },
    )
    count(Metric.CONTINUATIONS)


def _count(completion: Completion) -> None:
    count(Metric.OBJECTS)
    count(completion.outcome)
    if completion.outcome is Outcome.COPIED:
        metrics.add_metric(name=Metric.BYTES_COPIED, unit=MetricUnit.Bytes, value=completion.upload.size)
        # What an operator asks for may have been uploaded years ago: that is no delay of ours.
        if completion.trigger is Trigger.UPLOAD:
            metrics.add_metric(
                name=Metric.UPLOAD_TO_COPIED,
                unit=MetricUnit.Milliseconds,
                value=_milliseconds(completion, since_upload=True),
            )


def _milliseconds(completion: Completion, *, since_upload: bool) -> int:
    start = completion.upload.uploaded_at if since_upload else completion.started_at
    # S3's clock and ours may differ by a little.
    return max(0, round((completion.finished_at - start).total_seconds() * 1000))
