"""Owns the source and the destination bucket: strict, in memory, and every request is one or two atomic steps."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from services.copier.model import (
    ConditionRefusedError,
    CopiedPart,
    CopyResult,
    DestinationState,
    Location,
    OpenUpload,
    SourceObject,
    Target,
    UploadGoneError,
)
from shared.copy_plan import Part
from shared.errors import TransientError
from shared.events import Checksum
from tests.simulation.faults import Network
from tests.simulation.guards import Guards
from tests.simulation.history import Put, Scenario
from tests.simulation.scheduler import Clock, Scheduler


@dataclass(frozen=True)
class Stored:
    """An object: the place in its key's history of the upload that it is, or was copied from, and what it holds."""

    place: int
    body: bytes
    metadata: str
    tags: str
    etag: str
    last_modified: datetime
    version_id: str | None = None


@dataclass(frozen=True)
class Seen(SourceObject):
    """What a HEAD tells, and (for the witness alone) which upload it told of."""

    place: int = field(default=-1, compare=False)


@dataclass
class OpenParts:
    """A multipart upload that is open. `excused`: why nobody but the lifecycle rule will end it."""

    key: str
    place: int
    metadata: str
    tags: str
    parts: dict[int, bytes]
    excused: str | None = None


CommitListener = Callable[[str, Stored | None, Stored, str | None], None]


