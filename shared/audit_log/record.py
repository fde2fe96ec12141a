"""The record of a transfer, one for each terminal outcome: from event to DynamoDB item and back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from shared import times
from shared.audit_log import schema
from shared.audit_log.schema import Item
from shared.envelope import Moment, check_moments, malformed
from shared.events import LARGEST_NUMBER, Completion, Outcome
from shared.log_id import is_log_id

Identity = tuple[str, str, str, str, str, bool]


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """One terminal outcome, under its LogID. `size` in bytes; moments in UTC, to the millisecond.

    `outcome` and `trigger` are words of `Outcome` and `Trigger`, or those of a newer version.
    """

    log_id: str = msgspec.field(name="LogID")
    outcome: str
    reason: str | None = None
    message: str | None = None
    source_bucket: str
    destination_bucket: str | None = None
    object_key: str
    destination_key: str | None = None
    size: int
    source_etag: str = msgspec.field(name="SourceETag")
    source_version_id: str | None = None
    destination_etag: str | None = msgspec.field(default=None, name="DestinationETag")
    destination_version_id: str | None = None
    checksum_algorithm: str | None = None
    checksum: str | None = None
    checksum_type: str | None = None
    sequencer: str | None = None
    uploaded_at: Moment
    started_at: Moment
    finished_at: Moment
    logged_at: Moment
    method: str | None = None
    parts: int | None = None
    attempt: int
    trigger: str
    requested_by: str | None = None
    operation_id: str | None = msgspec.field(default=None, name=schema.OPERATION_ID)

    def __post_init__(self) -> None:
        check_moments(
            UploadedAt=self.uploaded_at,
            StartedAt=self.started_at,
            FinishedAt=self.finished_at,
            LoggedAt=self.logged_at,
        )
        if max(self.size, self.attempt, self.parts or 0) > LARGEST_NUMBER:
            raise ValueError("a number of more than 64 bits")

    @classmethod
    def of(cls, completion: Completion, logged_at: datetime) -> "Record":
        """The record of a completion.

        Raises:
            PermanentError: `MalformedEvent`; the LogID is not one.
        """
        upload = completion.upload
        destination = completion.destination
        checksum = completion.checksum
        if not is_log_id(completion.log_id):
            raise malformed("`$.detail.logId` is not a LogID")
        return cls(
            log_id=completion.log_id,
            outcome=completion.outcome,
            reason=completion.reason,
            message=completion.message,
            source_bucket=upload.bucket,
            destination_bucket=destination.bucket if destination else None,
            object_key=upload.key,
            destination_key=destination.key if destination else None,
            size=upload.size,
            source_etag=upload.etag,
            source_version_id=upload.version_id,
            destination_etag=destination.etag if destination else None,
            destination_version_id=destination.version_id if destination else None,
            checksum_algorithm=checksum.algorithm if checksum else None,
            checksum=checksum.value if checksum else None,
            checksum_type=checksum.type if checksum else None,
            sequencer=upload.sequencer,
            uploaded_at=times.to_milliseconds(upload.uploaded_at),
            started_at=times.to_milliseconds(completion.started_at),
            finished_at=times.to_milliseconds(completion.finished_at),
            logged_at=times.to_milliseconds(logged_at),
            method=completion.method,
            parts=completion.parts,
            attempt=completion.attempt,
            trigger=completion.trigger,
            requested_by=completion.requested_by,
            operation_id=completion.operation_id,
        )

    @classmethod
    def from_item(cls, item: Mapping[str, Mapping[str, Any]]) -> "Record":
        """Read a DynamoDB item; attributes that are not of a record are passed over.

        Raises:
            ValueError: the item is not a record; says which attribute is missing or wrong.
        """
        return msgspec.convert(schema.from_item(item), cls)

    def attributes(self) -> dict[str, str | int]:
        """The record's own attributes in PascalCase; what is absent is left out."""
        return schema.attributes_of(self)

    def to_item(self) -> Item:
        """The DynamoDB item: the record's own attributes, and those that its indexes go by."""
        by_object = {schema.SOURCE_OBJECT: schema.source_object(self.source_bucket, self.object_key)}
        by_day = schema.by_day(self.finished_at, _shard(self.log_id), self.log_id)
        return schema.to_item(self.attributes() | by_object | by_day)

    @property
    def identity(self) -> Identity:
        """What a LogID stands for: the upload, and whether it is a failure, which has a LogID of its own.

        A redelivered message may end otherwise than its first delivery did (Copied, then Skipped because the upload
        has been superseded since): that is the same identity, and the first record stays.
        """
        return (
            self.source_bucket,
            self.object_key,
            self.source_version_id or "",
            self.source_etag,
            self.sequencer or "",
            self.outcome == Outcome.FAILED,
        )

    @property
    def title(self) -> str:
        """What a person calls it: the upload, and what became of it."""
        version = f", version {self.source_version_id}" if self.source_version_id else ""
        return f"{self.source_url} ({self.outcome}, ETag {self.source_etag}{version})"

    @property
    def source_url(self) -> str:
        """`s3://bucket/key` of the upload."""
        return f"s3://{self.source_bucket}/{self.object_key}"


def _shard(log_id: str) -> int:
    # A UUIDv5 is a hash: its low bits are spread evenly, and the same on every machine.
    return UUID(log_id).int % schema.DAY_SHARDS
