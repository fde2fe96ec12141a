"""An in-memory placement ledger."""

from dataclasses import dataclass

from services.copier.model import (
    KeyState,
    Lease,
    LeaseHeldError,
    LeaseLostError,
    Location,
    NotNewerError,
    Placement,
    Version,
)
from shared.errors import Reason


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