class S3:
    """The Protocols `ObjectStore` and `MultipartStore` on two buckets, and the uploader's side of them."""

    def __init__(
        self, scenario: Scenario, guards: Guards, clock: Clock, scheduler: Scheduler, network: Network
    ) -> None:
        self.source: dict[str, Stored] = {}
        self.destination: dict[str, Stored] = {}
        self.open_parts: dict[str, OpenParts] = {}
        self.on_commit: CommitListener = lambda *_: None
        self._network = network
        self._scenario = scenario
        self._guards = guards
        self._clock = clock
        self._scheduler = scheduler
        self._versions: dict[tuple[str, str], Stored] = {}
        self._writes = 0

    def put(self, action: Put, place: int) -> Stored:
        """The uploader's PutObject, or CompleteMultipartUpload."""
        at = self._clock.now - timedelta(seconds=action.initiated_s or 0)
        suffix = "-2" if action.initiated_s is not None else ""
        stored = Stored(place, action.body, action.metadata, action.tags, _plain(action.body) + suffix, at)
        if self._scenario.versioned_source:
            stored = replace(stored, version_id=self._next("v"))
            self._versions[action.key, str(stored.version_id)] = stored
        self.source[action.key] = stored
        return stored

    def delete(self, key: str) -> None:
        """The uploader's DeleteObject: HEAD sees a delete marker as a missing key; versions stay."""
        self.source.pop(key, None)

    def copy(
        self, source: Location, etag: str, target: Target, *, if_match: str | None, version_id: str | None = None
    ) -> CopyResult:
        """CopyObject: source check and snapshot, then destination check and commit; others may act in between."""

        assert version_id is None, "the newest upload is copied, whichever it is"

        def effect() -> CopyResult:
            snapshot = self.source.get(source.key)
            if snapshot is None or (self._guards.source_match and snapshot.etag != etag):
                raise ConditionRefusedError
            self._scheduler.pause("CopyObject commits")
            made = replace(snapshot, etag=_plain(snapshot.body))
            return self._commit(target, made, self._condition(target, if_match), snapshot.version_id)

        return self._network.call("CopyObject", effect)

    def head_source(self, source: Location, version_id: str | None = None) -> SourceObject | None:
        """HeadObject of the source key: LastModified in whole seconds."""

        assert version_id is None, "no version is asked for"

        def effect() -> SourceObject | None:
            found = self.source.get(source.key)
            if found is None:
                return None
            return Seen(
                etag=found.etag,
                version_id=found.version_id,
                size=len(found.body),
                last_modified=_second(found.last_modified),
                metadata=(("m", found.metadata),),
                checksum=_checksum(found.body),
                place=found.place,
            )

        return self._network.call("HeadObject source", effect)

    def head_destination(self, destination: Location) -> DestinationState:
        """HeadObject of the destination key: Date in whole seconds."""

        def effect() -> DestinationState:
            held = self.destination.get(destination.key)
            return DestinationState(held.etag if held else None, _second(self._clock.now))

        return self._network.call("HeadObject destination", effect)

    def begin(self, source: Location, found: SourceObject, target: Target, *, checksum_algorithm: str) -> str:
        """GetObjectTagging of the upload found (unversioned: of whatever is there), then CreateMultipartUpload."""
        tags = self._network.call("GetObjectTagging", lambda: self._any(source.key, found.version_id).tags)
        place = found.place if isinstance(found, Seen) else -1
        opened: list[str] = []

        def effect() -> str:
            opened.append(self._next("upload "))
            metadata = dict(found.metadata)["m"]
            self.open_parts[opened[-1]] = OpenParts(target.location.key, place, metadata, tags, {})
            self._touch(opened[-1])
            return opened[-1]

        def unanswered() -> None:
            self.open_parts[opened[-1]].excused = "its opener never learned of it"

        return self._network.call("CreateMultipartUpload", effect, unanswered=unanswered)

    def copy_part(self, upload: OpenUpload, part: Part) -> CopiedPart:
        """UploadPartCopy."""

        def effect() -> CopiedPart:
            self._touch(upload.id)
            version_id = upload.version_id if self._guards.part_pin else None
            found = self._any(upload.source.key, version_id)
            if self._guards.part_pin and found.etag != upload.etag:
                raise ConditionRefusedError
            if upload.id not in self.open_parts:
                raise TransientError("NoSuchUpload", "the upload does not exist")
            body = found.body[part.first : part.last + 1]
            self.open_parts[upload.id].parts[part.number] = body
            return CopiedPart(part.number, _plain(body))

        return self._network.call(f"UploadPartCopy {part.number}", effect)

    def copied_parts(self, upload: OpenUpload) -> dict[int, CopiedPart]:
        """ListParts."""

        def effect() -> dict[int, CopiedPart]:
            self._touch(upload.id)
            if upload.id not in self.open_parts:
                raise UploadGoneError
            parts = self.open_parts[upload.id].parts
            return {number: CopiedPart(number, _plain(body)) for number, body in parts.items()}

        return self._network.call("ListParts", effect)

    def complete(self, upload: OpenUpload, copied: list[CopiedPart], *, if_match: str | None) -> CopyResult:
        """CompleteMultipartUpload."""

        def effect() -> CopyResult:
            self._touch(upload.id)
            if upload.id not in self.open_parts:
                raise TransientError("NoSuchUpload", "the upload does not exist")
            made = self.open_parts[upload.id]
            body = b"".join(made.parts[part.number] for part in copied)
            if len(body) != upload.size:
                raise TransientError("InvalidRequest", "MpuObjectSize does not match")
            whole = Stored(made.place, body, made.metadata, made.tags, f"{_plain(body)}-{len(copied)}", self._clock.now)
            result = self._commit(upload.target, whole, self._condition(upload.target, if_match), upload.version_id)
            del self.open_parts[upload.id]
            return replace(result, parts=len(copied))

        return self._network.call("CompleteMultipartUpload", effect)

    def abort(self, upload: OpenUpload) -> None:
        """AbortMultipartUpload."""
        if not self._guards.abort:
            return
        opened = self.open_parts.get(upload.id)
        if opened:
            # Should the call fail, the log says so, and the lifecycle rule ends the upload.
            opened.excused = "its abort failed"
        self._network.call("AbortMultipartUpload", lambda: self.open_parts.pop(upload.id, None))

    def _any(self, key: str, version_id: str | None) -> Stored:
        found = self._versions.get((key, version_id)) if version_id else self.source.get(key)
        if found is None:
            raise ConditionRefusedError
        return found

    def _condition(self, target: Target, if_match: str | None) -> str | None:
        """What the destination must have; without the guard, what it has now that the source has been checked."""
        if self._guards.destination_first:
            return if_match
        held = self.destination.get(target.location.key)
        self._scheduler.pause("commit")
        return held.etag if held else None

    def _commit(self, target: Target, made: Stored, if_match: str | None, source_version: str | None) -> CopyResult:
        key = target.location.key
        held = self.destination.get(key)
        if self._guards.destination_match and (held.etag if held else None) != if_match:
            raise ConditionRefusedError
        version_id = self._next("w") if self._scenario.versioned_destination else None
        made = replace(made, last_modified=self._clock.now, version_id=version_id)
        self.destination[key] = made
        if held and made.place < held.place and self._scheduler.current:
            self._scheduler.current.stepped_back = True
        self.on_commit(key, held, made, source_version)
        return CopyResult(made.etag, version_id, source_version, _checksum(made.body))

    def _touch(self, upload_id: str) -> None:
        if self._scheduler.current:
            self._scheduler.current.touched.add(upload_id)

    def _next(self, prefix: str) -> str:
        self._writes += 1
        return f"{prefix}{self._writes}"


@lru_cache
def _plain(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@lru_cache
def _checksum(body: bytes) -> Checksum:
    return Checksum(algorithm="CRC64NVME", value=_plain(body)[:11], type="FULL_OBJECT")


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
