"""Owns a strict in-memory S3: conditions hold at the moment of commit, as they do in AWS."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from services.copier.copying import (
    ConditionRefusedError,
    CopyResult,
    DestinationState,
    Location,
    SourceObject,
)
from shared.errors import from_aws_code
from shared.events import Upload


@dataclass(frozen=True)
class StoredObject:
    """One version of an object."""

    body: bytes
    etag: str
    version_id: str | None
    last_modified: datetime
    metadata: tuple[tuple[str, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    storage_class: str = "STANDARD"


class FakeS3:
    """Buckets of objects, and the `ObjectStore` Protocol on them.

    `before[step]` is called once just ahead of a step (`read`, `commit`, `head_source`, `head_destination`), so that a
    test can let others act in between.
    """

    def __init__(self, clock: Callable[[], datetime], *, versioned: tuple[str, ...] = ()) -> None:
        self.objects: dict[Location, StoredObject] = {}
        self.requests: list[str] = []
        self.before: dict[str, list[Callable[[], object]]] = {}
        self._clock = clock
        self._versioned = versioned
        self._writes = 0

    def upload(
        self,
        bucket: str,
        key: str,
        body: bytes,
        *,
        metadata: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
        storage_class: str = "STANDARD",
        initiated_at: datetime | None = None,
    ) -> Upload:
        """Put an object, and return the upload that S3's event would tell of.

        `initiated_at`: it is a multipart upload, whose LastModified is when it was initiated.
        """
        stored = self._store(
            Location(bucket, key),
            StoredObject(
                body=body,
                etag=hashlib.md5(body, usedforsecurity=False).hexdigest(),
                version_id=None,
                last_modified=initiated_at or self._clock(),
                metadata=tuple(sorted((metadata or {}).items())),
                tags=tuple(sorted((tags or {}).items())),
                storage_class=storage_class,
            ),
        )
        return Upload(
            bucket=bucket,
            key=key,
            etag=stored.etag,
            size=len(body),
            uploaded_at=self._clock(),
            version_id=stored.version_id,
            sequencer=f"{self._writes:016X}",
        )

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; on a versioned bucket this leaves a delete marker, which HEAD sees as missing too."""
        self.objects.pop(Location(bucket, key), None)

    def at(self, url: str) -> StoredObject | None:
        """What `s3://bucket/key` holds."""
        bucket, _, key = url.removeprefix("s3://").partition("/")
        return self.objects.get(Location(bucket, key))

    def copy(self, source: Location, etag: str, destination: Location, *, if_match: str | None) -> CopyResult:
        """CopyObject in its two atomic steps: source check and snapshot, then destination check and commit."""
        self._step("copy", "read")
        snapshot = self.objects.get(source)
        if snapshot is None or snapshot.etag != etag:
            raise ConditionRefusedError
        if snapshot.storage_class in {"GLACIER", "DEEP_ARCHIVE"}:
            raise from_aws_code("InvalidObjectState", "archived", action="s3:GetObject", resource=source.url)
        self._step(None, "commit")
        held = self.objects.get(destination)
        if (held.etag if held else None) != if_match:
            raise ConditionRefusedError
        copied = self._store(destination, replace(snapshot, last_modified=self._clock(), storage_class="STANDARD"))
        return CopyResult(copied.etag, copied.version_id, snapshot.version_id, None)

    def head_source(self, source: Location) -> SourceObject | None:
        """HeadObject: moments in whole seconds."""
        self._step("head_source", "head_source")
        stored = self.objects.get(source)
        if stored is None:
            return None
        return SourceObject(
            etag=stored.etag,
            version_id=stored.version_id,
            size=len(stored.body),
            last_modified=stored.last_modified.replace(microsecond=0),
            properties=stored.metadata,
        )

    def head_destination(self, destination: Location) -> DestinationState:
        """HeadObject: moments in whole seconds."""
        self._step("head_destination", "head_destination")
        stored = self.objects.get(destination)
        return DestinationState(stored.etag if stored else None, self._clock().replace(microsecond=0))

    def _store(self, location: Location, stored: StoredObject) -> StoredObject:
        self._writes += 1
        version_id = f"v{self._writes}" if location.bucket in self._versioned else None
        self.objects[location] = replace(stored, version_id=version_id)
        return self.objects[location]

    def _step(self, request: str | None, step: str) -> None:
        if request:
            self.requests.append(request)
        if waiting := self.before.get(step):
            waiting.pop(0)()
