"""Deletions: where the source has no object any more, the destination gets a delete marker, and nothing else.

The never-backwards rule with the delete marker in the place of a newer upload: the destination is read before the
source, the marker is put on the condition that the destination has not changed, and the source is read again.
"""

from dataclasses import replace

from msgspec import structs

from services.copier.conditional_copy import ContendedError
from services.copier.model import ConditionRefusedError, CopyCommand, Deleted, ObjectHead, Skipped
from services.copier.newest_only import NewestOnly
from shared.errors import PermanentError, Reason
from shared.events import Destination, Upload


class Deletions:
    """Follows deletions unless the key has been uploaded again.

    `newest_only` copies a newer upload that came while the marker was put.
    """

    def __init__(self, newest_only: NewestOnly) -> None:
        self._newest_only = newest_only
        self._store = newest_only.copies.store

    def follow(self, command: CopyCommand) -> Deleted | Skipped:
        """Put a delete marker where the source has no object any more.

        Raises:
            PermanentError: `DestinationNotVersioned`; the deletion would remove bytes for good.
            TransientError: S3 did not answer, or other writers won every attempt (`Contended`).
        """
        location = command.target.location
        nowhere = Destination(bucket=location.bucket, key=location.key)
        for _ in self._newest_only.copies.attempts():
            destination, source = self._newest_only.read_destination_then_source(command)
            if source:
                if command.retried:
                    self._copy_newest(command, source)
                return command.skipped(Reason.SUPERSEDED, f"{command.source.url} was uploaded again since")
            if destination.etag is None:
                return Deleted(nowhere)
            self._require_versions(location.bucket)
            try:
                marker = self._store.put_delete_marker(location, if_match=destination.etag)
            except ConditionRefusedError:
                continue
            if source := self._store.head_object(command.source):
                self._copy_newest(command, source)
            return Deleted(structs.replace(nowhere, version_id=marker))
        raise ContendedError(location)

    def delete_if_source_gone(self, command: CopyCommand) -> None:
        """After a copy: where the source has no object any more, the copy may have come after its deletion.

        Raises:
            CopytrailError: as `follow`.
        """
        if self._store.head_object(command.source) is None:
            self.follow(replace(command, retried=True))

    def _copy_newest(self, command: CopyCommand, source: ObjectHead) -> None:
        newest = Upload(
            bucket=command.upload.bucket,
            key=command.upload.key,
            etag=source.etag,
            size=source.size,
            version_id=source.version_id,
            uploaded_at=source.last_modified,
        )
        self._newest_only.copy(replace(command, upload=newest, retried=True))

    def _require_versions(self, bucket: str) -> None:
        if not self._store.keeps_versions(bucket):
            raise PermanentError(
                Reason.DESTINATION_NOT_VERSIONED,
                f"{bucket} keeps no versions: a deletion there would be for good. Turn its versioning on, then replay.",
            )
