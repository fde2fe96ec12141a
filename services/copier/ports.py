"""The ports: what copying needs of S3, the placement table and the transfer bus, whoever gives it.

Every method but the bus's raises CopytrailError for what AWS refuses or does not answer.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from services.copier.model import (
    CopiedPart,
    CopyResult,
    DestinationState,
    KeyState,
    Lease,
    ListedVersion,
    Location,
    ObjectHead,
    OpenUpload,
    Placement,
    Target,
    Version,
)
from shared.copy_plan import Part
from shared.errors import CopytrailError
from shared.events import Event


class ObjectStore(Protocol):
    """Whole objects on S3."""

    def copy(
        self, source: Location, etag: str, target: Target, *, if_match: str | None, version_id: str | None = None
    ) -> CopyResult:
        """Copy the newest upload of `source`, or one version, with all its properties, if its ETag is `etag`.

        `if_match` is the ETag that the destination must have; None: it must not exist. Raises ConditionRefusedError.
        """

    def head_object(self, source: Location, version_id: str | None = None) -> ObjectHead | None:
        """What a key holds, or one version of it; None when there is no such object."""

    def head_destination(self, destination: Location) -> DestinationState:
        """What the destination key holds, and when."""

    def keeps_versions(self, bucket: str) -> bool:
        """Whether a deletion in this bucket leaves a marker and removes nothing."""

    def put_delete_marker(self, destination: Location, *, if_match: str) -> str | None:
        """Delete the key, if it holds this ETag; the marker's version id. Raises ConditionRefusedError."""

    def older_versions(self, source: Location, version_id: str) -> Iterator[ListedVersion]:
        """The versions of the same key that were uploaded before this one, newest first."""


class MultipartStore(Protocol):
    """Multipart uploads on S3."""

    def begin(self, source: Location, found: ObjectHead, target: Target, *, checksum_algorithm: str) -> str:
        """Begin an upload with the properties of what was found, and a checksum of its whole; its id."""

    def copy_part(self, upload: OpenUpload, part: Part) -> CopiedPart:
        """Copy a range. Raises ConditionRefusedError when the source is not what the upload is pinned to."""

    def copied_parts(self, upload: OpenUpload) -> dict[int, CopiedPart]:
        """The parts that S3 holds already, by number. Raises UploadGoneError."""

    def complete(self, upload: OpenUpload, copied: list[CopiedPart], *, if_match: str | None) -> CopyResult:
        """Make the parts the object, on the condition that `if_match` states. Raises ConditionRefusedError."""

    def abort(self, upload: OpenUpload) -> None:
        """Give the upload up; one that is gone is no error."""


class PlacementLedger(Protocol):
    """Which version is the newest under each destination key, and who may place the next one."""

    def take(self, destination: Location, version: Version, lease: Lease) -> KeyState:
        """Take the lease to place `version`, which is pending from now on unless another one still is.

        Raises:
            NotNewerError: a version that is as new, or newer, has been placed.
            LeaseHeldError: somebody else's lease has not run out.
        """

    def set_pending(self, destination: Location, version: Version, owner: str) -> None:
        """Make this the pending version. Raises LeaseLostError."""

    def place(self, destination: Location, placement: Placement, owner: str, *, then: Version | None) -> None:
        """Make this the newest; `then` is pending next, None releases the lease. Raises LeaseLostError."""

    def release(self, destination: Location, owner: str, *, clear_pending: bool) -> None:
        """Give the lease back. Raises LeaseLostError.

        `clear_pending`: whether what was pending was placed is known for certain.
        """

    def remember(self, destination: Location, placement: Placement) -> None:
        """Keep a placement that is not the newest any more, for as long as its message may come again."""

    def recall(self, destination: Location, version_id: str) -> Placement | None:
        """A placement that was remembered."""


class Bus(Protocol):
    """The transfer bus."""

    def publish(self, events: Sequence[Event]) -> list[CopytrailError | None]:
        """Publish up to 10 events; for each in its place, None when accepted, else why not."""
