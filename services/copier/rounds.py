"""Owns the never-backwards rule: the destination key only ever moves to a newer upload.

The design's `never_backwards.py` walks every interleaving of small histories; `docs/architecture.md` tells why each
step is there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from services.copier.integrity import check_same
from services.copier.model import ConditionRefusedError, CopyResult, DestinationState, Location, SourceObject, Target
from services.copier.ports import ObjectStore, PartsCopier, SecondsLeft
from shared.copy_plan import PartSizes, part_size
from shared.errors import PermanentError, Reason, TransientError
from shared.events import Checksum, Continuation, Destination, Upload
from shared.routes import Route
from shared.uploads import is_same_upload

# Each round is lost only to another writer of the same key, so more rounds mean somebody else's progress.
_MOST_ROUNDS = 8
# S3 tells LastModified and Date in whole seconds.
_S3_CLOCK_TICK_S = 1.0


@dataclass(frozen=True)
class Copied:
    """The upload was copied."""

    destination: Destination
    checksum: Checksum | None
    method: str
    parts: int


@dataclass(frozen=True)
class Skipped:
    """The upload was not copied, and need not be.

    `decoded`: the upload that may have been meant, when the event's key looks URL-encoded; it is still to be copied.
    """

    destination: Destination
    reason: Reason
    message: str
    decoded: Upload | None = None


Result = Copied | Skipped


@dataclass(frozen=True)
class Order:
    """One upload to bring over along a route.

    `retried`: an earlier try may have died between its copy and its look at the source; a newer upload is then brought
    over in the same go, before this one is said to be superseded. `continuation`: where an earlier invocation stopped.
    """

    upload: Upload
    route: Route
    seconds_left: SecondsLeft
    retried: bool = False
    continuation: Continuation | None = None

    @property
    def source(self) -> Location:
        """Where the upload is."""
        return Location(self.upload.bucket, self.upload.key)

    @property
    def target(self) -> Target:
        """Where it goes."""
        location = Location(self.route.destination_bucket, self.route.destination_key(self.upload.key))
        return Target(location, self.route.storage_class)

    def target_for(self, found: SourceObject) -> Target:
        """Where it goes, with what of the source only a look at it can tell."""
        return replace(self.target, redirect=found.redirect) if self.route.website_redirects else self.target

    def require_time(self) -> None:
        """Let nothing begin after the invocation's end: Lambda freezes a thread there, and thaws it with a later one.

        Raises:
            TransientError: `OutOfTime`.
        """
        if self.seconds_left() <= 0:
            raise TransientError(Reason.OUT_OF_TIME, "the function's time was over before this copy was begun")

    def skipped(self, reason: Reason, message: str) -> Skipped:
        """The order ends without a copy."""
        location = self.target.location
        return Skipped(Destination(bucket=location.bucket, key=location.key), reason, message)


@dataclass(frozen=True)
class _Look:
    """Both ends, the destination read first."""

    destination: DestinationState
    source: SourceObject

    @property
    def is_unclear(self) -> bool:
        """Whether a later upload could look like this one: it was made in the very second of the look."""
        return self.source.version_id is None and self.source.last_modified >= self.destination.seen_at


@dataclass(frozen=True)
class _Copy:
    """A copy that S3 has committed. `certain`: nothing newer can have been under it, so no look is needed."""

    result: CopyResult
    method: str
    parts: int
    certain: bool


class Rounds:
    """One upload's rounds against S3."""

    def __init__(
        self,
        store: ObjectStore,
        parts: PartsCopier,
        sizes: PartSizes,
        order: Order,
        *,
        sleep: Callable[[float], None],
        pause: Callable[[int], None],
    ) -> None:
        self._store = store
        self._parts = parts
        self._sizes = sizes
        self._sleep = sleep
        self._pause = pause
        self._order = order
        self._upload = order.upload
        self._source = order.source
        self._target = order.target
        self._continuation = order.continuation
        self._newest_too = order.retried
        # A copy in parts is too dear to be made for a condition that may not hold; only a look tells the redirect.
        in_parts = part_size(order.upload.url, order.upload.size, sizes) is not None
        self._looks_first = in_parts or order.route.website_redirects
        self._look: _Look | None = None
        self._result: Result | None = None

    def run(self) -> Result:
        """Go round until the upload is copied or need not be. After TransientError, a retry may go on with parts."""
        try:
            result = self._run()
        except PermanentError:
            self._forget_continuation()
            raise
        self._forget_continuation()
        return result

    def _run(self) -> Result:
        for round_ in range(_MOST_ROUNDS):
            done = self._round(looks=self._looks_first or round_ > 0)
            if done and self._result:
                return self._result
            self._pause(round_)
        raise TransientError(
            Reason.CONTENDED, f"{self._target.location.url} was changed by others in each of {_MOST_ROUNDS} rounds"
        )

    def _round(self, *, looks: bool) -> bool:
        """Look, copy, and look again; whether there is no more to do."""
        if looks:
            self._look = self._look_at_both()
            if not self._is_worth_copying():
                return True
            if self._look and self._look.is_unclear:
                self._sleep(_S3_CLOCK_TICK_S)
                return False
        try:
            copy = self._copy(self._look)
        except PermanentError:
            if self._result is None:
                raise
            # It was a newer upload, which has a message of its own: that one will tell.
            return True
        if copy is None:
            return False
        self._result = self._result or self._result_of(copy)
        if self._look is None or copy.certain or not self._moved_on(copy.result, self._look):
            return True
        self._newest_too = True
        return False

    def _is_worth_copying(self) -> bool:
        if self._look is None:
            self._result = self._result or self._order.skipped(
                Reason.SOURCE_DELETED, f"{self._source.url} is not there any more"
            )
            return False
        if self._result is None and not is_same_upload(self._look.source, self._upload):
            self._result = self._superseded()
        return self._result is None or (self._newest_too and self._takes(self._look.source))

    def _takes(self, found: SourceObject) -> bool:
        """Whether the route is meant for what was found: it may be of another size than the upload was."""
        return self._order.route.matches(self._source.bucket, self._source.key, found.size)

    def _copy(self, look: _Look | None) -> _Copy | None:
        """Copy what the look found; before any look, take the upload for the newest and the key for new."""
        self._order.require_time()
        if look is None:
            return self._copy_at_once(self._upload.etag, self._target, None)
        bytes_each = part_size(self._upload.url, look.source.size, self._sizes)
        if bytes_each is None:
            copy = self._copy_at_once(look.source.etag, self._order.target_for(look.source), look.destination.etag)
        else:
            copy = self._copy_in_parts(look, bytes_each)
        if copy:
            check_same(look.source.checksum, copy.result.checksum, of=self._source, at=self._target.location)
        return copy

    def _copy_at_once(self, etag: str, target: Target, if_match: str | None) -> _Copy | None:
        try:
            result = self._store.copy(self._source, etag, target, if_match=if_match)
        except ConditionRefusedError:
            return None
        return _Copy(result, "CopyObject", 1, certain=if_match is None)

    def _copy_in_parts(self, look: _Look, bytes_each: int) -> _Copy | None:
        continuation, self._continuation = self._continuation, None
        try:
            result, parts = self._parts.copy(
                self._source,
                look.source,
                self._order.target_for(look.source),
                bytes_each=bytes_each,
                if_match=look.destination.etag,
                seconds_left=self._order.seconds_left,
                continuation=continuation,
            )
        except ConditionRefusedError:
            return None
        return _Copy(result, "UploadPartCopy", parts, certain=False)

    def _look_at_both(self) -> _Look | None:
        """Both ends as they are, or None when the source is gone.

        The order makes it safe: a newer upload copied after the read of the destination fails If-Match, and one copied
        before it shows in the source.
        """
        destination = self._store.head_destination(self._target.location)
        source = self._store.head_source(self._source)
        return _Look(destination, source) if source else None

    def _moved_on(self, copy: CopyResult, look: _Look) -> bool:
        """Whether another upload than the copied one is in the source now. ETags do not tell: contents may return."""
        now = self._store.head_source(self._source)
        if now is None:
            return False
        if now.version_id is not None and copy.source_version_id is not None:
            return now.version_id != copy.source_version_id
        return now != look.source

    def _result_of(self, copy: _Copy) -> Result:
        copied = copy.result
        if self._upload.version_id and copied.source_version_id not in (None, self._upload.version_id):
            return self._superseded()
        destination = Destination(
            bucket=self._target.location.bucket,
            key=self._target.location.key,
            etag=copied.etag,
            version_id=copied.version_id,
        )
        return Copied(destination, copied.checksum, copy.method, copy.parts)

    def _superseded(self) -> Skipped:
        return self._order.skipped(Reason.SUPERSEDED, f"{self._source.url} was uploaded again since")

    def _forget_continuation(self) -> None:
        if self._continuation:
            self._parts.forget(self._source, self._target, self._continuation)
