"""Owns one turn under a lease: what a dead holder left is settled, then versions are placed in the order of upload."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from services.copier.integrity import check_same
from services.copier.model import ConditionRefusedError, CopyResult, SourceObject
from services.copier.placements import (
    DestinationVersion,
    NotNewerError,
    Placement,
    PlacementLedger,
    Standing,
    Version,
    VersionStore,
)
from services.copier.ports import PartsCopier, Warn
from services.copier.rounds import Copied, Order, Result, Skipped
from shared import times
from shared.copy_plan import PartSizes, part_size
from shared.errors import PermanentError, Reason, TransientError
from shared.events import Destination

# Each is lost only to somebody who writes into the destination past copytrail.
_MOST_ROUNDS = 8
# Older versions whose own messages are late are placed on the way. Further back, nobody tells late from not asked for.
_LATE_BY = timedelta(minutes=15)
# Dead letters last 14 days: after that, no message of this version comes again.
_MESSAGES_LAST = timedelta(days=15)


@dataclass(frozen=True)
class Placer:
    """What placing works with."""

    store: VersionStore
    parts: PartsCopier
    sizes: PartSizes
    warn: Warn
    pause: Callable[[int], None]
    clock: Callable[[], datetime]


class Placing:
    """One turn: `version` and, before it, older ones that are not placed yet.

    `newest`: what was placed last. `is_settled`: nothing that was begun may still turn out to have been placed.
    `has_released`: the lease is given back.
    """

    def __init__(
        self,
        placer: Placer,
        ledger: PlacementLedger,
        order: Order,
        version: Version,
        *,
        owner: str,
        standing: Standing,
    ) -> None:
        self._placer = placer
        self._store = placer.store
        self._ledger = ledger
        self._order = order
        self._source = order.source
        self._location = order.target.location
        self._owner = owner
        self.newest = standing.newest
        self._version = version
        self._left = standing.unsettled
        self._intended = standing.unsettled or version
        self._held: DestinationVersion | None = None
        self.is_settled = standing.unsettled is None
        self.has_released = False

    def run(self) -> Result:
        """Place what is to be placed.

        Raises:
            NotNewerError: a dead holder has placed a newer version.
            PermanentError: S3 refuses for a reason that only a person can cure.
            TransientError: S3 or the ledger did not answer, or others write into the destination (`Contended`).
            UnfinishedError: time ran short in the middle of a copy in parts.
        """
        return self.prepare() or self._place(self._version, then=None)

    def prepare(self) -> Result | None:
        """Settle what a dead holder left, and place the older versions; a result when that was all. Raises as `run`."""
        self._held = self._store.current_version(self._location)
        if self._left and (result := self._settle(self._left)):
            return result
        for older in self._late_versions():
            self._place_on_the_way(older)
        return None

    def _settle(self, left: Version) -> Result | None:
        """Find out whether a dead holder has placed what it was about to; a result when there is no more to do."""
        is_ours = left.id == self._version.id
        is_newer = left.position > self._version.position
        if self._holds_newest():
            self.is_settled = True
        elif self._is_copy_of(left):
            copied = self._copied_before()
            placement = self._commit(
                self._version if is_ours else left, copied, then=None if is_ours or is_newer else self._version
            )
            if is_ours:
                return copied
            if is_newer:
                raise NotNewerError(placement)
        elif is_newer:
            # Others have written there. If it was placed before that, ours would come on top of a newer one.
            return superseded(self._order)
        return None

    def _late_versions(self) -> list[Version]:
        """Versions between the newest that was placed and ours, the oldest first."""
        floor = times.earlier(self._order.upload.uploaded_at, _LATE_BY)
        newest = self.newest
        # What came before it is told by when it was placed, or by the listing.
        reached = newest is None or newest.at < floor
        found: list[Version] = []
        for listed in self._store.older_versions(self._source, self._version.id):
            if newest and listed.id == newest.version.id:
                reached = True
                break
            if listed.last_modified < floor:
                break
            found.append(listed.on_the_way_to(self._version))
        return [version for version in reversed(found) if self._may_be_late(version)] if reached else []

    def _may_be_late(self, version: Version) -> bool:
        # A copy in parts may take longer than this turn has: it has to come with a message of its own.
        matches = self._order.route.matches(self._source.bucket, self._source.key, version.size)
        return matches and part_size(self._source.url, version.size, self._placer.sizes) is None

    def _place_on_the_way(self, version: Version) -> None:
        try:
            self._place(version, then=self._version)
        except PermanentError as error:
            # Its own message tells the same, or that it is superseded by now.
            self._placer.warn(
                "a late version could not be placed", {"version_id": version.id, "explanation": error.message}
            )

    def _place(self, version: Version, *, then: Version | None) -> Result:
        if self._intended.id != version.id:
            self._ledger.intend(self._location, version, self._owner)
            self._intended, self.is_settled = version, True
        for round_ in range(_MOST_ROUNDS):
            found = self._store.head_version(self._source, version.id)
            if found is None:
                self.is_settled = True
                return self._order.skipped(Reason.SOURCE_DELETED, f"version {version.id} is not there any more")
            copied = self._copy(version, found)
            if copied:
                self._commit(version, copied, then=then)
                return copied
            self._placer.pause(round_)
        raise TransientError(
            Reason.CONTENDED, f"{self._location.url} was changed by others in each of {_MOST_ROUNDS} rounds"
        )

    def _copy(self, version: Version, found: SourceObject) -> Copied | None:
        """The copy, or None when somebody has written into the destination past copytrail."""
        self._order.require_time()
        before = self._held
        self.is_settled = False
        try:
            result, method, parts = self._copied(version, found)
        except ConditionRefusedError:
            # boto3 asks again when no answer came: what is refused then may be a copy of what was copied already.
            self._held = self._store.current_version(self._location)
            changed = _identity(self._held) != _identity(before)
            return self._copied_before() if changed and self._is_copy_of(version) else None
        except PermanentError:
            self.is_settled = True
            raise
        check_same(found.checksum, result.checksum, of=self._source, at=self._location)
        return Copied(self._destination(result.etag, result.version_id), result.checksum, method, parts)

    def _copied(self, version: Version, found: SourceObject) -> tuple[CopyResult, str, int]:
        if_match = self._held.etag if self._held else None
        target = self._order.target_for(found)
        bytes_each = part_size(self._source.url, version.size, self._placer.sizes)
        if bytes_each is None:
            result = self._store.copy_version(self._source, version, target, if_match=if_match)
            return result, "CopyObject", 1
        result, parts = self._placer.parts.copy(
            self._source,
            found,
            target,
            bytes_each=bytes_each,
            if_match=if_match,
            seconds_left=self._order.seconds_left,
            continuation=self._order.continuation,
        )
        return result, "UploadPartCopy", parts

    def _commit(self, version: Version, copied: Copied, *, then: Version | None) -> Placement:
        now = self._placer.clock()
        if self.newest and now - self.newest.at < _MESSAGES_LAST:
            # First, so that no version is ever both replaced and forgotten.
            self._ledger.remember(self._location, self.newest)
        self.newest = placement = Placement(version, copied, now)
        self._ledger.place(self._location, placement, self._owner, then=then)
        self._intended = then or version
        self.is_settled, self.has_released = True, then is None
        there = copied.destination
        self._held = DestinationVersion(there.etag or "", there.version_id, version.size, copied.checksum)
        return placement

    def _is_copy_of(self, version: Version) -> bool:
        """Whether what the destination holds, and did not hold before, is this version."""
        if self._held is None or self._held.size != version.size:
            return False
        if self._held.etag == version.etag:
            return True
        # A copy in parts, or one that is encrypted otherwise, has another ETag.
        source = self._store.head_version(self._source, version.id)
        return source is not None and source.checksum is not None and source.checksum == self._held.checksum

    def _copied_before(self) -> Copied:
        """What the destination holds, as the copy that it is. The ETag of an object in parts ends in their number."""
        held = cast(DestinationVersion, self._held)
        parts = held.etag.partition("-")[2]
        destination = self._destination(held.etag, held.version_id)
        return Copied(destination, held.checksum, "UploadPartCopy" if parts else "CopyObject", int(parts or 1))

    def _destination(self, etag: str, version_id: str | None) -> Destination:
        return Destination(bucket=self._location.bucket, key=self._location.key, etag=etag, version_id=version_id)

    def _holds_newest(self) -> bool:
        newest = self.newest and self.newest.copied.destination
        return _identity(self._held) == ((newest.etag, newest.version_id) if newest else None)


def superseded(order: Order) -> Skipped:
    """The version has missed its turn."""
    return order.skipped(Reason.SUPERSEDED, f"a newer version of {order.source.url} has been placed before this one")


def _identity(held: DestinationVersion | None) -> tuple[str | None, str | None] | None:
    return (held.etag, held.version_id) if held else None
