"""Routes with `versions: every`: each version is placed once, and none on top of a newer one.

One copier at a time places versions under a destination key; the ledger holds its lease and what it is about to place.
`docs/decisions.md` says how the order is kept, and what it costs.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType

from services.copier.conditional_copy import ChecksumMismatchError, ConditionalCopy, ContendedError
from services.copier.model import (
    ConditionRefusedError,
    Copied,
    CopyCommand,
    CopyResult,
    KeyState,
    Lease,
    LeaseHeldError,
    NotNewerError,
    ObjectHead,
    Placement,
    Skipped,
    Version,
    Warn,
)
from services.copier.ports import PlacementLedger
from shared import times
from shared.errors import CopytrailError, PermanentError, Reason
from shared.lambda_runtime.delivery_policy import OccupiedError

# What a request of a dead holder may still take to have its effect, and how far apart two clocks may be.
_GRACE = timedelta(seconds=60)
# Older versions whose own messages are late are placed on the way. Further back, nobody tells late from not asked for.
_LATE_BY = timedelta(minutes=15)
# Dead letters last 14 days: after that, no message of this version comes again.
_MESSAGES_LAST = timedelta(days=15)


@dataclass(frozen=True)
class EveryVersion:
    """Places a version, unless one that came later has been placed before it.

    `new_owner` names each try: a redelivery must not take the lease of an earlier try that lives.
    """

    copies: ConditionalCopy
    ledger: PlacementLedger
    new_owner: Callable[[], str]
    warn: Warn
    clock: Callable[[], datetime]

    def copy(self, command: CopyCommand) -> Copied | Skipped:
        """Place one version along its route.

        Raises:
            PermanentError: `NoOrder`, of an upload without a version id or a sequencer; or S3 refuses for good.
            TransientError: S3 or the ledger did not answer, or others place versions of this key (`Occupied`).
            UnfinishedError: time ran short in the middle of a copy in parts.
        """
        with self.copies.ending(command):
            version = Version.of(command.upload)
            try:
                with self._take_turn(command, version) as turn:
                    return turn.run()
            except NotNewerError as refused:
                newest = refused.newest
            outcome = self._earlier_outcome(command, version, newest)
            if outcome is None and newest.version.on_the_way_to:
                newest = self._finish_turn_of(command, newest.version.on_the_way_to) or newest
                outcome = self._earlier_outcome(command, version, newest)
            return outcome or _superseded(command)

    def _take_turn(self, command: CopyCommand, version: Version) -> "_Turn":
        destination, owner = command.target.location, self.new_owner()
        for _ in self.copies.attempts():
            now = self.clock()
            lease = Lease(owner, now, now + timedelta(seconds=command.seconds_left()) + _GRACE)
            try:
                return _Turn(self, command, version, owner, self.ledger.take(destination, version, lease))
            except LeaseHeldError:
                # A small object is placed in a fraction of a second: these attempts make a few seconds.
                continue
        raise OccupiedError(Reason.CONTENDED, f"another copier is placing versions of {destination.url}")

    def _finish_turn_of(self, command: CopyCommand, later: Version) -> Placement | None:
        """Place what a dead holder left on the way to a later version, as ours may be among it; the newest then."""
        try:
            with self._take_turn(command, later) as turn:
                turn.prepare()
                return turn.newest
        except NotNewerError as refused:
            return refused.newest

    def _earlier_outcome(self, command: CopyCommand, version: Version, newest: Placement) -> Copied | None:
        """How it ended when the version was placed, or None when it was not."""
        if newest.version.id == version.id:
            return newest.copied
        remembered = self.ledger.recall(command.target.location, version.id)
        return remembered.copied if remembered else None


class _Turn:
    """The right to place `version` and, before it, older ones that are not placed yet; left, it gives the lease back.

    A crash leaves the lease to run out. `newest`: what was placed last.
    """

    def __init__(self, rule: EveryVersion, command: CopyCommand, version: Version, owner: str, state: KeyState) -> None:
        self._rule = rule
        self._copies = rule.copies
        self._store = rule.copies.store
        self._ledger = rule.ledger
        self._command = command
        self._source = command.source
        self._location = command.target.location
        self._owner = owner
        self._version = version
        self._left_pending = state.pending
        self.newest = state.newest
        # What the destination holds.
        self._held: ObjectHead | None = None
        # What the ledger holds as pending; None once it has the lease back, with the last placement.
        self._pending_id: str | None = (state.pending or version).id
        # Whether what is pending has certainly not been placed, or certainly has.
        self._pending_is_known = state.pending is None

    def __enter__(self) -> "_Turn":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._pending_id is None or not (error is None or isinstance(error, Exception)):
            return
        try:
            self._ledger.release(self._location, self._owner, clear_pending=self._pending_is_known)
        except CopytrailError as refused:
            self._rule.warn("a lease was not given back; it runs out", {"explanation": refused.message})

    def run(self) -> Copied | Skipped:
        """Place what is to be placed.

        Raises:
            NotNewerError: a dead holder has placed a newer version.
            PermanentError: S3 refuses for a reason that only a person can cure.
            TransientError: S3 or the ledger did not answer, or others write into the destination (`Contended`).
            UnfinishedError: time ran short in the middle of a copy in parts.
        """
        return self.prepare() or self._place(self._version, then=None)

    def prepare(self) -> Copied | Skipped | None:
        """Finish what a dead holder began, and place older versions; an outcome when that was all. Raises as `run`."""
        self._held = self._store.head_object(self._location)
        if self._left_pending and (outcome := self._find_out_about(self._left_pending)):
            return outcome
        for older in self._late_versions():
            try:
                self._place(older, then=self._version)
            except PermanentError as error:
                # Its own message tells the same, or that it is superseded by now.
                self._rule.warn(
                    "a late version could not be placed", {"version_id": older.id, "explanation": error.message}
                )
        return None

    def _find_out_about(self, pending: Version) -> Copied | Skipped | None:
        """Find out whether a dead holder has placed what it was about to; an outcome when there is no more to do."""
        is_ours = pending.id == self._version.id
        is_newer = pending.position > self._version.position
        if self._holds_newest():
            self._pending_is_known = True
        elif copied := self._as_copy_of(pending):
            placement = self._record(
                self._version if is_ours else pending, copied, then=None if is_ours or is_newer else self._version
            )
            if is_ours:
                return copied
            if is_newer:
                raise NotNewerError(placement)
        elif is_newer:
            # Others have written there. If it was placed before that, ours would come on top of a newer one.
            return _superseded(self._command)
        return None

    def _late_versions(self) -> list[Version]:
        """Versions between the newest that was placed and ours, the oldest first."""
        floor = times.earlier(self._command.upload.uploaded_at, _LATE_BY)
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
        matches = self._command.route.matches(self._source.bucket, self._source.key, version.size)
        return matches and not self._copies.is_in_parts(self._source.url, version.size)

    def _place(self, version: Version, *, then: Version | None) -> Copied | Skipped:
        if self._pending_id != version.id:
            self._ledger.set_pending(self._location, version, self._owner)
            self._pending_id, self._pending_is_known = version.id, True
        command = self._command
        for _ in self._copies.attempts():
            found = self._store.head_object(self._source, version.id)
            if found is None:
                self._pending_is_known = True
                return command.skipped(Reason.SOURCE_DELETED, f"version {version.id} is not there any more")
            if copied := self._copy(command, version, found):
                self._record(version, copied, then=then)
                return copied
            command = replace(command, continuation=None)
        raise ContendedError(self._location)

    def _copy(self, command: CopyCommand, version: Version, found: ObjectHead) -> Copied | None:
        """The copy, or None when somebody has written into the destination past copytrail."""
        before = self._held
        command.require_time()
        self._pending_is_known = False
        try:
            result = self._copies.copy(command, found, if_match=before.etag if before else None, version_id=version.id)
        except ConditionRefusedError:
            # boto3 asks again when no answer came: what is refused then may be a copy of what was copied already.
            self._held = self._store.head_object(self._location)
            return self._as_copy_of(version) if _identity(self._held) != _identity(before) else None
        except ChecksumMismatchError:
            raise
        except PermanentError:
            self._pending_is_known = True
            raise
        self._held = replace(found, etag=result.etag, version_id=result.version_id, checksum=result.checksum)
        return Copied.of(result, self._location)

    def _record(self, version: Version, copied: Copied, *, then: Version | None) -> Placement:
        now = self._rule.clock()
        if self.newest and now - self.newest.at < _MESSAGES_LAST:
            # First, so that no version is ever both replaced and forgotten.
            self._ledger.remember(self._location, self.newest)
        self.newest = placement = Placement(version, copied, now)
        self._ledger.place(self._location, placement, self._owner, then=then)
        self._pending_id, self._pending_is_known = then.id if then else None, True
        return placement

    def _as_copy_of(self, version: Version) -> Copied | None:
        """What the destination holds, and did not hold before, as the copy that it is, if it is one of this version."""
        held = self._held
        if held is None or held.size != version.size:
            return None
        if held.etag != version.etag:
            # A copy in parts, or one that is encrypted otherwise, has another ETag.
            source = self._store.head_object(self._source, version.id)
            if source is None or source.checksum is None or source.checksum != held.checksum:
                return None
        # The ETag of an object in parts ends in their number.
        parts = held.etag.partition("-")[2]
        result = CopyResult(held.etag, held.version_id, None, held.checksum, int(parts) if parts else None)
        return Copied.of(result, self._location)

    def _holds_newest(self) -> bool:
        newest = self.newest and self.newest.copied.destination
        return _identity(self._held) == ((newest.etag, newest.version_id) if newest else None)


def _identity(held: ObjectHead | None) -> tuple[str, str | None] | None:
    return (held.etag, held.version_id) if held else None


def _superseded(command: CopyCommand) -> Skipped:
    return command.skipped(
        Reason.SUPERSEDED, f"a newer version of {command.source.url} has been placed before this one"
    )
