"""Owns a message's way through the copier: what it asks for, what came of it, and who must know before it may go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.copier.completions import Completions
from services.copier.copying import Copied, Copying, Result
from shared.batch import Failures
from shared.delivery import DeadLetter, Message, Queue, final_error
from shared.errors import CopytrailError
from shared.events import Completion, CopyRequest, Destination, Outcome, Trigger, Upload, decode_request
from shared.log_id import log_id
from shared.routes import Route, find_route

# A message that a person sent back from the DLQ starts at receive count 1 again, however often it was tried before.
_FIRST_DELIVERIES_COME_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Settled:
    """What a message came to. `completion` is None when it names no upload; `letter` is None when nobody must help."""

    message: Message
    completion: Completion | None
    letter: DeadLetter | None


class Telemetry(Protocol):
    """Who is told of every transfer that ended."""

    def settled(self, settled: Settled) -> None:
        """The message's outcome has been accepted, and the message may go."""


class Transfers:
    """The copier's worker: performs each message, then concludes them in groups."""

    def __init__(
        self,
        *,
        copying: Copying,
        routes: Sequence[Route],
        completions: Completions,
        queue: Queue,
        telemetry: Telemetry,
        clock: Callable[[], datetime],
        max_receive_count: int,
    ) -> None:
        self._copying = copying
        self._routes = routes
        self._completions = completions
        self._queue = queue
        self._telemetry = telemetry
        self._clock = clock
        self._max_receive_count = max_receive_count

    def perform(self, message: Message) -> Settled:
        """Do what the message asks for.

        Raises:
            Transient: a retry may cure it, and the message has receives left.
        """
        try:
            request = decode_request(message.body)
        except CopytrailError as error:
            return Settled(message, None, DeadLetter(message, error, None))
        started_at = self._clock()
        try:
            result = self._copy(request, message, started_at)
        except Exception as error:  # noqa: BLE001 - a bug, too, must end as a retry or an explained letter
            final = final_error(error, message, self._max_receive_count)
            completion = self._completion(request, message, started_at, final)
            return Settled(message, completion, DeadLetter(message, final, completion.log_id))
        return Settled(message, self._completion(request, message, started_at, result), None)

    def conclude(self, group: Sequence[Settled]) -> Failures:
        """Publish the outcomes, then put the failures into the DLQ; what was not accepted, by message id."""
        publishable = [settled for settled in group if settled.completion]
        verdicts = self._completions.publish([settled.completion for settled in publishable if settled.completion])
        failures = {
            settled.message.id: verdict
            for settled, verdict in zip(publishable, verdicts, strict=True)
            if verdict is not None
        }
        for settled in group:
            if settled.message.id in failures:
                continue
            try:
                if settled.letter:
                    self._queue.dead_letter(settled.letter)
            except CopytrailError as error:
                failures[settled.message.id] = error
            else:
                self._telemetry.settled(settled)
        return failures

    def _copy(self, request: CopyRequest, message: Message, started_at: datetime) -> Result:
        upload = request.upload
        route = find_route(self._routes, upload.bucket, upload.key, upload.size)
        retried = (
            message.receive_count > 1
            or request.trigger is Trigger.REPLAY
            or started_at - upload.uploaded_at > _FIRST_DELIVERIES_COME_WITHIN
        )
        return self._copying.bring_over(upload, route, retried=retried)

    def _completion(
        self, request: CopyRequest, message: Message, started_at: datetime, result: Result | CopytrailError
    ) -> Completion:
        upload = request.upload
        error = result if isinstance(result, CopytrailError) else None
        copied = result if isinstance(result, Copied) else None
        return Completion(
            log_id=log_id(
                bucket=upload.bucket,
                key=upload.key,
                version_id=upload.version_id,
                etag=upload.etag,
                sequencer=upload.sequencer,
                request_id=request.request_id,
                failed_message_id=message.id if error else None,
            ),
            outcome=Outcome.COPIED if copied else Outcome.FAILED if error else Outcome.SKIPPED,
            upload=upload,
            attempt=message.receive_count,
            started_at=started_at,
            finished_at=self._clock(),
            trigger=request.trigger,
            request_id=request.request_id,
            requested_by=request.requested_by,
            reason=None if isinstance(result, Copied) else str(result.reason),
            message=None if isinstance(result, Copied) else result.message,
            destination=self._destination(upload) if isinstance(result, CopytrailError) else result.destination,
            checksum=copied.checksum if copied else None,
            method=copied.method if copied else None,
            parts=copied.parts if copied else None,
        )

    def _destination(self, upload: Upload) -> Destination | None:
        for route in self._routes:
            if route.matches(upload.bucket, upload.key, upload.size):
                return Destination(bucket=route.destination_bucket, key=route.destination_key(upload.key))
        return None
