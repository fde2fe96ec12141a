"""An in-memory placement ledger, and a fake S3 with what placing versions needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from services.copier.model import (
    DestinationVersion,
    KeyState,
    Lease,
    LeaseHeldError,
    LeaseLostError,
    ListedVersion,
    Location,
    NotNewerError,
    Placement,
    Version,
)
from shared.errors import Reason
from tests.fakes.s3 import FakeS3, StoredObject

if TYPE_CHECKING:
    from shared.events import Upload


@dataclass
class _Key:
    newest: Placement | None = None
    pending: Version | None = None
    lease: Lease | None = None


class FakePlacementLedger:
    """The `PlacementLedger` Protocol."""

    def __init__(self) -> None:
        self.keys: dict[Location, _Key] = {}
        self.remembered: dict[tuple[Location, str], Placement] = {}

    def take(self, destination: Location, version: Version, lease: Lease) -> KeyState:
        """Take the lease, if it is free and it is the version's turn."""
        key = self.keys.setdefault(destination, _Key())
        if key.newest and key.newest.version.position >= version.position:
            raise NotNewerError(key.newest)
        if key.lease and key.lease.owner != lease.owner and key.lease.until >= lease.taken_at:
            raise LeaseHeldError
        state = KeyState(key.newest, key.pending)
        key.lease, key.pending = lease, key.pending or version
        return state

    def set_pending(self, destination: Location, version: Version, owner: str) -> None:
        """Change the pending version."""
        self._own(destination, owner).pending = version

    def place(self, destination: Location, placement: Placement, owner: str, *, then: Version | None) -> None:
        """Change the newest."""
        key = self._own(destination, owner)
        key.newest, key.pending = placement, then
        if then is None:
            key.lease = None

    def release(self, destination: Location, owner: str, *, clear_pending: bool) -> None:
        """End the lease."""
        key = self._own(destination, owner)
        key.lease = None
        if clear_pending:
            key.pending = None

    def remember(self, destination: Location, placement: Placement) -> None:
        """Keep it for good."""
        self.remembered[destination, placement.version.id] = placement

    def recall(self, destination: Location, version_id: str) -> Placement | None:
        """What was kept."""
        return self.remembered.get((destination, version_id))

    def _own(self, destination: Location, owner: str) -> _Key:
        key = self.keys.get(destination, _Key())
        if key.lease is None or key.lease.owner != owner:
            raise LeaseLostError(Reason.CONTENDED, "the lease is lost")
        return key


class FakeVersionedS3(FakeS3):
    """Two versioned buckets, `in` and `out`, and the Protocol `VersionStore` on them."""

    def __init__(self, clock: Callable[[], datetime], *, versioned: tuple[str, ...] = ("in", "out")) -> None:
        super().__init__(clock, versioned=versioned)

    def history(self, url: str) -> list[StoredObject]:
        """Every version of `s3://bucket/key`, the oldest first."""
        bucket, _, key = url.removeprefix("s3://").partition("/")
        return [stored for (location, _), stored in self.versions.items() if location == Location(bucket, key)]

    def remove_version(self, upload: "Upload") -> None:
        """Delete one version for good; the one before it becomes the newest."""
        location = Location(upload.bucket, upload.key)
        del self.versions[location, upload.version_id]
        left = self.history(f"s3://{upload.bucket}/{upload.key}")
        if left:
            self.objects[location] = left[-1]
        else:
            self.objects.pop(location, None)

    def current_version(self, destination: Location) -> DestinationVersion | None:
        """HeadObject."""
        stored = self.objects.get(destination)
        if stored is None:
            return None
        return DestinationVersion(stored.etag, stored.version_id, len(stored.body), stored.checksum)

    def older_versions(self, source: Location, version_id: str) -> Iterator[ListedVersion]:
        """ListObjectVersions."""
        versions = self.history(source.url)
        ids = [stored.version_id for stored in versions]
        # Of a marker that is there no more, S3 has only what came before it; nobody knows here what that was.
        for stored in reversed(versions[: ids.index(version_id)] if version_id in ids else []):
            assert stored.version_id is not None
            yield ListedVersion(stored.version_id, stored.etag, len(stored.body), stored.last_modified)
