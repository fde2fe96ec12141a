"""One copy on the condition that the destination has not changed: in one request or in parts, proven by checksum.

Also the attempts that it takes where others write the same key.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.copier.model import CopyCommand, CopyResult, Location, ObjectHead
from services.copier.multipart import MultipartCopy
from services.copier.ports import ObjectStore
from shared.copy_plan import PartSizes, part_size
from shared.errors import PermanentError, Reason, TransientError

# Each attempt is lost only to another writer of the same key, so more attempts mean somebody else's progress.
_MOST_ATTEMPTS = 8


class ContendedError(TransientError):
    """Other writers of a key have won every attempt."""

    def __init__(self, location: Location) -> None:
        super().__init__(Reason.CONTENDED, f"{location.url} was changed by others in each of {_MOST_ATTEMPTS} attempts")


class ChecksumMismatchError(PermanentError):
    """The copy is there, and has another checksum than its source."""


@dataclass(frozen=True)
class ConditionalCopy:
    """Copies what a HEAD of the source found.

    `backoff` is called with the number of a lost attempt before the next one: writers of one key should not march in
    step.
    """

    store: ObjectStore
    parts: MultipartCopy
    sizes: PartSizes
    backoff: Callable[[int], None]

    def attempts(self) -> Iterator[int]:
        """The numbers of all attempts, from 0 on; after the last one, the caller raises ContendedError."""
        for attempt in range(_MOST_ATTEMPTS):
            yield attempt
            self.backoff(attempt)

    def is_in_parts(self, url: str, size: int) -> bool:
        """Whether an object of so many bytes is copied in parts.

        Raises:
            PermanentError: `TooLarge`.
        """
        return part_size(url, size, self.sizes) is not None

    def copy(
        self, command: CopyCommand, found: ObjectHead, *, if_match: str | None, version_id: str | None = None
    ) -> CopyResult:
        """Copy what was found, of the newest upload or of one version.

        Args:
            command: where from and where to, and the multipart upload to continue, if there is one.
            found: what a HEAD told of it.
            if_match: the ETag that the destination must have; None: it must not exist.
            version_id: the version to copy; None: the newest one must be what was found.

        Raises:
            ConditionRefusedError: the source or the destination changed; nothing is left open.
            ChecksumMismatchError: the copy is there, and has another checksum than its source.
            PermanentError: `TooLarge`, or S3 refuses: nothing was copied.
            UnfinishedError: time ran short in the middle of a copy in parts.
        """
        bytes_each = part_size(command.upload.url, found.size, self.sizes)
        if bytes_each is None:
            result = self.store.copy(
                command.source, found.etag, command.target_for(found), if_match=if_match, version_id=version_id
            )
        else:
            result = self.parts.copy(command, found, bytes_each=bytes_each, if_match=if_match)
        _check_checksum(command, found, result)
        return result

    @contextmanager
    def ending(self, command: CopyCommand) -> Iterator[None]:
        """Abort the multipart upload that the command was to continue, once it has an outcome or fails for good.

        After a TransientError or an UnfinishedError, another delivery may continue it.
        """
        try:
            yield
        except PermanentError:
            self.parts.abandon(command)
            raise
        self.parts.abandon(command)


def _check_checksum(command: CopyCommand, found: ObjectHead, result: CopyResult) -> None:
    source, copy = found.checksum, result.checksum
    # Checksums of different algorithms or types prove nothing either way.
    comparable = source and copy and (source.algorithm, source.type) == (copy.algorithm, copy.type)
    if comparable and source != copy:
        raise ChecksumMismatchError(
            Reason.CHECKSUM_MISMATCH, f"{command.target.location.url} has {copy}, {command.source.url} has {source}"
        )
