"""The copier's data types: what is copied, from where to where, how that ends, what S3 and the ledger say."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from shared.errors import PermanentError, Reason, TransientError
from shared.events import Checksum, Continuation, Destination, Upload
from shared.routes import Route
from shared.uploads import sequencer_order

SecondsLeft = Callable[[], float]
Warn = Callable[[str, dict[str, str]], None]


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
class Target:
    """Where a copy goes, and what it gets there that no copy takes along: its storage class and website redirect."""

    location: Location
    storage_class: str | None = None
    redirect: str | None = None


@dataclass(frozen=True)
class ObjectHead:
    """What a HEAD with its checksum tells of a key, or of one version of it.

    `headers`: content headers by boto3's names, each byte a character (Latin-1), as HTTP gives them; `redirect`: the
    website redirect.
    """

    etag: str
    version_id: str | None
    size: int
    last_modified: datetime
    headers: tuple[tuple[str, str], ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    redirect: str | None = None
    checksum: Checksum | None = None

    @property
    def fingerprint(self) -> str:
        """A digest of all of this: equal bytes under other metadata are another upload, and have another one."""
        told = (self.etag, self.version_id, self.size, self.last_modified.isoformat(), self.headers, self.metadata)
        return sha256(repr((*told, self.redirect) if self.redirect else told).encode()).hexdigest()


@dataclass(frozen=True)
class DestinationState:
    """What a HEAD tells of a destination key: its ETag, or None for no object, and S3's own time of telling."""

    etag: str | None
    seen_at: datetime


@dataclass(frozen=True)
class CopyResult:
    """What S3 answers to a copy.

    `source_version_id`: the version that was copied, on versioned sources; `parts`: how many it was copied in, None for
    one CopyObject.
    """

    etag: str
    version_id: str | None
    source_version_id: str | None
    checksum: Checksum | None
    parts: int | None = None


@dataclass(frozen=True)
class Copied:
    """The upload was copied. The placement table keeps this as JSON, under these names."""

    destination: Destination
    checksum: Checksum | None
    method: str
    parts: int

    @classmethod
    def of(cls, result: CopyResult, location: Location) -> "Copied":
        """The outcome of a copy that S3 has committed."""
        return cls(
            Destination(bucket=location.bucket, key=location.key, etag=result.etag, version_id=result.version_id),
            result.checksum,
            "CopyObject" if result.parts is None else "UploadPartCopy",
            result.parts or 1,
        )


@dataclass(frozen=True)
class Skipped:
    """The upload was not copied, and need not be.

    `decoded`: the upload that may have been meant, when the event's key looks URL-encoded; it is still to be copied.
    """

    destination: Destination
    reason: Reason
    message: str
    decoded: Upload | None = None


@dataclass(frozen=True)
class Deleted:
    """The destination has no current object any more. The version id is the delete marker's."""

    destination: Destination


@dataclass(frozen=True)
class CopyCommand:
    """One upload to copy along a route.

    `retried`: an earlier delivery may have died between its copy and `verify_source`; a newer upload is then copied,
    too, before this one ends as superseded. `continuation`: where an earlier invocation stopped.
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

    def target_for(self, found: ObjectHead) -> Target:
        """Where it goes, with what of the source only a HEAD can tell."""
        return replace(self.target, redirect=found.redirect) if self.route.website_redirects else self.target

    def require_time(self) -> None:
        """Let nothing begin after the invocation's end: Lambda freezes a thread there, and thaws it with a later one.

        Raises:
            TransientError: `OutOfTime`.
        """
        if self.seconds_left() <= 0:
            raise TransientError(Reason.OUT_OF_TIME, "the function's time was over before this copy was begun")

    def skipped(self, reason: Reason, message: str) -> Skipped:
        """The outcome without a copy."""
        location = self.target.location
        return Skipped(Destination(bucket=location.bucket, key=location.key), reason, message)


class ConditionRefusedError(Exception):
    """S3 did not copy: the source is not the upload that was meant, or the destination has changed."""


@dataclass(frozen=True)
class OpenUpload:
    """A multipart upload under way, pinned to one upload of the source."""

    id: str
    source: Location
    etag: str
    version_id: str | None
    target: Target
    size: int
    bytes_each: int


@dataclass(frozen=True)
class CopiedPart:
    """A part that S3 holds."""

    number: int
    etag: str


class UploadGoneError(Exception):
    """The multipart upload does not exist: it was completed, aborted, or cleaned up."""


class UnfinishedError(Exception):
    """Time ran short; the multipart upload is kept, and can be continued."""

    def __init__(self, continuation: Continuation) -> None:
        super().__init__(f"{continuation.parts_done} parts of upload {continuation.upload_id} are done")
        self.continuation = continuation


@dataclass(frozen=True)
class Version:
    """A version of a source key. The placement table keeps this as JSON, under these names.

    `position`: versions of one key sort by it, as text, in the order of upload. `on_the_way_to`: it is placed in the
    turn of this later version, because its own message is late. Only that it comes before that one is known, and that
    others may still come between the two.
    """

    id: str
    position: str
    etag: str
    size: int
    on_the_way_to: "Version | None" = None

    @classmethod
    def of(cls, upload: Upload) -> "Version":
        """The version that an upload is.

        Raises:
            PermanentError: `NoOrder`; the upload has no version id, or no sequencer.
        """
        missing = "version id" if upload.version_id is None else "sequencer" if upload.sequencer is None else None
        if upload.version_id is None or upload.sequencer is None:
            raise PermanentError(
                Reason.NO_ORDER,
                f"{upload.url}: the event has no {missing}, so nobody can tell which version comes after which;"
                " every version of a key is copied only on S3's own events, from a bucket that keeps versions",
            )
        return cls(upload.version_id, sequencer_order(upload.sequencer), upload.etag, upload.size)


@dataclass(frozen=True)
class ListedVersion:
    """What a listing tells of a version: no sequencer, but its place among the others."""

    id: str
    etag: str
    size: int
    last_modified: datetime

    def on_the_way_to(self, later: Version) -> Version:
        """The version as it is placed in another one's turn: just before that one."""
        position = f"{max(0, int(later.position, 16) - 1):0{len(later.position)}X}"
        return Version(self.id, position, self.etag, self.size, later)


@dataclass(frozen=True)
class Placement:
    """A version that is in the destination, how it was copied, and when. The placement table keeps this as JSON."""

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
class KeyState:
    """What the ledger knows of a destination key.

    `newest`: the newest version placed there; `pending`: one that an earlier holder of the lease was about to place,
    and may have placed or not.
    """

    newest: Placement | None
    pending: Version | None


class LeaseHeldError(Exception):
    """Another copier is placing a version under this key."""


class NotNewerError(Exception):
    """A version that is as new, or newer, has been placed under this key."""

    def __init__(self, newest: Placement) -> None:
        super().__init__(f"version {newest.version.id} has been placed")
        self.newest = newest


class LeaseLostError(TransientError):
    """The lease is not ours any more: it ran out, and another copier has taken it."""
