"""The never-backwards rule: the destination key only ever moves to a newer upload.

`docs/architecture.md` tells why each step is there; `tests/unit/copier/test_interleavings.py` walks the interleavings
of small histories, and shows for each step the one that goes wrong without it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from services.copier.conditional_copy import ConditionalCopy, ContendedError
from services.copier.model import (
    ConditionRefusedError,
    Copied,
    CopyCommand,
    CopyResult,
    DestinationState,
    Location,
    ObjectHead,
    Skipped,
    Warn,
)
from shared.errors import PermanentError, Reason
from shared.events import Upload
from shared.uploads import decoded_twin, is_same_upload

# S3 tells LastModified and Date in whole seconds.
_S3_CLOCK_TICK_S = 1.0


@dataclass(frozen=True)
class _Ended:
    """The upload has its outcome, and the destination holds nothing older than the source."""

    outcome: Copied | Skipped


@dataclass(frozen=True)
class _Overtaken:
    """The upload has its outcome, and another one came while it was copied: that one is to be copied, too."""

    outcome: Copied | Skipped


class NewestOnly:
    """Copies an upload unless a newer one makes that pointless."""

    def __init__(self, copies: ConditionalCopy, *, sleep: Callable[[float], None], warn: Warn) -> None:
        self.copies = copies
        self._store = copies.store
        self._sleep = sleep
        self._warn = warn

    def copy(self, command: CopyCommand) -> Copied | Skipped:
        """Copy one upload along its route.

        Raises:
            PermanentError: S3 refuses for a reason that only a person can cure, or the object is `TooLarge`.
            TransientError: S3 did not answer, or other writers won every attempt (`Contended`).
            UnfinishedError: time ran short in the middle of a copy in parts.
        """
        with self.copies.ending(command):
            tries = self.copies.attempts()
            if not self._reads_before_copying(command):
                next(tries)
                if result := self.copy_if_new(command):
                    return _outcome(command, result)
            return self._overwrite(command, tries)

    def copy_if_new(self, command: CopyCommand) -> CopyResult | None:
        """Copy if the source still holds this ETag and the destination key is new; None: one of both is not so.

        For a new key this is the only request. Nothing newer can have been under the copy.
        """
        command.require_time()
        try:
            return self._store.copy(command.source, command.upload.etag, command.target, if_match=None)
        except ConditionRefusedError:
            return None

    def read_destination_then_source(self, command: CopyCommand) -> tuple[DestinationState, ObjectHead | None]:
        """HEAD both ends, in the order that makes the next step safe.

        A newer upload that is copied after the first HEAD fails `overwrite_if_unchanged`; one that was copied before it
        shows in the second.
        """
        destination = self._store.head_destination(command.target.location)
        return destination, self._store.head_object(command.source)

    def overwrite_if_unchanged(
        self, command: CopyCommand, source: ObjectHead, destination: DestinationState
    ) -> CopyResult | None:
        """Copy what was read, if both ends are still as they were read; None: one of both is not."""
        command.require_time()
        try:
            return self.copies.copy(command, source, if_match=destination.etag)
        except ConditionRefusedError:
            return None

    def verify_source(self, command: CopyCommand, source: ObjectHead, result: CopyResult) -> bool:
        """Whether the source still holds the upload that was copied, or no object at all.

        ETags do not tell: where contents return, `overwrite_if_unchanged` takes an older upload for a newer one.
        """
        now = self._store.head_object(command.source)
        if now is None:
            return True
        if now.version_id is not None and result.source_version_id is not None:
            return now.version_id == result.source_version_id
        return now == source

    def _overwrite(self, command: CopyCommand, tries: Iterator[int]) -> Copied | Skipped:
        outcome: Copied | Skipped | None = None
        newest_too = command.retried
        for _ in tries:
            destination, source = self.read_destination_then_source(command)
            if source is None:
                return outcome or self._source_deleted(command)
            if outcome is None and not is_same_upload(source, command.upload):
                outcome = _superseded(command)
            if outcome and not (newest_too and _is_on_route(command, source)):
                return outcome
            if _may_hide_an_upload(source, destination):
                self._sleep(_S3_CLOCK_TICK_S)
                continue
            match self._overwrite_and_verify(command, source, destination, outcome):
                case _Ended(ended):
                    return ended
                case _Overtaken(outcome):
                    newest_too = True
            command = replace(command, continuation=None)
        raise ContendedError(command.target.location)

    def _overwrite_and_verify(
        self,
        command: CopyCommand,
        source: ObjectHead,
        destination: DestinationState,
        outcome: Copied | Skipped | None,
    ) -> "_Ended | _Overtaken | None":
        """One attempt; None: another writer was there first.

        `outcome`: that of the upload, where it is known already, and a newer one is copied here.
        """
        try:
            result = self.overwrite_if_unchanged(command, source, destination)
        except PermanentError:
            if outcome is None:
                raise
            # The newer upload has a message of its own: that one will fail.
            return _Ended(outcome)
        if result is None:
            return None
        outcome = outcome or _outcome(command, result)
        is_new_key = destination.etag is None and result.parts is None
        if is_new_key or self.verify_source(command, source, result):
            return _Ended(outcome)
        return _Overtaken(outcome)

    def _reads_before_copying(self, command: CopyCommand) -> bool:
        # A copy in parts is too dear to be made for a condition that may not hold; only a HEAD tells the redirect.
        return self.copies.is_in_parts(command.upload.url, command.upload.size) or command.route.website_redirects

    def _source_deleted(self, command: CopyCommand) -> Skipped:
        def head(twin: Upload) -> ObjectHead | None:
            on_route = command.route.matches(twin.bucket, twin.key, twin.size)
            return self._store.head_object(Location(twin.bucket, twin.key)) if on_route else None

        skipped = command.skipped(Reason.SOURCE_DELETED, f"{command.source.url} is not there any more")
        twin = decoded_twin(command.upload, head)
        if twin is None:
            return skipped
        self._warn("the event's key may be URL-encoded", {"key": command.upload.key, "decoded_key": twin.key})
        return replace(skipped, decoded=twin)


def _may_hide_an_upload(source: ObjectHead, destination: DestinationState) -> bool:
    """Whether a later upload could look like this one: it was made in the second in which the destination was read."""
    return source.version_id is None and source.last_modified >= destination.seen_at


def _is_on_route(command: CopyCommand, found: ObjectHead) -> bool:
    """Whether the route is meant for what was found: it may be of another size than the upload was."""
    return command.route.matches(command.source.bucket, command.source.key, found.size)


def _outcome(command: CopyCommand, result: CopyResult) -> Copied | Skipped:
    if command.upload.version_id and result.source_version_id not in (None, command.upload.version_id):
        return _superseded(command)
    return Copied.of(result, command.target.location)


def _superseded(command: CopyCommand) -> Skipped:
    return command.skipped(Reason.SUPERSEDED, f"{command.source.url} was uploaded again since")
