"""Owns a message's way through the copier: what it asks for, what came of it, and who must know before it may go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import structs

from services.copier.completions import Completions
from services.copier.deleting import Deleted
from services.copier.multipart import UnfinishedError
from services.copier.rounds import Copied, Order, Result, Skipped
from shared.errors import CopytrailError, PermanentError, Reason
from shared.event_decoding import decode_request
from shared.events import Completion, CopyRequest, Destination, Outcome, Trigger, Upload, encode_request
from shared.lambda_runtime.batch import Failures
from shared.lambda_runtime.delivery_policy import dead_letter, final_error, unexpected
from shared.lambda_runtime.message import DeadLetter, Message, Queue
from shared.log_id import log_id
from shared.routes import Route, find_route

# A message that SQS itself dead-lettered starts at receive count 1 again when it is sent back, and carries no mark.
# With the shortest time-out that is allowed, it takes longer than this to get there.
_FIRST_DELIVERIES_COME_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Settled:
    """What a message came to: an outcome, a letter, both, or a request that goes into the queue (`follow_up`)."""

    message: Message
    completion: Completion | None = None
    letter: DeadLetter | None = None
    follow_up: CopyRequest | None = None


class Journey(Protocol):
    """What brings an upload over, or lets a deletion follow."""

    def bring_over(self, order: Order) -> Result | Deleted:
        """How it ended. Raises CopytrailError, or UnfinishedError where there is more to do."""

    def abandon(self, order: Order) -> None:
        """Give up what an order was to continue: nobody will."""


class Telemetry(Protocol):
    """Who is told of every transfer that ended."""

    def settled(self, settled: Settled) -> None:
        """The message's outcome has been accepted, and the message may go."""


class Transfers:
    """The copier's worker: performs each message, then publishes the outcomes in groups."""

    def __init__(
        self,
        *,
        journey: Journey,
        routes: Sequence[Route],
        completions: Completions,
        queue: Queue,
        telemetry: Telemetry,
        clock: Callable[[], datetime],
        max_receive_count: int,
    ) -> None:
        self._journey = journey
        self._routes = routes
        self._completions = completions
        self._queue = queue
        self._telemetry = telemetry
        self._clock = clock
        self._max_receive_count = max_receive_count

    def perform(self, message: Message, seconds_left: Callable[[], float]) -> Settled:
        """Do what the message asks for.

        Raises:
            CopytrailError: a retry may cure it, and the message has receives left.
        """
        try:
            request = _as_asked(decode_request(message.body), message)
        except CopytrailError as error:
            return Settled(message, letter=DeadLetter(message, error, None))
        started_at = self._clock()
        route: Route | None = None
        try:
            route = self._route(request.upload)
            result = self._copy(request, route, message, started_at, seconds_left)
        except UnfinishedError as unfinished:
            return Settled(message, follow_up=structs.replace(request, continuation=unfinished.continuation))
        except Exception as error:  # noqa: BLE001 - a bug, too, must end as a retry or an explained letter
            final = final_error(error, message, self._max_receive_count)
            completion = self._completion(request, route, message, started_at, final)
            return Settled(message, completion, DeadLetter(message, final, completion.log_id))
        completion = self._completion(request, route, message, started_at, result)
        if isinstance(result, Skipped) and result.decoded:
            meant = structs.replace(request, upload=result.decoded, decoded_from=request.upload.key, continuation=None)
            return Settled(message, completion, follow_up=meant)
        return Settled(message, completion)

    def publish(self, group: Sequence[Settled]) -> Failures:
        """Publish the outcomes, put failures into the DLQ, what is unfinished into the queue; what was not accepted."""
        publishable = [settled for settled in group if settled.completion]
        verdicts = self._completions.publish([settled.completion for settled in publishable if settled.completion])
        failures = {
            settled.message: verdict
            for settled, verdict in zip(publishable, verdicts, strict=True)
            if verdict is not None
        }
        for settled in group:
            error = failures.get(settled.message) or self._pass_on(settled)
            if error:
                failures[settled.message] = error
            else:
                self._telemetry.settled(settled)
        return failures

    def _pass_on(self, settled: Settled) -> CopytrailError | None:
        if settled.letter:
            return dead_letter(self._queue, settled.letter)
        if settled.follow_up:
            try:
                self._queue.send(encode_request(settled.follow_up, self._clock()))
            except Exception as error:  # noqa: BLE001 - what one message holds must not fail its neighbours
                self._abandon(settled.follow_up)
                return error if isinstance(error, CopytrailError) else unexpected(error)
        return None

    def _abandon(self, unfinished: CopyRequest) -> None:
        # Its own message comes again, and knows nothing of the upload.
        if unfinished.continuation is None:
            return
        route = self._route(unfinished.upload)
        self._journey.abandon(Order(unfinished.upload, route, lambda: 0, continuation=unfinished.continuation))

    def _route(self, upload: Upload) -> Route:
        route = find_route(self._routes, upload.bucket, upload.key, upload.size)
        route.check_key(upload.key)
        if upload.is_deletion and not route.deletes:
            raise PermanentError(Reason.UNSUPPORTED_EVENT, f"the route of {upload.url} does not let deletions follow")
        return route

    def _copy(
        self,
        request: CopyRequest,
        route: Route,
        message: Message,
        started_at: datetime,
        seconds_left: Callable[[], float],
    ) -> Result | Deleted:
        retried = (
            message.receive_count > 1
            or message.past is not None
            or request.trigger is Trigger.REPLAY
            or request.continuation is not None
            or started_at - request.upload.uploaded_at > _FIRST_DELIVERIES_COME_WITHIN
        )
        return self._journey.bring_over(
            Order(request.upload, route, seconds_left, retried=retried, continuation=request.continuation)
        )

    def _completion(
        self,
        request: CopyRequest,
        route: Route | None,
        message: Message,
        started_at: datetime,
        result: Result | Deleted | CopytrailError,
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
            outcome=_outcome(result),
            upload=upload,
            attempt=message.receive_count,
            started_at=started_at,
            finished_at=self._clock(),
            trigger=request.trigger,
            request_id=request.request_id,
            requested_by=request.requested_by,
            reason=None if isinstance(result, Copied | Deleted) else str(result.reason),
            message=None if isinstance(result, Copied | Deleted) else result.message,
            destination=_meant(route, upload) if isinstance(result, CopytrailError) else result.destination,
            checksum=copied.checksum if copied else None,
            method=copied.method if copied else None,
            parts=copied.parts if copied else None,
            operation_id=request.operation_id,
        )


def _as_asked(request: CopyRequest, message: Message) -> CopyRequest:
    """The request, as whoever sent its message back from the dead-letter queue asked for it, also when it goes on."""
    past = message.past
    if past is None or not past.replayed_by:
        return request
    return structs.replace(
        request, trigger=Trigger.REPLAY, requested_by=past.replayed_by, operation_id=past.replay_operation
    )


def _outcome(result: Result | Deleted | CopytrailError) -> Outcome:
    match result:
        case Copied():
            return Outcome.COPIED
        case Deleted():
            return Outcome.DELETED
        case Skipped():
            return Outcome.SKIPPED
        case CopytrailError():
            return Outcome.FAILED


def _meant(route: Route | None, upload: Upload) -> Destination | None:
    return Destination(bucket=route.destination_bucket, key=route.destination_key(upload.key)) if route else None
