"""Owns a message's way through the auditor: the record it becomes, or the dead letter with the reason beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.auditor.ledger import Appended, Ledger
from shared.audit_log.items import AnyRecord, record_of
from shared.errors import CopytrailError
from shared.lambda_runtime.batch import Failures
from shared.lambda_runtime.delivery_policy import DeadLetter, Message, Queue, bury, final_error
from shared.operations import Audited, decode_audited


@dataclass(frozen=True)
class Entry:
    """A message whose record is in the ledger."""

    message: Message
    record: AnyRecord
    appended: Appended


class Telemetry(Protocol):
    """Who is told what became of every message."""

    def entered(self, entry: Entry) -> None:
        """The message's record is in the ledger, and the message may go."""

    def dead_lettered(self, letter: DeadLetter) -> None:
        """The message is in the dead-letter queue with its reason, and the original may go."""


class Auditing:
    """The auditor's worker: appends one record per message, and explains what it cannot append."""

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

    def perform(self, message: Message, seconds_left: Callable[[], float]) -> Entry | DeadLetter:
        """Append the record of one message, or say why that will never work.

        Raises:
            CopytrailError: a retry may cure it, and the message has receives left.
        """
        told: Audited | None = None
        try:
            told = decode_audited(message.body)
            record = record_of(told, self._clock())
            return Entry(message, record, self._ledger.append(record))
        except Exception as error:  # noqa: BLE001 - a bug, too, must end as a retry or an explained letter
            final = final_error(error, message, self._max_receive_count)
            return DeadLetter(message, final, told.log_id if told else None)

    def conclude(self, group: Sequence[Entry | DeadLetter]) -> Failures:
        """Tell what was appended and send the dead letters; those not accepted, by message."""
        return {result.message: error for result in group if (error := self._pass_on(result))}

    def _pass_on(self, result: Entry | DeadLetter) -> CopytrailError | None:
        if isinstance(result, Entry):
            self._telemetry.entered(result)
            return None
        error = bury(self._queue, result)
        if error is None:
            self._telemetry.dead_lettered(result)
        return error
