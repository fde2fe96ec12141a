"""Requests of a backfill's copies, in groups, several at a time, at a rate, with retries and a checkpoint."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ops.aws.concurrency import Pace, run_in_order
from ops.aws.copy_requests import PartlyRefusedError
from ops.aws.object_reads import ObjectReads, why_not
from ops.backfill.checkpoint import CheckpointWriter
from ops.backfill.objects import SourceObject
from ops.errors import UsageError, as_command_error
from shared.errors import CopytrailError, TransientError
from shared.events import CopyRequest, Trigger, Upload
from shared.transfer_bus import MOST_EVENTS

# A backfill runs for hours: a short disturbance is no reason to end it. In seconds.
_DELAYS_S = (1, 2, 4, 8, 16)


class Bus(Protocol):
    """Where copies are requested."""

    def publish(self, requests: Sequence[CopyRequest]) -> None:
        """Ask for up to 10 copies. Raises CopytrailError or PartlyRefused when not all of them were accepted."""


class GroupResult(NamedTuple):
    """What became of a group: so many requests were accepted, so many objects are gone, others could not be read.

    `failed`: the key of each of these, with the reason.
    """

    requested: int = 0
    gone: int = 0
    failed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Requester:
    """Asks for copies of a bucket's objects, under one operation. It may be shared by threads.

    `begin` is called before the first request of a group. `wait` waits so many seconds, or raises when the backfill is
    being stopped.
    """

    objects: ObjectReads
    bus: Bus
    bucket: str
    operation_id: str
    requested_by: str
    begin: Callable[[], None]
    wait: Callable[[float], None]

    def request(self, group: Sequence[SourceObject]) -> GroupResult:
        """Ask for the copies of up to 10 objects.

        Raises:
            CopytrailError: AWS refused, or still had no answer after half a minute; the source bucket is gone.
            CommandError: EventBridge accepted only some of them; HeadObject would fail for each; `begin` failed.
        """
        requests = []
        failed = []
        for source_object in group:
            try:
                upload = self._upload(source_object)
            except CopytrailError as error:
                if error.reason == "NoSuchBucket":
                    raise
                failed.append((source_object.key, why_not(error)))
                continue
            if upload:
                requests.append(self._request(upload))
        if requests:
            self._publish(requests)
        return GroupResult(len(requests), len(group) - len(requests) - len(failed), tuple(failed))

    def _publish(self, requests: Sequence[CopyRequest]) -> None:
        self.begin()
        for delay_s in _DELAYS_S:
            try:
                return self.bus.publish(requests)
            except PartlyRefusedError as error:
                requests = error.requests
            except TransientError as error:
                if isinstance(as_command_error(error), UsageError):
                    # Only a person can help, as with credentials that have expired.
                    raise
            self.wait(delay_s)
        return self.bus.publish(requests)

    def _request(self, upload: Upload) -> CopyRequest:
        return CopyRequest(
            upload=upload,
            trigger=Trigger.BACKFILL,
            request_id=self.operation_id,
            requested_by=self.requested_by,
            operation_id=self.operation_id,
        )

    def _upload(self, source_object: SourceObject) -> Upload | None:
        """What is to be copied: the newest upload, if it has this ETag still. None: there is none any more."""
        etag, size, uploaded_at = source_object.etag, source_object.size, source_object.last_modified
        if etag is None or uploaded_at is None:
            head = self.objects.head(self.bucket, source_object.key)
            if head is None:
                return None
            etag, size, uploaded_at = head.etag, head.size, head.last_modified
        return Upload(bucket=self.bucket, key=source_object.key, etag=etag, size=size, uploaded_at=uploaded_at)


# A PutEvents call takes tens of milliseconds on AWS: sixteen at a time make more than its default quotas allow.
THREADS = 16


class Cancellation:
    """Ends the waits between retries: whoever waits is woken, and goes no further."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def cancel(self) -> None:
        """Let nobody wait any longer."""
        self._stopped.set()

    def wait(self, seconds: float) -> None:
        """Wait.

        Raises:
            InterruptedError: the backfill is being stopped.
        """
        if self._stopped.wait(seconds):
            raise InterruptedError


def request_all(
    objects: Iterable[SourceObject],
    request: Callable[[Sequence[SourceObject]], GroupResult],
    *,
    writer: CheckpointWriter,
    pace: Pace,
    report: Callable[[GroupResult], None],
    cancellation: Cancellation,
) -> None:
    """Request copies of all objects. However it ends, the checkpoint says how far it came, if anything was requested.

    Raises:
        CopytrailError, CommandError: what `request` or the checkpoint raises.
    """

    def done(group: Sequence[SourceObject], requested: GroupResult) -> None:
        writer.advance(
            group[-1].position, requested=requested.requested, gone=requested.gone, failed=len(requested.failed)
        )
        report(requested)

    try:
        run_in_order(request, done, pace.groups(objects, MOST_EVENTS), threads=THREADS, stop=cancellation.cancel)
    finally:
        if writer.under_way:
            writer.write()
