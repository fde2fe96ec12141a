"""Owns what CloudWatch learns of each completion event: one log line with its LogID, and the metrics."""

from services.auditor.auditing import Entry
from services.auditor.ledger import Appended, LogIdConflictError
from shared.audit_log.record import Record
from shared.errors import Reason
from shared.lambda_runtime.delivery_policy import DeadLetter
from shared.lambda_runtime.powertools import MetricUnit, logger, metrics


class CloudWatchTelemetry:
    """The `Telemetry` of auditing, as structured logs and EMF metrics."""

    def entered(self, entry: Entry) -> None:
        """Log the record and count it, as `Recorded` or as one of the `Duplicates`."""
        record = entry.record
        logger.info(
            "record",
            extra={
                "log_id": record.log_id,
                "of": record.title,
                **(_transfer(record) if isinstance(record, Record) else {}),
                "duplicate": entry.appended is Appended.DUPLICATE,
                "message_id": entry.message.id,
                "attempt": entry.message.receive_count,
            },
        )
        _count("Recorded" if entry.appended is Appended.NEW else "Duplicates")

    def dead_lettered(self, letter: DeadLetter) -> None:
        """Log why there is no record, with the traceback of what looks like a bug, and count it."""
        error = letter.error
        logger.error(
            "dead letter",
            extra={
                "log_id": letter.log_id,
                "message_id": letter.message.id,
                "reason": error.reason,
                "explanation": error.message,
                "attempt": letter.message.receive_count,
            },
            exc_info=error if error.reason == Reason.UNEXPECTED_ERROR else None,
        )
        _count("DeadLetters")
        if isinstance(error, LogIdConflictError):
            _count("Conflicts")


def _transfer(record: Record) -> dict[str, str | None]:
    return {"outcome": record.outcome, "reason": record.reason, "source": record.source_url}


def _count(name: str) -> None:
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
