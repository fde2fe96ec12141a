"""Owns what S3 objects are to copying: where they are, what a HEAD tells of them, what a copy came to."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from shared.events import Checksum


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
class SourceObject:
    """What a HEAD tells of the newest upload of a source key.

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
    """What S3 answers to a copy. `source_version_id` is the version that was copied, on versioned sources."""

    etag: str
    version_id: str | None
    source_version_id: str | None
    checksum: Checksum | None


class ConditionRefusedError(Exception):
    """S3 did not copy: the source is not the upload that was meant, or the destination has changed."""
