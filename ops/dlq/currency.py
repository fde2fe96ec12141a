"""Owns whether a dead letter is still wanted: what has become of its upload in the source bucket since."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from msgspec import structs

from ops.aws.object_reads import Head, ObjectReads, why_not
from shared.errors import CopytrailError, PermanentError
from shared.events import Upload
from shared.routes import Route, find_route

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Currency(StrEnum):
    """What has become of an upload since."""

    CURRENT = "Current"
    SUPERSEDED = "Superseded"
    DELETED = "Deleted"
    NOT_KNOWN = "NotKnown"


@dataclass(frozen=True)
class Look:
    """What a look at the source told; `why` it told nothing."""

    currency: Currency
    why: str = ""

    @property
    def is_wanted(self) -> bool:
        """Whether copying it would still bring something over, as far as is known."""
        return self.currency in (Currency.CURRENT, Currency.NOT_KNOWN)


class Sources:
    """The source buckets, as one HEAD for each upload tells of them. May be shared by threads."""

    def __init__(self, s3: "S3Client", routes: Sequence[Route]) -> None:
        self._objects = ObjectReads(s3)
        self._routes = routes

    def look(self, upload: Upload) -> Look:
        """What has become of an upload since. A look that fails is no error: then nothing is known.

        Raises:
            CommandError: no source can be looked at: there are no credentials, S3 does not answer.
        """
        try:
            return Look(self._currency(upload))
        except CopytrailError as error:
            return Look(Currency.NOT_KNOWN, why_not(error))

    def _currency(self, upload: Upload) -> Currency:
        if upload.is_deletion:
            return Currency.CURRENT if self._head(upload) is None else Currency.SUPERSEDED
        if upload.version_id and self._keeps_every_version(upload):
            found = self._head(upload, VersionId=upload.version_id)
            return Currency.DELETED if found is None else Currency.CURRENT
        found = self._head(upload)
        if found is None:
            return Currency.CURRENT if self._is_under_decoded_key(upload) else Currency.DELETED
        return Currency.SUPERSEDED if _is_another(found, upload) else Currency.CURRENT

    def _is_under_decoded_key(self, upload: Upload) -> bool:
        # The copier, too, looks there: a maintained library takes the keys of S3's events for URL-encoded.
        decoded = structs.replace(upload, key=unquote_plus(upload.key))
        if decoded.key == upload.key:
            return False
        found = self._head(decoded)
        return (
            found is not None
            and not _is_another(found, upload)
            and found.size == upload.size
            and found.last_modified <= upload.uploaded_at
        )

    def _keeps_every_version(self, upload: Upload) -> bool:
        try:
            route = find_route(self._routes, upload.bucket, upload.key, upload.size)
        except PermanentError:
            return False
        return route.versions == "every"

    def _head(self, upload: Upload, **version: str) -> Head | None:
        return self._objects.head(upload.bucket, upload.key, **version)


def _is_another(found: Head, upload: Upload) -> bool:
    """Whether what is in the source is not this upload: by version id where there are any, else by ETag."""
    version_id = found.told.get("VersionId", "null")
    if upload.version_id and version_id != "null":
        return bool(version_id != upload.version_id)
    return found.etag != upload.etag
