"""Owns the events: what S3 tells us, what copytrail tells the transfer bus, and how both are decoded and encoded.

Sources: "EventBridge event message structure" in the S3 user guide; `docs/architecture.md` for copytrail's own.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import structs

from shared.envelope import Envelope, Moment, Readers, Text, check_moments, decode, detail, malformed
from shared.routes import LONGEST_KEY_BYTES

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
# What an event names is told on in another, and ten of those have to fit into one request: no id is as long as this.
Id = Annotated[str, msgspec.Meta(max_length=1024)]
# An ARN ("Amazon Resource Names", IAM user guide).
Requester = Annotated[str, msgspec.Meta(max_length=2048)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
# It goes into a header, as it is.
ETag = Annotated[str, msgspec.Meta(max_length=1024, pattern=r"^[!-~]*\Z")]

# With a key's 1,024 it stays under the 2,048 bytes that DynamoDB allows a partition key ("Quotas", DynamoDB developer
# guide).
_LONGEST_BUCKET_BYTES = 255


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
    """A wish that an upload be copied: from S3 itself, from an operator (with a `request_id`), or to be continued.

    `decoded_from`: the key as S3's event told it, when the upload's key was decoded from that. `operation_id`: that of
    the operation which the request is part of.
    """

    upload: Upload
    version: Literal["1"] = "1"
    trigger: Trigger = Trigger.UPLOAD
    request_id: Id | None = None
    requested_by: Requester | None = None
    continuation: Continuation | None = None
    decoded_from: Name | None = None
    operation_id: Id | None = None


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
    """How one transfer ended: the detail of "Object Copied", "Object Copy Skipped" and "Object Copy Failed"."""

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


class _S3Bucket(msgspec.Struct, frozen=True):
    name: Name

    def __post_init__(self) -> None:
        _check_length("name", self.name, _LONGEST_BUCKET_BYTES)


class _S3Key(msgspec.Struct, frozen=True, rename="kebab"):
    key: Name
    version_id: Id | None = None
    sequencer: Id | None = None

    def __post_init__(self) -> None:
        _check_length("key", self.key, LONGEST_KEY_BYTES)


class _S3Object(_S3Key, frozen=True, kw_only=True, rename="kebab"):
    etag: ETag
    size: Size


class _S3Detail(msgspec.Struct, frozen=True, rename="kebab"):
    bucket: _S3Bucket
    object: _S3Object
    request_id: Id | None = None


class _S3Deletion(msgspec.Struct, frozen=True):
    bucket: _S3Bucket
    object: _S3Key


def decode_request(body: str) -> CopyRequest:
    """Read a message of the copy queue: an event of S3 (created, restored, deleted), or a request of an operator.

    The key is taken raw: S3 does not URL-encode keys in EventBridge events.

    Raises:
        PermanentError: `MalformedEvent`, naming the field; `UnsupportedEvent`, naming the kind of event.
    """
    return decode(
        body,
        {
            (S3_SOURCE, OBJECT_CREATED): _from_creation,
            (S3_SOURCE, OBJECT_RESTORED): _from_restore,
            (S3_SOURCE, OBJECT_DELETED): _from_deletion,
            (COPYTRAIL_SOURCE, COPY_REQUESTED): _from_operator,
        },
    )


def decode_completion(body: str) -> Completion:
    """Read a message of the audit queue: one of the three completion events.

    Raises:
        PermanentError: `MalformedEvent`, naming the field; `UnsupportedEvent`, naming the kind of event.
    """
    return decode(body, COMPLETION_READERS)


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


def _from_creation(envelope: Envelope) -> CopyRequest:
    return CopyRequest(upload=_upload(detail(envelope, _S3Detail), envelope.time))


def _from_restore(envelope: Envelope) -> CopyRequest:
    restored = detail(envelope, _S3Detail)
    # The upload itself failed under its own LogID; S3's id of the restore tells this one apart.
    return CopyRequest(
        upload=_upload(restored, envelope.time), trigger=Trigger.RESTORE, request_id=restored.request_id or None
    )


def _from_deletion(envelope: Envelope) -> CopyRequest:
    deleted = detail(envelope, _S3Deletion)
    deletion = Upload(
        bucket=deleted.bucket.name,
        key=deleted.object.key,
        etag="",
        size=0,
        version_id=_version_id(deleted.object.version_id),
        sequencer=deleted.object.sequencer,
        uploaded_at=envelope.time,
    )
    return CopyRequest(upload=deletion, trigger=Trigger.DELETE)


def _upload(told: _S3Detail, at: datetime) -> Upload:
    return Upload(
        bucket=told.bucket.name,
        key=told.object.key,
        etag=told.object.etag.strip('"'),
        size=told.object.size,
        version_id=_version_id(told.object.version_id),
        sequencer=told.object.sequencer,
        uploaded_at=at,
    )


def _check_lengths(upload: Upload) -> None:
    try:
        _check_length("bucket", upload.bucket, _LONGEST_BUCKET_BYTES)
        _check_length("key", upload.key, LONGEST_KEY_BYTES)
    except ValueError as error:
        raise malformed(f"{error} - at `$.detail.upload`") from error


def _check_length(name: str, text: str, most_bytes: int) -> None:
    if len(text.encode()) > most_bytes:
        raise ValueError(f"`{name}` is longer than {most_bytes:,} bytes, which S3 does not allow")


def _version_id(told: str | None) -> str | None:
    # With versioning suspended every write has this one: it tells nothing apart.
    return None if told == "null" else told


def _from_operator(envelope: Envelope) -> CopyRequest:
    request = detail(envelope, CopyRequest)
    _check_lengths(request.upload)
    if request.continuation is None and request.decoded_from is None:
        # Without an id of its own, the copy would have the upload's LogID, and leave no record.
        if not request.request_id:
            raise malformed("a request needs an id of its own - at `$.detail.requestId`")
        if request.trigger not in _OPERATORS_TRIGGERS:
            raise malformed("a request is a backfill, a reconcile or a replay - at `$.detail.trigger`")
    if not request.upload.etag:
        raise malformed("Expected `str` of length >= 1 - at `$.detail.upload.etag`")
    upload = structs.replace(request.upload, etag=request.upload.etag.strip('"'))
    return structs.replace(request, upload=upload)


_OPERATORS_TRIGGERS = frozenset({Trigger.BACKFILL, Trigger.RECONCILE, Trigger.REPLAY})


def _completion(envelope: Envelope) -> Completion:
    completion = detail(envelope, Completion)
    _check_lengths(completion.upload)
    if completion.detail_type != envelope.detail_type:
        raise malformed(f"outcome {completion.outcome} came as '{envelope.detail_type}' - at `$.detail.outcome`")
    return completion


COMPLETION_READERS: Readers[Completion] = {
    (COPYTRAIL_SOURCE, detail_type): _completion for detail_type in DETAIL_TYPES.values()
}
