"""What CloudWatch learns of each message of the auditor: one log line with its LogID, and the metrics."""

from services.auditor.worker import Appended, LogIdConflictError, Recorded
from shared.audit_log.record import Record
from shared.lambda_runtime import powertools
from shared.lambda_runtime.message import DeadLetter
from shared.lambda_runtime.powertools import count, logger
from shared.metrics import Metric


class CloudWatchTelemetry(powertools.CloudWatchTelemetry):
    """The auditor's `Telemetry`, as structured logs and EMF metrics."""

    def recorded(self, recorded: Recorded) -> None:
        """Log the record and count it, as `Recorded` or as one of the `Duplicates`."""
        record = recorded.record
        logger.info(
            "record",
            extra={
                "log_id": record.log_id,
                "of": record.title,
                **(_transfer(record) if isinstance(record, Record) else {}),
                "duplicate": recorded.appended is Appended.DUPLICATE,
                "message_id": recorded.message.id,
                "attempt": recorded.message.receive_count,
            },
        )
        count(Metric.RECORDED if recorded.appended is Appended.NEW else Metric.DUPLICATES)

    def dead_lettered(self, letter: DeadLetter) -> None:
        """Log why there is no record, and count it; a conflict in `Conflicts`, too."""
        super().dead_lettered(letter)
        if isinstance(letter.error, LogIdConflictError):
            count(Metric.CONFLICTS)


def _transfer(record: Record) -> dict[str, str | None]:
    return {"outcome": record.outcome, "reason": record.reason, "source": record.source_url}
