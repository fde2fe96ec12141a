"""Owns the never-backwards rule: the destination key only ever moves to a newer upload.

The design's `never_backwards.py` walks every interleaving of small histories; `docs/architecture.md` tells why each
step is there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import unquote_plus

from msgspec import structs

from services.copier.plan import require_single_copy
from shared.errors import Reason, Transient
from shared.events import Checksum, Destination, Upload
from shared.routes import Route

# Each round is lost only to another writer of the same key, so more rounds mean somebody else's progress.
_MOST_ROUNDS = 8
# S3 tells LastModified and Date in whole seconds.
_S3_CLOCK_TICK_S = 1.0


@dataclass(frozen=True)
class Location:
    """A key in a bucket."""

    bucket: str
    key: str

    @property
    def url(self) -> str:
        """`s3://bucket/key`, as people write it."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class SourceObject:
    """What a HEAD tells of the newest upload of a source key. `properties`: content headers and user metadata."""

    etag: str
    version_id: str | None
    size: int
    last_modified: datetime
    properties: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class DestinationState:
    """What a HEAD tells of a destination key: its ETag, or None for no object, and S3's own time of telling."""

    etag: str | None
    seen_at: datetime


@dataclass(frozen=True)
class CopyResult:
    """What S3 answers to a copy. `source_version_id` is the version that was copied, on versioned sources."""

    etag: str
    version_id: str | None
    source_version_id: str | None
    checksum: Checksum | None


class ConditionRefusedError(Exception):
    """S3 did not copy: the source is not the upload that was meant, or the destination has changed."""


class ObjectStore(Protocol):
    """What copying needs of S3. Every method raises CopytrailError for what S3 refuses or does not answer."""

    def copy(self, source: Location, etag: str, destination: Location, *, if_match: str | None) -> CopyResult:
        """Copy the newest upload of `source` with all its properties, if its ETag is `etag`.

        `if_match` is the ETag that the destination must have; None: it must not exist. Raises ConditionRefusedError.
        """

    def head_source(self, source: Location) -> SourceObject | None:
        """The newest upload of a source key, or None when there is none."""

    def head_destination(self, destination: Location) -> DestinationState:
        """What the destination key holds."""


@dataclass(frozen=True)
class Copied:
    """The upload was copied."""

    destination: Destination
    checksum: Checksum | None
    method: str = "CopyObject"
    parts: int = 1


@dataclass(frozen=True)
class Skipped:
    """The upload was not copied, and need not be."""

    destination: Destination
    reason: Reason
    message: str


Result = Copied | Skipped


class Copying:
    """The use case: bring an upload over, unless a newer one makes that pointless."""

    def __init__(
        self, store: ObjectStore, *, sleep: Callable[[float], None], warn: Callable[[str, dict[str, str]], None]
    ) -> None:
        self._store = store
        self._sleep = sleep
        self._warn = warn

    def bring_over(self, upload: Upload, route: Route, *, retried: bool) -> Result:
        """Copy one upload along its route.

        Args:
            retried: an earlier try may have died between its copy and its look at the source; a newer upload is then
                brought over in the same go, before this one is said to be superseded.

        Raises:
            Permanent: S3 refuses for a reason that only a person can cure, or the object is `TooLarge`.
            Transient: S3 did not answer, or other writers won every round (`Contended`).
        """
        require_single_copy(upload.url, upload.size)
        transfer = _Transfer(self._store, self._sleep, upload, route)
        result = transfer.run(retried=retried)
        if isinstance(result, Skipped) and result.reason is Reason.SOURCE_DELETED:
            return self._try_decoded_key(upload, route, retried=retried) or result
        return result

    def _try_decoded_key(self, upload: Upload, route: Route, *, retried: bool) -> Result | None:
        # S3 writes keys raw into EventBridge events, but a maintained library takes them for URL-encoded.
        decoded = unquote_plus(upload.key)
        if decoded == upload.key:
            return None
        found = self._store.head_source(Location(upload.bucket, decoded))
        if found is None or found.etag != upload.etag:
            return None
        self._warn("the event's key was URL-encoded", {"key": upload.key, "decoded_key": decoded})
        return _Transfer(self._store, self._sleep, structs.replace(upload, key=decoded), route).run(retried=retried)


@dataclass(frozen=True)
class _Look:
    """Both ends, the destination read first."""

    destination: DestinationState
    source: SourceObject


class _Transfer:
    """One upload's rounds against S3."""

    def __init__(self, store: ObjectStore, sleep: Callable[[float], None], upload: Upload, route: Route) -> None:
        self._store = store
        self._sleep = sleep
        self._upload = upload
        self._source = Location(upload.bucket, upload.key)
        self._target = Location(route.destination_bucket, route.destination_key(upload.key))

    def run(self, *, retried: bool) -> Result:
        newest_too = retried
        result: Result | None = None
        look: _Look | None = None
        for _ in range(_MOST_ROUNDS):
            copy = self._copy(look)
            if copy:
                result = result or self._result_of(copy)
                if look is None or look.destination.etag is None or not self._moved_on(copy, look):
                    return result
                newest_too = True
            look = self._look()
            if look is None:
                return result or self._skipped(Reason.SOURCE_DELETED, f"{self._source.url} is not there any more")
            if result is None and _is_another(look.source, self._upload):
                result = self._superseded()
            if result and not newest_too:
                return result
        raise Transient(Reason.CONTENDED, f"{self._target.url} was changed by others in each of {_MOST_ROUNDS} rounds")

    def _copy(self, look: _Look | None) -> CopyResult | None:
        """Copy what the look found; before any look, take the upload for the newest and the key for new."""
        etag = look.source.etag if look else self._upload.etag
        if_match = look.destination.etag if look else None
        try:
            return self._store.copy(self._source, etag, self._target, if_match=if_match)
        except ConditionRefusedError:
            return None

    def _look(self) -> _Look | None:
        """Both ends as they are, or None when the source is gone.

        The order makes it safe: a newer upload copied after the read of the destination fails If-Match, and one copied
        before it shows in the source.
        """
        destination = self._store.head_destination(self._target)
        source = self._store.head_source(self._source)
        return _Look(destination, source) if source else None

    def _moved_on(self, copy: CopyResult, look: _Look) -> bool:
        """Whether another upload than the copied one is in the source now. ETags do not tell: contents may return."""
        now = self._store.head_source(self._source)
        if now is None:
            return False
        if now.version_id is not None and copy.source_version_id is not None:
            return now.version_id != copy.source_version_id
        if now != look.source:
            return True
        if now.last_modified < look.destination.seen_at:
            return False
        # Uploaded in the very second of our read: the next round, past that second, can tell.
        self._sleep(_S3_CLOCK_TICK_S)
        return True

    def _result_of(self, copy: CopyResult) -> Result:
        if self._upload.version_id and copy.source_version_id and copy.source_version_id != self._upload.version_id:
            return self._superseded()
        destination = Destination(
            bucket=self._target.bucket, key=self._target.key, etag=copy.etag, version_id=copy.version_id
        )
        return Copied(destination, copy.checksum)

    def _superseded(self) -> Skipped:
        return self._skipped(Reason.SUPERSEDED, f"{self._source.url} was uploaded again, and that upload is on its way")

    def _skipped(self, reason: Reason, message: str) -> Skipped:
        return Skipped(Destination(bucket=self._target.bucket, key=self._target.key), reason, message)


def _is_another(found: SourceObject, upload: Upload) -> bool:
    if found.version_id is not None and upload.version_id is not None:
        return found.version_id != upload.version_id
    return found.etag != upload.etag
