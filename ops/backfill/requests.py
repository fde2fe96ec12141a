"""Requests of a backfill's copies, in groups, several at a time, at a rate, with retries and a checkpoint."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ops.aws.concurrency import Pace, run_in_order
from ops.aws.object_reads import ObjectReads, why_not
from ops.backfill.checkpoint import CheckpointWriter
from ops.backfill.objects import SourceObject
from ops.copy_requests import CopyRequests, PartlyRefusedError
from ops.errors import UsageError, as_command_error
from shared.errors import CopytrailError, TransientError
from shared.events import Upload
from shared.transfer_bus import MOST_EVENTS

# A backfill runs for hours: a short disturbance is no reason to end it. In seconds.
_DELAYS_S = (1, 2, 4, 8, 16)
# A PutEvents call takes tens of milliseconds on AWS: sixteen at a time make more than its default quotas allow.
THREADS = 16


class GroupResult(NamedTuple):
    """What became of a group: how many requests were accepted, and how many objects were deleted meanwhile.

    `failed`: the key of each object that could not be read, with the reason.
    """

    requested: int = 0
    source_deleted: int = 0
    failed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Requester:
    """Requests copies of a bucket's objects. May be shared by threads.

    `begin` is called before the first request of a group. `wait` waits so many seconds, or until the backfill is being
    stopped, and says whether it is.
    """

    objects: ObjectReads
    copies: CopyRequests
    bucket: str
    begin: Callable[[], None]
    wait: Callable[[float], bool]

    def request(self, group: Sequence[SourceObject]) -> GroupResult:
        """Request copies of up to 10 objects.

        Raises:
            CopytrailError: AWS refused, or still had no answer after half a minute; the source bucket is gone.
            CommandError: EventBridge accepted only some of them; HeadObject would fail for each; `begin` failed.
            InterruptedError: the backfill is being stopped.
        """
        uploads = []
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
                uploads.append(upload)
        if uploads:
            self._publish(uploads)
        return GroupResult(len(uploads), len(group) - len(uploads) - len(failed), tuple(failed))

    def _publish(self, uploads: Sequence[Upload]) -> None:
        self.begin()
        for delay_s in _DELAYS_S:
            try:
                return self.copies.publish(uploads)
            except PartlyRefusedError as error:
                uploads = error.uploads
            except TransientError as error:
                if isinstance(as_command_error(error), UsageError):
                    # Only a person can help, as with credentials that have expired.
                    raise
            if self.wait(delay_s):
                raise InterruptedError
        return self.copies.publish(uploads)

    def _upload(self, source_object: SourceObject) -> Upload | None:
        """What is to be copied: the newest upload, if it has this ETag still. None: there is none any more."""
        etag, size, uploaded_at = source_object.etag, source_object.size, source_object.last_modified
        if etag is None or uploaded_at is None:
            head = self.objects.head(self.bucket, source_object.key)
            if head is None:
                return None
            etag, size, uploaded_at = head.etag, head.size, head.last_modified
        return Upload(bucket=self.bucket, key=source_object.key, etag=etag, size=size, uploaded_at=uploaded_at)


def request_all(
    objects: Iterable[SourceObject],
    request: Callable[[Sequence[SourceObject]], GroupResult],
    *,
    writer: CheckpointWriter,
    pace: Pace,
    report: Callable[[GroupResult], None],
    stop: Callable[[], None],
) -> None:
    """Request copies of all objects, `request` those of a group; `stop` ends the waits of those that were begun.

    However it ends, the checkpoint says how far it came, if anything was requested.

    Raises:
        CopytrailError, CommandError: what `request` or the checkpoint raises.
    """

    def done(group: Sequence[SourceObject], requested: GroupResult) -> None:
        writer.advance(
            group[-1].position,
            requested=requested.requested,
            source_deleted=requested.source_deleted,
            failed=len(requested.failed),
        )
        report(requested)

    try:
        run_in_order(request, pace.groups(objects, MOST_EVENTS), threads=THREADS, done=done, stop=stop)
    finally:
        if writer.under_way:
            writer.write()
