"""A strict S3 in memory: conditions hold at the moment of commit, as they do in AWS. The simulator's is built on it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from services.copier.model import (
    ConditionRefusedError,
    CopiedPart,
    CopyResult,
    DestinationState,
    ListedVersion,
    Location,
    ObjectHead,
    OpenUpload,
    Target,
    UploadGoneError,
)
from shared.copy_plan import Part
from shared.errors import CopytrailError, PermanentError, Reason, from_aws_code
from shared.events import Checksum, Upload
from shared.routes import LONGEST_KEY_BYTES

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class StoredObject:
    """One version of an object.

    `customer_key`: it is encrypted with a key that its uploader keeps. `place`: in the history of the key that it was
    uploaded to; a copy keeps it, and no answer tells it.
    """

    body: bytes
    etag: str
    version_id: str | None = None
    last_modified: datetime = _NEVER
    metadata: tuple[tuple[str, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    storage_class: str = "STANDARD"
    checksum: Checksum | None = None
    headers: tuple[tuple[str, str], ...] = ()
    redirect: str | None = None
    customer_key: bool = False
    place: int = 0


@dataclass
class _Multipart:
    """An open multipart upload: what the object will be but for its body, and the parts so far."""

    properties: StoredObject
    parts: dict[int, bytes]


class FakeS3:
    """Buckets of objects, and the Protocols `ObjectStore` and `MultipartStore` on them.

    `before[step]` holds what is called, one a time, just ahead of a step (`read`, `commit`, `part`, `head_object`,
    `head_destination`), so that a test can let others act in between.
    """

    def __init__(self, clock: Callable[[], datetime], *, versioned: tuple[str, ...] = ()) -> None:
        self.objects: dict[Location, StoredObject] = {}
        self.versions: dict[tuple[Location, str | None], StoredObject] = {}
        self.open_uploads: dict[str, _Multipart] = {}
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
        checksum: Checksum | None = None,
        headers: dict[str, str] | None = None,
        redirect: str | None = None,
        customer_key: bool = False,
        place: int = 0,
    ) -> Upload:
        """Put an object, and return the upload that S3's event would tell of.

        `initiated_at`: it is a multipart upload of two parts, whose LastModified is when it was initiated.
        """
        _check_key(Location(bucket, key))
        stored = self._store(
            Location(bucket, key),
            StoredObject(
                body=body,
                etag=_etag(body) if initiated_at is None else f"{_etag(body)}-2",
                metadata=tuple(sorted((metadata or {}).items())),
                tags=tuple(sorted((tags or {}).items())),
                storage_class=storage_class,
                checksum=checksum or checksum_of(body, "CRC64NVME"),
                headers=tuple((headers or {}).items()),
                redirect=redirect,
                customer_key=customer_key,
                place=place,
            ),
            initiated_at or self._clock(),
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

    def damaged(self, stored: StoredObject) -> StoredObject:
        """The same, with a checksum that is wrong."""
        return replace(stored, checksum=Checksum(algorithm="CRC64NVME", value="wrong", type="FULL_OBJECT"))

    def at(self, url: str) -> StoredObject | None:
        """What `s3://bucket/key` holds."""
        bucket, _, key = url.removeprefix("s3://").partition("/")
        return self.objects.get(Location(bucket, key))

    def history(self, url: str) -> list[StoredObject]:
        """Every version of `s3://bucket/key`, the oldest first."""
        bucket, _, key = url.removeprefix("s3://").partition("/")
        return [stored for (location, _), stored in self.versions.items() if location == Location(bucket, key)]

    def remove_version(self, upload: Upload) -> None:
        """Delete one version for good; the one before it becomes the newest."""
        location = Location(upload.bucket, upload.key)
        del self.versions[location, upload.version_id]
        left = self.history(f"s3://{upload.bucket}/{upload.key}")
        if left:
            self.objects[location] = left[-1]
        else:
            self.objects.pop(location, None)

    def copy(
        self, source: Location, etag: str, target: Target, *, if_match: str | None, version_id: str | None = None
    ) -> CopyResult:
        """CopyObject in its two atomic steps: source check and snapshot, then destination check and commit."""
        self._step("copy", "read")
        snapshot = self._pinned(source, etag, version_id)
        if snapshot.storage_class in {"GLACIER", "DEEP_ARCHIVE"}:
            raise from_aws_code("InvalidObjectState", "archived", action="s3:GetObject", resource=source.url)
        _check_key(target.location)
        self._step(None, "commit")
        return self._commit(_copy_of(snapshot, target), target, if_match, snapshot.version_id)

    def keeps_versions(self, bucket: str) -> bool:
        """GetBucketVersioning."""
        return bucket in self._versioned

    def put_delete_marker(self, destination: Location, *, if_match: str) -> str | None:
        """DeleteObject."""
        self._step("put_delete_marker", "commit")
        held = self.objects.get(destination)
        if held is None or held.etag != if_match:
            raise ConditionRefusedError
        del self.objects[destination]
        self._writes += 1
        return f"v{self._writes}"

    def older_versions(self, source: Location, version_id: str) -> Iterator[ListedVersion]:
        """ListObjectVersions."""
        versions = self.history(source.url)
        ids = [stored.version_id for stored in versions]
        # Of a marker that is there no more, S3 has only what came before it; nobody knows here what that was.
        for stored in reversed(versions[: ids.index(version_id)] if version_id in ids else []):
            assert stored.version_id is not None
            yield ListedVersion(stored.version_id, stored.etag, len(stored.body), stored.last_modified)

    def begin(self, source: Location, found: ObjectHead, target: Target, *, checksum_algorithm: str) -> str:
        """GetObjectTagging of what was found (without a version id: of what is there now), CreateMultipartUpload."""
        return self._open(target, found, self._tags(source, found.version_id), checksum_algorithm)

    def copy_part(self, upload: OpenUpload, part: Part) -> CopiedPart:
        """UploadPartCopy."""
        self._step(f"copy_part {part.number}", "part")
        body = self._pinned(upload.source, upload.etag, upload.version_id).body[part.first : part.last + 1]
        self._opened(upload).parts[part.number] = body
        return CopiedPart(part.number, _etag(body))

    def copied_parts(self, upload: OpenUpload) -> dict[int, CopiedPart]:
        """ListParts."""
        self._step("copied_parts", "copied_parts")
        if upload.id not in self.open_uploads:
            raise UploadGoneError
        parts = self.open_uploads[upload.id].parts
        return {number: CopiedPart(number, _etag(body)) for number, body in parts.items()}

    def complete(self, upload: OpenUpload, copied: list[CopiedPart], *, if_match: str | None) -> CopyResult:
        """CompleteMultipartUpload."""
        self._step("complete", "commit")
        made = self._opened(upload)
        body = b"".join(made.parts[part.number] for part in copied)
        if len(body) != upload.size:
            raise _refused("InvalidRequest", "MpuObjectSize does not match", upload.target.location)
        assert made.properties.checksum
        whole = replace(
            made.properties,
            body=body,
            etag=f"{_etag(body)}-{len(copied)}",
            checksum=checksum_of(body, made.properties.checksum.algorithm),
        )
        result = self._commit(whole, upload.target, if_match, upload.version_id)
        del self.open_uploads[upload.id]
        return replace(result, parts=len(copied))

    def abort(self, upload: OpenUpload) -> None:
        """AbortMultipartUpload."""
        self._step("abort", "abort")
        self.open_uploads.pop(upload.id, None)

    def head_object(self, source: Location, version_id: str | None = None) -> ObjectHead | None:
        """HeadObject: moments in whole seconds."""
        self._step("head_object", "head_object")
        _check_key(source)
        stored = self._find(source, version_id)
        return _told(source, stored) if stored else None

    def head_destination(self, destination: Location) -> DestinationState:
        """HeadObject: moments in whole seconds."""
        self._step("head_destination", "head_destination")
        _check_key(destination)
        stored = self.objects.get(destination)
        return DestinationState(stored.etag if stored else None, self._clock().replace(microsecond=0))

    def _tags(self, source: Location, version_id: str | None) -> tuple[tuple[str, str], ...]:
        found = self._find(source, version_id)
        if found is None:
            raise ConditionRefusedError
        return found.tags

    def _open(
        self, target: Target, found: ObjectHead, tags: tuple[tuple[str, str], ...], checksum_algorithm: str
    ) -> str:
        """CreateMultipartUpload, with a checksum of the whole."""
        self._step("begin", "begin")
        _check_key(target.location)
        if checksum_algorithm not in {"CRC32", "CRC32C", "CRC64NVME"}:
            raise PermanentError("InvalidRequest", f"FULL_OBJECT cannot be used with {checksum_algorithm}")
        self._writes += 1
        upload_id = f"upload of {target.location.url} #{self._writes}"
        properties = StoredObject(
            body=b"",
            etag="",
            metadata=found.metadata,
            tags=tags,
            storage_class=target.storage_class or "STANDARD",
            checksum=checksum_of(b"", checksum_algorithm),
            headers=found.headers,
            redirect=target.redirect,
        )
        self.open_uploads[upload_id] = _Multipart(properties, {})
        return upload_id

    def _opened(self, upload: OpenUpload) -> _Multipart:
        if upload.id not in self.open_uploads:
            raise _refused("NoSuchUpload", "The specified upload does not exist", upload.target.location)
        return self.open_uploads[upload.id]

    def _find(self, source: Location, version_id: str | None) -> StoredObject | None:
        return self.versions.get((source, version_id)) if version_id else self.objects.get(source)

    def _pinned(self, source: Location, etag: str, version_id: str | None) -> StoredObject:
        found = self._find(source, version_id)
        if found is None or found.etag != etag:
            raise ConditionRefusedError
        _check_readable(source, found)
        return found

    def _commit(
        self, made: StoredObject, target: Target, if_match: str | None, source_version_id: str | None
    ) -> CopyResult:
        held = self.objects.get(target.location)
        if (held.etag if held else None) != if_match:
            raise ConditionRefusedError
        copied = self._store(target.location, made, self._clock())
        return CopyResult(copied.etag, copied.version_id, source_version_id, copied.checksum)

    def _store(self, location: Location, stored: StoredObject, last_modified: datetime) -> StoredObject:
        self._writes += 1
        version_id = f"v{self._writes}" if location.bucket in self._versioned else None
        stored = replace(stored, version_id=version_id, last_modified=last_modified)
        self.objects[location] = self.versions[location, version_id] = stored
        return stored

    def _step(self, request: str | None, step: str) -> None:
        if request:
            self.requests.append(request)
        if waiting := self.before.get(step):
            waiting.pop(0)()


def _told(location: Location, stored: StoredObject) -> ObjectHead:
    """What a HEAD tells of it: moments in whole seconds."""
    _check_readable(location, stored)
    return ObjectHead(
        etag=stored.etag,
        version_id=stored.version_id,
        size=len(stored.body),
        last_modified=stored.last_modified.replace(microsecond=0),
        headers=stored.headers,
        metadata=stored.metadata,
        redirect=stored.redirect,
        checksum=stored.checksum,
    )


def _copy_of(snapshot: StoredObject, target: Target) -> StoredObject:
    """What CopyObject makes of an object: storage class and website redirect have to be named."""
    algorithm = snapshot.checksum.algorithm if snapshot.checksum else "CRC64NVME"
    return replace(
        snapshot,
        etag=_etag(snapshot.body),
        checksum=checksum_of(snapshot.body, algorithm),
        storage_class=target.storage_class or "STANDARD",
        redirect=target.redirect,
    )


@lru_cache
def checksum_of(body: bytes, algorithm: str) -> Checksum:
    """A checksum of the whole; S3 gives every object one."""
    digest = hashlib.sha256(algorithm.encode() + body).hexdigest()
    return Checksum(algorithm=algorithm, value=digest[:12], type="FULL_OBJECT")


def _check_key(location: Location) -> None:
    if len(location.key.encode()) > LONGEST_KEY_BYTES:
        raise from_aws_code("KeyTooLongError", "Your key is too long", action="s3", resource=location.url)


def _refused(code: str, message: str, location: Location) -> CopytrailError:
    return from_aws_code(code, message, action="s3:PutObject", resource=location.url)


def _check_readable(location: Location, stored: StoredObject) -> None:
    if stored.customer_key:
        raise PermanentError(Reason.CUSTOMER_KEY, f"{location.url} is encrypted with its uploader's key")


@lru_cache
def _etag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
