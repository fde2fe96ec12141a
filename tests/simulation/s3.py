"""The source and the destination bucket: the strict fake S3, reached over a network, with guards that can be off."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from services.copier.model import (
    CopiedPart,
    CopyResult,
    DestinationState,
    Location,
    ObjectHead,
    OpenUpload,
    Target,
)
from shared.copy_plan import Part
from tests.fakes.clock import FakeClock
from tests.fakes.s3 import FakeS3, StoredObject
from tests.simulation.faults import Network
from tests.simulation.guards import Guards
from tests.simulation.history import DESTINATION, SOURCE, Scenario
from tests.simulation.scheduler import Scheduler

T = TypeVar("T")
CommitListener = Callable[[str, StoredObject | None, StoredObject, str | None], None]


@dataclass(frozen=True)
class Seen(ObjectHead):
    """What a HEAD tells, and (for the witness alone) which upload it told of."""

    place: int = field(default=-1, compare=False)


class S3(FakeS3):
    """Every request is a call over the network, and CopyObject lets others act between its two steps.

    `excused`: the multipart uploads that nobody but the lifecycle rule will end. `on_commit` is told of each write to
    the destination: key, what was there, what is, and the source's version id.
    """

    def __init__(
        self, scenario: Scenario, guards: Guards, clock: FakeClock, scheduler: Scheduler, network: Network
    ) -> None:
        versioned = {SOURCE: scenario.versioned_source, DESTINATION: scenario.versioned_destination}
        super().__init__(clock, versioned=tuple(bucket for bucket, keeps in versioned.items() if keeps))
        self.excused: set[str] = set()
        self.on_commit: CommitListener = lambda *_: None
        self._guards = guards
        self._scheduler = scheduler
        self._network = network

    def copy(
        self, source: Location, etag: str, target: Target, *, if_match: str | None, version_id: str | None = None
    ) -> CopyResult:
        """CopyObject."""
        copy = super().copy

        def effect() -> CopyResult:
            asked = etag if self._guards.source_match else self._etag_at(source) or ""
            return copy(source, asked, target, if_match=if_match, version_id=version_id)

        return self._network.call("CopyObject", effect)

    def head_object(self, source: Location, version_id: str | None = None) -> ObjectHead | None:
        """HeadObject of the source key."""
        head = super().head_object

        def effect() -> ObjectHead | None:
            found = head(source, version_id)
            return Seen(**vars(found), place=self.objects[source].place) if found else None

        return self._network.call("HeadObject source", effect)

    def head_destination(self, destination: Location) -> DestinationState:
        """HeadObject of the destination key."""
        return self._network.call("HeadObject destination", partial(super().head_destination, destination))

    def copy_part(self, upload: OpenUpload, part: Part) -> CopiedPart:
        """UploadPartCopy."""
        copy_part = super().copy_part

        def effect() -> CopiedPart:
            if self._guards.part_pin:
                return copy_part(upload, part)
            return copy_part(replace(upload, version_id=None, etag=self._etag_at(upload.source) or ""), part)

        return self._call_on(upload, f"UploadPartCopy {part.number}", effect)

    def copied_parts(self, upload: OpenUpload) -> dict[int, CopiedPart]:
        """ListParts."""
        return self._call_on(upload, "ListParts", partial(super().copied_parts, upload))

    def complete(self, upload: OpenUpload, copied: list[CopiedPart], *, if_match: str | None) -> CopyResult:
        """CompleteMultipartUpload."""
        effect = partial(super().complete, upload, copied, if_match=if_match)
        return self._call_on(upload, "CompleteMultipartUpload", effect)

    def abort(self, upload: OpenUpload) -> None:
        """AbortMultipartUpload. Should the call fail, the log says so, and the lifecycle rule ends the upload."""
        if self._guards.abort:
            self.excused.add(upload.id)
            self._network.call("AbortMultipartUpload", partial(super().abort, upload))

    def _tags(self, source: Location, version_id: str | None) -> tuple[tuple[str, str], ...]:
        return self._network.call("GetObjectTagging", partial(super()._tags, source, version_id))

    def _open(
        self, target: Target, found: ObjectHead, tags: tuple[tuple[str, str], ...], checksum_algorithm: str
    ) -> str:
        effect = partial(super()._open, target, found, tags, checksum_algorithm)
        upload_id = self._network.call("CreateMultipartUpload", effect, unanswered=self.excused.add)
        self._touch(upload_id)
        opened = self.open_uploads[upload_id]
        opened.properties = replace(opened.properties, place=found.place if isinstance(found, Seen) else -1)
        return upload_id

    def _commit(
        self, made: StoredObject, target: Target, if_match: str | None, source_version_id: str | None
    ) -> CopyResult:
        location = target.location
        if not self._guards.destination_first:
            if_match = self._etag_at(location)
            self._scheduler.pause("commit")
        if not self._guards.destination_match:
            if_match = self._etag_at(location)
        held = self.objects.get(location)
        result = super()._commit(made, target, if_match, source_version_id)
        if held and made.place < held.place and self._scheduler.current:
            self._scheduler.current.stepped_back = True
        self.on_commit(location.key, held, self.objects[location], source_version_id)
        return result

    def _step(self, request: str | None, step: str) -> None:
        if request is None:
            self._scheduler.pause("CopyObject commits")

    def _call_on(self, upload: OpenUpload, name: str, effect: Callable[[], T]) -> T:
        def touching() -> T:
            self._touch(upload.id)
            return effect()

        return self._network.call(name, touching)

    def _touch(self, upload_id: str) -> None:
        if self._scheduler.current:
            self._scheduler.current.touched.add(upload_id)

    def _etag_at(self, location: Location) -> str | None:
        held = self.objects.get(location)
        return held.etag if held else None
