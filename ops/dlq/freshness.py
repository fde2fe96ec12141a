"""Freshness of a dead-lettered upload: still current in the source bucket, superseded there, or deleted."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from ops.aws.object_reads import Head, ObjectReads
from ops.dlq.queue import QueueName
from ops.stack import Stack
from shared.errors import PermanentError
from shared.events import Upload
from shared.routes import Route, find_route
from shared.uploads import decoded_twin, is_same_upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# How many sources are asked for at once: a client that is handed over has as many connections.
THREADS = 16


class Freshness(StrEnum):
    """What has become of an upload since."""

    CURRENT = "Current"
    SUPERSEDED = "Superseded"
    SOURCE_DELETED = "SourceDeleted"


class Sources:
    """The source buckets, as one HEAD for each upload tells of them. May be shared by threads."""

    def __init__(self, s3: "S3Client", routes: Sequence[Route]) -> None:
        self._objects = ObjectReads(s3)
        self._routes = routes

    def freshness(self, upload: Upload) -> Freshness:
        """What has become of an upload since.

        Raises:
            CopytrailError: S3 does not tell of this source.
            CommandError: no source can be asked for: there are no credentials, S3 does not answer.
        """
        if upload.is_deletion:
            return Freshness.CURRENT if self._head(upload) is None else Freshness.SUPERSEDED
        if upload.version_id and self._keeps_every_version(upload):
            found = self._head(upload, VersionId=upload.version_id)
            return Freshness.SOURCE_DELETED if found is None else Freshness.CURRENT
        found = self._head(upload)
        if found is None:
            # The copier, too, tries the decoded key.
            return Freshness.CURRENT if decoded_twin(upload, self._head) else Freshness.SOURCE_DELETED
        return Freshness.CURRENT if is_same_upload(found, upload) else Freshness.SUPERSEDED

    def _keeps_every_version(self, upload: Upload) -> bool:
        try:
            route = find_route(self._routes, upload.bucket, upload.key, upload.size)
        except PermanentError:
            return False
        return route.versions == "every"

    def _head(self, upload: Upload, **version: str) -> Head | None:
        return self._objects.head(upload.bucket, upload.key, **version)


@contextmanager
def sources_of(stack: Stack, queue: QueueName) -> Iterator[Sources | None]:
    """Where to check the uploads of a queue's letters; None: they ask for no copy."""
    if queue is not QueueName.COPY:
        yield None
        return
    with closing(stack.client("s3", connections=THREADS)) as s3:
        yield Sources(s3, stack.routes)
