"""Owns the words of placing versions in order, and what placing needs of S3 and of a ledger, whoever gives them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.copier.model import CopyResult, Location, SourceObject, Target
from services.copier.rounds import Copied
from shared.errors import TransientError
from shared.events import Checksum

# S3 writes 16 to 18 digits so far.
_POSITION_DIGITS = 32


@dataclass(frozen=True)
class Version:
    """A version of a source key. `position`: versions of one key sort by it, as text, in the order of upload.

    `on_the_way_to`: it is placed in the turn of this later version, because its own message is late. Only that it comes
    before that one is known, and that others may still come between the two.
    """

    id: str
    position: str
    etag: str
    size: int
    on_the_way_to: "Version | None" = None


@dataclass(frozen=True)
class ListedVersion:
    """What a listing tells of a version: no sequencer, but its place among the others."""

    id: str
    etag: str
    size: int
    last_modified: datetime

    def on_the_way_to(self, later: Version) -> Version:
        """The version as it is placed in another one's turn."""
        return Version(self.id, _just_before(later.position), self.etag, self.size, later)


@dataclass(frozen=True)
class DestinationVersion:
    """What a HEAD tells of a destination key's current version."""

    etag: str
    version_id: str | None
    size: int
    checksum: Checksum | None


@dataclass(frozen=True)
class Placement:
    """A version that is in the destination, how it was copied, and when."""

    version: Version
    copied: Copied
    at: datetime


@dataclass(frozen=True)
class Lease:
    """The sole right to place versions under one destination key, until its holder is dead for sure."""

    owner: str
    taken_at: datetime
    until: datetime


@dataclass(frozen=True)
class Standing:
    """What the ledger knows of a key. `unsettled`: a version that an earlier holder may have placed, or not."""

    newest: Placement | None
    unsettled: Version | None


class LeaseHeldError(Exception):
    """Another copier is placing a version under this key."""


class NotNewerError(Exception):
    """A version that is as new, or newer, has been placed under this key."""

    def __init__(self, newest: Placement) -> None:
        super().__init__(f"version {newest.version.id} has been placed")
        self.newest = newest


class LeaseLostError(TransientError):
    """The lease is not ours any more: it ran out, and another copier has taken it."""


class PlacementLedger(Protocol):
    """Which version is the newest under each destination key. Every method raises CopytrailError when not accepted."""

    def take(self, destination: Location, version: Version, lease: Lease) -> Standing:
        """Take the lease to place `version`, which is unsettled from now on unless another one still is.

        Raises:
            NotNewerError: a version that is as new, or newer, has been placed.
            LeaseHeldError: somebody else's lease has not run out.
        """

    def intend(self, destination: Location, version: Version, owner: str) -> None:
        """Make this the unsettled version. Raises LeaseLostError."""

    def place(self, destination: Location, placement: Placement, owner: str, *, then: Version | None) -> None:
        """Make this the newest; `then` is unsettled next, None releases the lease. Raises LeaseLostError."""

    def release(self, destination: Location, owner: str, *, settled: bool) -> None:
        """Give the lease back; `settled`: what was unsettled has certainly not been placed. Raises LeaseLostError."""

    def remember(self, destination: Location, placement: Placement) -> None:
        """Keep a placement that is not the newest any more, for as long as its message may come again."""

    def recall(self, destination: Location, version_id: str) -> Placement | None:
        """A placement that was remembered."""


class VersionStore(Protocol):
    """What placing needs of S3. Every method raises CopytrailError for what S3 refuses or does not answer."""

    def copy_version(self, source: Location, version: Version, target: Target, *, if_match: str | None) -> CopyResult:
        """Copy one version with all its properties; `if_match` as in `ObjectStore`. Raises ConditionRefusedError."""

    def head_version(self, source: Location, version_id: str) -> SourceObject | None:
        """One version, or None when it is there no more."""

    def current_version(self, destination: Location) -> DestinationVersion | None:
        """What the destination key holds, or None for no object."""

    def older_versions(self, source: Location, version_id: str) -> Iterator[ListedVersion]:
        """The versions of the same key that were uploaded before this one, newest first."""


def position_of(sequencer: str) -> str:
    """Where a version comes among those of its key.

    Source: "EventBridge event message structure", S3 user guide: sequencers of one key compare as hexadecimal text,
    the shorter one padded with zeros on the right.
    """
    return sequencer.upper().ljust(_POSITION_DIGITS, "0")


def _just_before(position: str) -> str:
    return f"{max(0, int(position, 16) - 1):0{len(position)}X}"
