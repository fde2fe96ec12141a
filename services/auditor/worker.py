"""A message's way through the auditor: it ends as a record in the ledger, or as a dead letter with the reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from shared.audit_log.items import AnyRecord, record_of
from shared.errors import PermanentError, Reason
from shared.event_decoding import Audited, decode_audited
from shared.lambda_runtime.batch import Failures
from shared.lambda_runtime.delivery_policy import dead_letter, final_error
from shared.lambda_runtime.message import DeadLetter, Message, Queue


class Appended(Enum):
    """What came of an append that succeeded."""

    NEW = "new"
    DUPLICATE = "duplicate"


class LogIdConflictError(PermanentError):
    """A LogID that already stands for something else: the record that is there stays."""

    def __init__(self, record: AnyRecord, existing: str) -> None:
        super().__init__(
            Reason.LOG_ID_CONFLICT,
            f"LogID {record.log_id} of {record.title} already stands for {existing}, which was kept",
        )


class Ledger(Protocol):
    """Where records are stored, never to be changed."""

    def append(self, record: AnyRecord) -> Appended:
        """Keep a record, unless one of the same identity is there already.

        Raises:
            LogIdConflictError: another upload's record is there under this LogID.
            CopytrailError: the record was not kept.
        """


@dataclass(frozen=True)
class Recorded:
    """A message whose record is in the ledger."""

    message: Message
    record: AnyRecord
    appended: Appended


class Telemetry(Protocol):
    """What is logged and counted of every message."""

    def recorded(self, recorded: Recorded) -> None:
        """The message's record is in the ledger, and the message may go."""

    def dead_lettered(self, letter: DeadLetter) -> None:
        """The message is in the dead-letter queue with its reason, and the original may go."""


class AuditWorker:
    """Appends one record per message, and dead-letters what it cannot append."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        queue: Queue,
        telemetry: Telemetry,
        clock: Callable[[], datetime],
        max_receive_count: int,
    ) -> None:
        self._ledger = ledger
        self._queue = queue
        self._telemetry = telemetry
        self._clock = clock
        self._max_receive_count = max_receive_count

    def perform(self, message: Message, seconds_left: Callable[[], float]) -> Recorded | DeadLetter:
        """Append the record of one message, or say why that will never work.

        Raises:
            CopytrailError: a retry may cure it, and the message has receives left.
        """
        event: Audited | None = None
        try:
            event = decode_audited(message.body)
            record = record_of(event, self._clock())
            return Recorded(message, record, self._ledger.append(record))
        except Exception as error:  # noqa: BLE001 - a bug, too, must end as a retry or a dead letter with its reason
            final = final_error(error, message, self._max_receive_count)
            return DeadLetter(message, final, event.log_id if event else None)

    def publish(self, group: Sequence[Recorded | DeadLetter]) -> Failures:
        """Log what was appended and send the dead letters; those not accepted, by message."""
        failures = {}
        for result in group:
            if isinstance(result, Recorded):
                self._telemetry.recorded(result)
            elif error := dead_letter(self._queue, result):
                failures[result.message] = error
            else:
                self._telemetry.dead_lettered(result)
        return failures
