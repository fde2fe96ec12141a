"""What events say: uploads, requests to copy them, and outcomes; under which names they go over EventBridge."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

import msgspec

from shared.envelope import Moment, Text, check_moments
from shared.log_id import log_id

S3_SOURCE = "aws.s3"
COPYTRAIL_SOURCE = "copytrail"
OBJECT_CREATED = "Object Created"
OBJECT_RESTORED = "Object Restore Completed"
OBJECT_DELETED = "Object Deleted"
COPY_REQUESTED = "Object Copy Requested"

# What EventBridge takes for a whole number ("PutEvents", EventBridge API reference).
LARGEST_NUMBER = 2**63 - 1

Size = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_NUMBER)]
Count = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_NUMBER)]
# What one event names is named in another, and ten of those have to fit into one request: no id is as long as this.
Id = Annotated[str, msgspec.Meta(max_length=1024)]
# An ARN ("Amazon Resource Names", IAM user guide).
Requester = Annotated[str, msgspec.Meta(max_length=2048)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
# It goes into a header, as it is.
ETag = Annotated[str, msgspec.Meta(max_length=1024, pattern=r"^[!-~]*\Z")]


class Outcome(StrEnum):
    """How a transfer ended."""

    COPIED = "Copied"
    DELETED = "Deleted"
    SKIPPED = "Skipped"
    FAILED = "Failed"


class Trigger(StrEnum):
    """What set a transfer going."""

    UPLOAD = "upload"
    DELETE = "delete"
    RESTORE = "restore"
    BACKFILL = "backfill"
    RECONCILE = "reconcile"
    REPLAY = "replay"


DETAIL_TYPES = {
    Outcome.COPIED: "Object Copied",
    Outcome.DELETED: "Object Deletion Copied",
    Outcome.SKIPPED: "Object Copy Skipped",
    Outcome.FAILED: "Object Copy Failed",
}


class Event(NamedTuple):
    """An event of copytrail: its detail-type, its detail as JSON text, and when it happened."""

    detail_type: str
    detail: str
    at: datetime


class Upload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One committed write of a source object. `size` in bytes; `etag` without quotes, as S3's events write it.

    A deletion, too, is a write; it has no ETag (""), and no bytes.
    """

    bucket: Name
    key: Name
    etag: ETag
    size: Size
    uploaded_at: Moment
    version_id: Id | None = None
    sequencer: Id | None = None

    def __post_init__(self) -> None:
        check_moments(uploadedAt=self.uploaded_at)

    @property
    def is_deletion(self) -> bool:
        """Whether this write removed the object."""
        return not self.etag

    @property
    def url(self) -> str:
        """`s3://bucket/key`, as people write it."""
        return f"s3://{self.bucket}/{self.key}"


class Continuation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a copy in parts stopped: the open upload, the size of its parts in bytes, and what it is pinned to.

    `fingerprint` stands for all that a HEAD tells of the source: the upload was begun with its properties.
    """

    upload_id: Name
    bytes_each: Count
    etag: ETag
    fingerprint: Text
    parts_done: Size
    version_id: Id | None = None


class CopyRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A request that an upload be copied: from S3 itself, from an operator (with a `request_id`), or to be continued.

    `decoded_from`: the key as it stands in S3's event, when the upload's key was decoded from that. `operation_id`:
    that of the operation which the request is part of.
    """

    upload: Upload
    version: Literal["1"] = "1"
    trigger: Trigger = Trigger.UPLOAD
    request_id: Id | None = None
    requested_by: Requester | None = None
    continuation: Continuation | None = None
    decoded_from: Name | None = None
    operation_id: Id | None = None

    def log_id(self, *, failed_message_id: str | None = None) -> str:
        """The LogID of the record that the copy makes, or its failure as that message."""
        return log_id(
            bucket=self.upload.bucket,
            key=self.upload.key,
            version_id=self.upload.version_id,
            etag=self.upload.etag,
            sequencer=self.upload.sequencer,
            request_id=self.request_id,
            failed_message_id=failed_message_id,
        )


class Destination(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where an upload goes, and (once copied) what is there. `etag` without quotes."""

    bucket: Text
    key: Text
    etag: str | None = None
    version_id: str | None = None


class Checksum(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A checksum as S3 gives it: algorithm (`CRC64NVME`, …), base64 value, and `FULL_OBJECT` or `COMPOSITE`."""

    algorithm: Text
    value: Text
    type: str | None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How one transfer ended: the detail of the events in `DETAIL_TYPES`."""

    log_id: Text
    outcome: Outcome
    upload: Upload
    attempt: Count
    started_at: Moment
    finished_at: Moment
    version: Literal["1"] = "1"
    trigger: Trigger = Trigger.UPLOAD
    request_id: str | None = None
    requested_by: str | None = None
    reason: str | None = None
    message: str | None = None
    destination: Destination | None = None
    checksum: Checksum | None = None
    method: str | None = None
    parts: Count | None = None
    operation_id: str | None = None

    def __post_init__(self) -> None:
        check_moments(startedAt=self.started_at, finishedAt=self.finished_at)
        if self.outcome is Outcome.COPIED and (self.destination is None or self.destination.etag is None):
            raise ValueError("a Copied outcome needs destination.etag")
        if self.outcome in (Outcome.SKIPPED, Outcome.FAILED) and not self.reason:
            raise ValueError(f"a {self.outcome} outcome needs a reason")

    @property
    def detail_type(self) -> str:
        """The EventBridge detail-type that goes with the outcome."""
        return DETAIL_TYPES[self.outcome]

    @property
    def event(self) -> Event:
        """The event that makes it known on the transfer bus."""
        return Event(self.detail_type, encode_detail(self), self.finished_at)


def encode_detail(event: msgspec.Struct) -> str:
    """The `Detail` of the EventBridge entry that carries this event: JSON text."""
    return msgspec.json.encode(event).decode()


def encode_request(request: CopyRequest, at: datetime) -> str:
    """The body of the message that asks for this copy, as EventBridge would write it into the copy queue."""
    return msgspec.json.encode(
        {
            "version": "0",
            "source": COPYTRAIL_SOURCE,
            "detail-type": COPY_REQUESTED,
            "time": at,
            "detail": request,
        }
    ).decode()
