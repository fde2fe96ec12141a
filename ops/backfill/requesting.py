"""Owns the request of one group's copies: what goes onto the transfer bus, and how patiently."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ops.aws.copy_requests import PartlyRefusedError
from ops.aws.object_reads import ObjectReads, why_not
from ops.backfill.existing import Existing
from ops.errors import UsageError, as_command_error
from shared.errors import CopytrailError, TransientError
from shared.events import CopyRequest, Trigger, Upload

# A backfill runs for hours: a short disturbance is no reason to end it. In seconds.
_PAUSES_S = (1, 2, 4, 8, 16)


class Bus(Protocol):
    """Where copies are asked for."""

    def publish(self, requests: Sequence[CopyRequest]) -> None:
        """Ask for up to 10 copies. Raises CopytrailError or PartlyRefused when not all of them were accepted."""


class Requested(NamedTuple):
    """What became of a group: so many requests were accepted, so many objects are gone, and what S3 did not tell of.

    `failed`: the key of each such object, with the reason.
    """

    requested: int = 0
    gone: int = 0
    failed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Requester:
    """Asks for copies of a bucket's objects, under one operation. It may be shared by threads.

    `pause` waits so many seconds, or raises when the backfill is being stopped.
    """

    objects: ObjectReads
    bus: Bus
    bucket: str
    operation_id: str
    requested_by: str
    pause: Callable[[float], None]

    def request(self, group: Sequence[Existing]) -> Requested:
        """Ask for the copies of up to 10 objects.

        Raises:
            CopytrailError: AWS refused, or still had no answer after half a minute; the source bucket is gone.
            CommandError: EventBridge accepted only some of them; S3 tells of no object.
        """
        requests = []
        failed = []
        for existing in group:
            try:
                upload = self._upload(existing)
            except CopytrailError as error:
                if error.reason == "NoSuchBucket":
                    raise
                failed.append((existing.key, why_not(error)))
                continue
            if upload:
                requests.append(self._request(upload))
        if requests:
            self._publish(requests)
        return Requested(len(requests), len(group) - len(requests) - len(failed), tuple(failed))

    def _publish(self, requests: Sequence[CopyRequest]) -> None:
        for pause_s in _PAUSES_S:
            try:
                return self.bus.publish(requests)
            except PartlyRefusedError as error:
                requests = error.requests
            except TransientError as error:
                if isinstance(as_command_error(error), UsageError):
                    # Only a person can help, as with credentials that have expired.
                    raise
            self.pause(pause_s)
        return self.bus.publish(requests)

    def _request(self, upload: Upload) -> CopyRequest:
        return CopyRequest(
            upload=upload,
            trigger=Trigger.BACKFILL,
            request_id=self.operation_id,
            requested_by=self.requested_by,
            operation_id=self.operation_id,
        )

    def _upload(self, existing: Existing) -> Upload | None:
        """What is to be copied: the newest upload, if it has this ETag still. None: there is none any more."""
        etag, size, uploaded_at = existing.etag, existing.size, existing.last_modified
        if etag is None or uploaded_at is None:
            head = self.objects.head(self.bucket, existing.key)
            if head is None:
                return None
            etag, size, uploaded_at = head.etag, head.size, head.last_modified
        return Upload(bucket=self.bucket, key=existing.key, etag=etag, size=size, uploaded_at=uploaded_at)
