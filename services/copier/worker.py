"""A message's way through the copier: what it asks for, how that ended, and what must be accepted before it may go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import structs

from services.copier.deletions import Deletions
from services.copier.every_version import EveryVersion
from services.copier.model import Copied, CopyCommand, Deleted, SecondsLeft, Skipped, UnfinishedError
from services.copier.newest_only import NewestOnly
from services.copier.ports import Bus
from shared.errors import CopytrailError, PermanentError, Reason
from shared.event_decoding import decode_request
from shared.events import Completion, CopyRequest, Destination, Outcome, Trigger, Upload, encode_request
from shared.lambda_runtime.batch import Failures
from shared.lambda_runtime.delivery_policy import as_copytrail_error, dead_letter, final_error
from shared.lambda_runtime.message import DeadLetter, Message, Queue
from shared.routes import Route, find_route

# A message that SQS itself dead-lettered starts at receive count 1 again when it is sent back, and carries no mark.
# With the shortest time-out that is allowed, it takes longer than this to get there.
_FIRST_DELIVERIES_COME_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Finished:
    """The message has an outcome. `twin`: the request that copies the upload under the decoded key, if there is one."""

    message: Message
    completion: Completion
    twin: CopyRequest | None = None


@dataclass(frozen=True)
class Failed:
    """The message can have no other outcome than this failure, and becomes a dead letter."""

    message: Message
    completion: Completion
    error: CopytrailError


@dataclass(frozen=True)
class Continued:
    """Time ran short in the middle of a copy in parts. `command`: what `request` is to continue."""

    message: Message
    request: CopyRequest
    command: CopyCommand


# A dead letter alone: the message names no upload, so that it has no outcome.
Performed = Finished | Failed | Continued | DeadLetter


class Telemetry(Protocol):
    """What is logged and counted of every message that may go."""

    def published(self, performed: Performed) -> None:
        """EventBridge and the queues have accepted what the message came to."""


class CopyWorker:
    """Copies what each message asks for, and publishes the outcomes in groups.

    `every_version` is for routes with `versions: every`; `abandon` aborts what a command was to continue.
    """

    def __init__(
        self,
        *,
        newest_only: NewestOnly,
        deletions: Deletions,
        every_version: EveryVersion | None,
        abandon: Callable[[CopyCommand], None],
        routes: Sequence[Route],
        bus: Bus,
        queue: Queue,
        telemetry: Telemetry,
        clock: Callable[[], datetime],
        max_receive_count: int,
    ) -> None:
        self._newest_only = newest_only
        self._deletions = deletions
        self._every_version = every_version
        self._abandon = abandon
        self._routes = routes
        self._bus = bus
        self._queue = queue
        self._telemetry = telemetry
        self._clock = clock
        self._max_receive_count = max_receive_count

    def perform(self, message: Message, seconds_left: SecondsLeft) -> Performed:
        """Do what the message asks for.

        Raises:
            CopytrailError: a retry may cure it, and the message has receives left.
        """
        try:
            request = _as_replayed(decode_request(message.body), message)
        except CopytrailError as error:
            return DeadLetter(message, error, None)
        started_at = self._clock()
        route: Route | None = None
        try:
            route = self._route(request.upload)
            command = CopyCommand(
                request.upload,
                route,
                seconds_left,
                retried=_may_have_been_tried(request, message, started_at),
                continuation=request.continuation,
            )
            outcome = self._copy(command)
        except UnfinishedError as unfinished:
            rest = unfinished.continuation
            return Continued(message, structs.replace(request, continuation=rest), replace(command, continuation=rest))
        except Exception as error:  # noqa: BLE001 - a bug, too, must end as a retry or a dead letter with its reason
            final = final_error(error, message, self._max_receive_count)
            completion = self._completion(request, route, message, started_at, final)
            return Failed(message, completion, final)
        completion = self._completion(request, route, message, started_at, outcome)
        if isinstance(outcome, Skipped) and outcome.decoded:
            key = request.upload.key
            twin = structs.replace(request, upload=outcome.decoded, decoded_from=key, continuation=None)
            return Finished(message, completion, twin)
        return Finished(message, completion)

    def publish(self, group: Sequence[Performed]) -> Failures:
        """Publish outcomes, send dead letters and further requests; what was not accepted, by message."""
        with_outcome = [performed for performed in group if isinstance(performed, Finished | Failed)]
        verdicts = self._bus.publish([performed.completion.event for performed in with_outcome])
        failures = {
            performed.message: verdict
            for performed, verdict in zip(with_outcome, verdicts, strict=True)
            if verdict is not None
        }
        for performed in group:
            error = failures.get(performed.message) or self._send(performed)
            if error:
                failures[performed.message] = error
            else:
                self._telemetry.published(performed)
        return failures

    def _copy(self, command: CopyCommand) -> Copied | Skipped | Deleted:
        if command.upload.is_deletion:
            return self._deletions.follow(command)
        if command.route.versions == "every":
            if self._every_version is None:
                problem = f"no placement table keeps the versions of {command.source.url} in order"
                raise PermanentError(Reason.NO_ORDER, problem)
            return self._every_version.copy(command)
        outcome = self._newest_only.copy(command)
        if command.route.deletes:
            self._deletions.delete_if_source_gone(command)
        return outcome

    def _send(self, performed: Performed) -> CopytrailError | None:
        """Send what has to be accepted before the message may go; None when it was, else why not."""
        match performed:
            case DeadLetter():
                return dead_letter(self._queue, performed)
            case Failed():
                letter = DeadLetter(performed.message, performed.error, performed.completion.log_id)
                return dead_letter(self._queue, letter)
            case Continued():
                error = self._enqueue(performed.request)
                if error:
                    # The message comes again, and knows nothing of the upload.
                    self._abandon(performed.command)
                return error
            case Finished():
                return self._enqueue(performed.twin) if performed.twin else None

    def _enqueue(self, request: CopyRequest) -> CopytrailError | None:
        try:
            self._queue.send(encode_request(request, self._clock()))
        except Exception as error:  # noqa: BLE001 - what one message holds must not fail its neighbours
            return as_copytrail_error(error)
        return None

    def _route(self, upload: Upload) -> Route:
        route = find_route(self._routes, upload.bucket, upload.key, upload.size)
        route.check_key(upload.key)
        if upload.is_deletion and not route.deletes:
            raise PermanentError(Reason.UNSUPPORTED_EVENT, f"the route of {upload.url} does not let deletions follow")
        return route

    def _completion(
        self,
        request: CopyRequest,
        route: Route | None,
        message: Message,
        started_at: datetime,
        outcome: Copied | Skipped | Deleted | CopytrailError,
    ) -> Completion:
        copied = outcome if isinstance(outcome, Copied) else None
        explained = outcome if isinstance(outcome, Skipped | CopytrailError) else None
        return Completion(
            log_id=request.log_id(failed_message_id=message.id if isinstance(outcome, CopytrailError) else None),
            outcome=_OUTCOMES.get(type(outcome), Outcome.FAILED),
            upload=request.upload,
            attempt=message.receive_count,
            started_at=started_at,
            finished_at=self._clock(),
            trigger=request.trigger,
            request_id=request.request_id,
            requested_by=request.requested_by,
            reason=str(explained.reason) if explained else None,
            message=explained.message if explained else None,
            destination=_meant(route, request.upload) if isinstance(outcome, CopytrailError) else outcome.destination,
            checksum=copied.checksum if copied else None,
            method=copied.method if copied else None,
            parts=copied.parts if copied else None,
            operation_id=request.operation_id,
        )


_OUTCOMES = {Copied: Outcome.COPIED, Deleted: Outcome.DELETED, Skipped: Outcome.SKIPPED}


def _as_replayed(request: CopyRequest, message: Message) -> CopyRequest:
    """The request, as whoever sent its message back from the dead-letter queue asked for it, also when it goes on."""
    past = message.past
    if past is None or not past.replayed_by:
        return request
    return structs.replace(
        request, trigger=Trigger.REPLAY, requested_by=past.replayed_by, operation_id=past.replay_operation
    )


def _may_have_been_tried(request: CopyRequest, message: Message, now: datetime) -> bool:
    return (
        message.receive_count > 1
        or message.past is not None
        or request.trigger is Trigger.REPLAY
        or request.continuation is not None
        or now - request.upload.uploaded_at > _FIRST_DELIVERIES_COME_WITHIN
    )


def _meant(route: Route | None, upload: Upload) -> Destination | None:
    return Destination(bucket=route.destination_bucket, key=route.destination_key(upload.key)) if route else None
