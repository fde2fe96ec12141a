"""The events that a queue can hold, and how each is read: those of S3 and of operators, outcomes and operations.

Sources: "EventBridge event message structure" in the S3 user guide; `docs/architecture.md` for copytrail's own.
"""

import msgspec
from msgspec import structs

from shared.envelope import Envelope, Readers, decode, detail, malformed
from shared.events import (
    COPY_REQUESTED,
    COPYTRAIL_SOURCE,
    DETAIL_TYPES,
    OBJECT_CREATED,
    OBJECT_DELETED,
    OBJECT_RESTORED,
    S3_SOURCE,
    Completion,
    CopyRequest,
    ETag,
    Id,
    Name,
    Size,
    Trigger,
    Upload,
)
from shared.operations import OPERATION_ENDED, OPERATION_STARTED, Operation
from shared.routes import LONGEST_KEY_BYTES

# With a key's 1,024 it stays under the 2,048 bytes that DynamoDB allows a partition key ("Quotas", DynamoDB developer
# guide).
_LONGEST_BUCKET_BYTES = 255
_OPERATORS_TRIGGERS = frozenset({Trigger.BACKFILL, Trigger.RECONCILE, Trigger.REPLAY})

Audited = Completion | Operation


def decode_request(body: str) -> CopyRequest:
    """Read a message of the copy queue: an event of S3 (created, restored, deleted), or a request of an operator.

    The key is taken raw: S3 does not URL-encode keys in EventBridge events.

    Raises:
        PermanentError: `MalformedEvent`, naming the field; `UnsupportedEvent`, naming the kind of event.
    """
    return decode(body, _COPY_QUEUE)


def decode_audited(body: str) -> Audited:
    """Read a message of the audit queue: how a transfer ended, or what an operator did.

    Raises:
        PermanentError: `MalformedEvent`, naming the field; `UnsupportedEvent`, naming the kind of event.
    """
    return decode(body, _AUDIT_QUEUE)


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


def _creation(envelope: Envelope) -> CopyRequest:
    created = detail(envelope, _S3Detail)
    return CopyRequest(upload=_upload(envelope, created, created.object.etag, created.object.size))


def _restore(envelope: Envelope) -> CopyRequest:
    restored = detail(envelope, _S3Detail)
    # The upload itself failed under its own LogID; S3's id of the restore tells this one apart.
    return CopyRequest(
        upload=_upload(envelope, restored, restored.object.etag, restored.object.size),
        trigger=Trigger.RESTORE,
        request_id=restored.request_id or None,
    )


def _deletion(envelope: Envelope) -> CopyRequest:
    return CopyRequest(upload=_upload(envelope, detail(envelope, _S3Deletion), "", 0), trigger=Trigger.DELETE)


def _operators_request(envelope: Envelope) -> CopyRequest:
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


def _completion(envelope: Envelope) -> Completion:
    completion = detail(envelope, Completion)
    _check_lengths(completion.upload)
    if completion.detail_type != envelope.detail_type:
        raise malformed(f"outcome {completion.outcome} came as '{envelope.detail_type}' - at `$.detail.outcome`")
    return completion


def _operation(envelope: Envelope) -> Operation:
    operation = detail(envelope, Operation)
    if operation.detail_type != envelope.detail_type:
        raise malformed(f"stage {operation.stage} came as '{envelope.detail_type}' - at `$.detail.stage`")
    return operation


_COPY_QUEUE: Readers[CopyRequest] = {
    (S3_SOURCE, OBJECT_CREATED): _creation,
    (S3_SOURCE, OBJECT_RESTORED): _restore,
    (S3_SOURCE, OBJECT_DELETED): _deletion,
    (COPYTRAIL_SOURCE, COPY_REQUESTED): _operators_request,
}
_AUDIT_QUEUE: Readers[Audited] = {
    **{(COPYTRAIL_SOURCE, detail_type): _completion for detail_type in DETAIL_TYPES.values()},
    (COPYTRAIL_SOURCE, OPERATION_STARTED): _operation,
    (COPYTRAIL_SOURCE, OPERATION_ENDED): _operation,
}
# The detail-types that the transfer bus hands to the audit queue.
AUDITED_DETAIL_TYPES = [detail_type for _, detail_type in _AUDIT_QUEUE]


def _upload(envelope: Envelope, write: _S3Detail | _S3Deletion, etag: str, size: int) -> Upload:
    version_id = write.object.version_id
    return Upload(
        bucket=write.bucket.name,
        key=write.object.key,
        etag=etag.strip('"'),
        size=size,
        # With versioning suspended every write has this one: it tells nothing apart.
        version_id=None if version_id == "null" else version_id,
        sequencer=write.object.sequencer,
        uploaded_at=envelope.time,
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
