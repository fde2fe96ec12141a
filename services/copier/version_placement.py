"""One turn under a lease: versions are placed in the order of upload, after what a dead holder was about to place."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import cast

from services.copier.conditional_copy import (
    Backoff,
    ChecksumMismatchError,
    ConditionalCopy,
    ContendedError,
    attempts,
)
from services.copier.model import (
    ConditionRefusedError,
    Copied,
    CopyCommand,
    CopyResult,
    DestinationVersion,
    KeyState,
    NotNewerError,
    Placement,
    Skipped,
    SourceObject,
    Version,
    Warn,
)
from services.copier.ports import PlacementLedger, VersionStore
from shared import times
from shared.errors import CopytrailError, PermanentError, Reason

# Older versions whose own messages are late are placed on the way. Further back, nobody tells late from not asked for.
_LATE_BY = timedelta(minutes=15)
# Dead letters last 14 days: after that, no message of this version comes again.
_MESSAGES_LAST = timedelta(days=15)


@dataclass(frozen=True)
class Placer:
    """What every turn works with. `backoff`: as in `attempts`."""

    store: VersionStore
    ledger: PlacementLedger
    copies: ConditionalCopy
    warn: Warn
    backoff: Backoff
    clock: Callable[[], datetime]


class Turn:
    """The right to place `version` and, before it, older ones that are not placed yet; left, it gives the lease back.

    A crash leaves the lease to run out. `newest`: what was placed last.
    """

    def __init__(self, placer: Placer, command: CopyCommand, version: Version, owner: str, state: KeyState) -> None:
        self._placer = placer
        self._store = placer.store
        self._ledger = placer.ledger
        self._command = command
        self._source = command.source
        self._location = command.target.location
        self._owner = owner
        self._version = version
        self.newest = state.newest
        self._left_pending = state.pending
        self._pending = state.pending or version
        self._held: DestinationVersion | None = None
        # Whether what is pending has certainly not been placed, or certainly has.
        self._pending_is_known = state.pending is None
        self._has_released = False

    def __enter__(self) -> "Turn":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._has_released or not (error is None or isinstance(error, Exception)):
            return
        try:
            self._ledger.release(self._location, self._owner, clear_pending=self._pending_is_known)
        except CopytrailError as refused:
            self._placer.warn("a lease was not given back; it runs out", {"explanation": refused.message})

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
        self._held = self._store.current_version(self._location)
        if self._left_pending and (outcome := self._find_out_about(self._left_pending)):
            return outcome
        for older in self._late_versions():
            self._place_on_the_way(older)
        return None

    def _find_out_about(self, pending: Version) -> Copied | Skipped | None:
        """Find out whether a dead holder has placed what it was about to; an outcome when there is no more to do."""
        is_ours = pending.id == self._version.id
        is_newer = pending.position > self._version.position
        if self._holds_newest():
            self._pending_is_known = True
        elif self._is_copy_of(pending):
            copied = self._copied_before()
            placement = self._record(
                self._version if is_ours else pending, copied, then=None if is_ours or is_newer else self._version
            )
            if is_ours:
                return copied
            if is_newer:
                raise NotNewerError(placement)
        elif is_newer:
            # Others have written there. If it was placed before that, ours would come on top of a newer one.
            return superseded(self._command)
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
        return matches and not self._placer.copies.is_in_parts(self._source.url, version.size)

    def _place_on_the_way(self, version: Version) -> None:
        try:
            self._place(version, then=self._version)
        except PermanentError as error:
            # Its own message tells the same, or that it is superseded by now.
            self._placer.warn(
                "a late version could not be placed", {"version_id": version.id, "explanation": error.message}
            )

    def _place(self, version: Version, *, then: Version | None) -> Copied | Skipped:
        if self._pending.id != version.id:
            self._ledger.set_pending(self._location, version, self._owner)
            self._pending, self._pending_is_known = version, True
        command = self._command
        for _ in attempts(self._placer.backoff):
            found = self._store.head_source(self._source, version.id)
            if found is None:
                self._pending_is_known = True
                return command.skipped(Reason.SOURCE_DELETED, f"version {version.id} is not there any more")
            if copied := self._copy(command, version, found):
                self._record(version, copied, then=then)
                return copied
            command = replace(command, continuation=None)
        raise ContendedError(self._location)

    def _copy(self, command: CopyCommand, version: Version, found: SourceObject) -> Copied | None:
        """The copy, or None when somebody has written into the destination past copytrail."""
        before = self._held
        command.require_time()
        self._pending_is_known = False
        try:
            result = self._placer.copies.copy(
                command, found, if_match=before.etag if before else None, version_id=version.id
            )
        except ConditionRefusedError:
            # boto3 asks again when no answer came: what is refused then may be a copy of what was copied already.
            self._held = self._store.current_version(self._location)
            changed = _identity(self._held) != _identity(before)
            return self._copied_before() if changed and self._is_copy_of(version) else None
        except ChecksumMismatchError:
            raise
        except PermanentError:
            self._pending_is_known = True
            raise
        return Copied.of(result, self._location)

    def _record(self, version: Version, copied: Copied, *, then: Version | None) -> Placement:
        now = self._placer.clock()
        if self.newest and now - self.newest.at < _MESSAGES_LAST:
            # First, so that no version is ever both replaced and forgotten.
            self._ledger.remember(self._location, self.newest)
        self.newest = placement = Placement(version, copied, now)
        self._ledger.place(self._location, placement, self._owner, then=then)
        self._pending, self._pending_is_known, self._has_released = then or version, True, then is None
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
        source = self._store.head_source(self._source, version.id)
        return source is not None and source.checksum is not None and source.checksum == self._held.checksum

    def _copied_before(self) -> Copied:
        """What the destination holds, as the copy that it is. The ETag of an object in parts ends in their number."""
        held = cast(DestinationVersion, self._held)
        parts = held.etag.partition("-")[2]
        result = CopyResult(held.etag, held.version_id, None, held.checksum, int(parts) if parts else None)
        return Copied.of(result, self._location)

    def _holds_newest(self) -> bool:
        newest = self.newest and self.newest.copied.destination
        return _identity(self._held) == ((newest.etag, newest.version_id) if newest else None)


def superseded(command: CopyCommand) -> Skipped:
    """The version has missed its turn."""
    return command.skipped(
        Reason.SUPERSEDED, f"a newer version of {command.source.url} has been placed before this one"
    )


def _identity(held: DestinationVersion | None) -> tuple[str | None, str | None] | None:
    return (held.etag, held.version_id) if held else None
