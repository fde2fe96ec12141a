"""Owns a copy in parts: parts side by side, all of one upload, and what is left when time runs short."""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Protocol

from services.copier.model import CopyResult, Location, SourceObject, Target
from shared.copy_plan import Part, parts, seconds_to_copy
from shared.errors import CopytrailError, PermanentError, Reason, TransientError
from shared.events import Continuation

# What concluding takes: a part begun now must be done before time is out.
_RESERVE_S = 15.0
# "Checking object integrity", S3 user guide: of parts, S3 computes any other checksum over the parts' checksums only.
_OF_WHOLE_FROM_PARTS = frozenset({"CRC32", "CRC32C", "CRC64NVME"})


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
    """Time ran short; the upload is kept, and can be continued."""

    def __init__(self, continuation: Continuation) -> None:
        super().__init__(f"{continuation.parts_done} parts of upload {continuation.upload_id} are done")
        self.continuation = continuation


class MultipartStore(Protocol):
    """What a copy in parts needs of S3. Every method raises CopytrailError for what S3 refuses or does not answer."""

    def begin(self, source: Location, found: SourceObject, target: Target, *, checksum_algorithm: str) -> str:
        """Begin an upload with the properties of what was found, and a checksum of its whole; its id."""

    def copy_part(self, upload: OpenUpload, part: Part) -> CopiedPart:
        """Copy a range. Raises ConditionRefusedError when the source is not what the upload is pinned to."""

    def copied_parts(self, upload: OpenUpload) -> dict[int, CopiedPart]:
        """The parts that S3 holds already, by number. Raises UploadGoneError."""

    def complete(self, upload: OpenUpload, copied: list[CopiedPart], *, if_match: str | None) -> CopyResult:
        """Make the parts the object, on the condition that `if_match` states. Raises ConditionRefusedError."""

    def abort(self, upload: OpenUpload) -> None:
        """Give the upload up; one that is gone is no error."""


class MultipartCopy:
    """The `PartsCopier` of copying. `width`: how many parts of one object are copied at a time."""

    def __init__(
        self,
        store: MultipartStore,
        executor: Executor,
        *,
        width: int,
        warn: Callable[[str, dict[str, str]], None],
    ) -> None:
        self._store = store
        self._executor = executor
        self._width = width
        self._warn = warn

    def copy(
        self,
        source: Location,
        found: SourceObject,
        target: Target,
        *,
        bytes_each: int,
        if_match: str | None,
        seconds_left: Callable[[], float],
        continuation: Continuation | None,
    ) -> tuple[CopyResult, int]:
        """Copy what was found in parts of `bytes_each`; the copy, and how many parts it has.

        Raises:
            ConditionRefusedError: the source or the destination changed; nothing is left open.
            UnfinishedError: time ran short, or S3 did not answer any more; what is done is kept.
            CopytrailError: S3 refused, or did not take even one part; nothing is left open.
        """
        if seconds_left() <= _seconds_for(bytes_each):
            raise TransientError(Reason.OUT_OF_TIME, f"too little time is left for a part of {bytes_each:,} bytes")
        upload, copied = self._open(source, found, target, bytes_each, continuation)
        done_before = len(copied)
        try:
            if self._copy_parts(upload, copied, seconds_left):
                result = self._store.complete(upload, [copied[number] for number in sorted(copied)], if_match=if_match)
                return result, len(copied)
        except TransientError as error:
            if len(copied) == done_before:
                self._abort(upload)
                raise
            self._warn("a part failed; the copy is continued", {"upload_id": upload.id, "explanation": error.message})
        except Exception:
            self._abort(upload)
            raise
        raise UnfinishedError(
            Continuation(
                upload_id=upload.id,
                bytes_each=upload.bytes_each,
                etag=upload.etag,
                fingerprint=found.fingerprint,
                version_id=upload.version_id,
                parts_done=len(copied),
            )
        )

    def forget(self, source: Location, target: Target, continuation: Continuation) -> None:
        """Abort what an earlier invocation left open."""
        self._abort(_pinned(continuation, source, target, size=0))

    def _open(
        self,
        source: Location,
        found: SourceObject,
        target: Target,
        bytes_each: int,
        continuation: Continuation | None,
    ) -> tuple[OpenUpload, dict[int, CopiedPart]]:
        if continuation:
            upload = _pinned(continuation, source, target, size=found.size)
            if continuation.fingerprint == found.fingerprint:
                try:
                    return upload, self._store.copied_parts(upload)
                except PermanentError:
                    self._abort(upload)
                    raise
                except UploadGoneError:
                    self._warn("the upload to continue is gone; starting again", {"upload_id": upload.id})
            else:
                self._abort(upload)
        upload_id = self._store.begin(source, found, target, checksum_algorithm=checksum_algorithm(found))
        return OpenUpload(upload_id, source, found.etag, found.version_id, target, found.size, bytes_each), {}

    def _copy_parts(self, upload: OpenUpload, copied: dict[int, CopiedPart], seconds_left: Callable[[], float]) -> bool:
        """Copy the parts that are missing, as long as there is time; whether all are there."""
        missing = [part for part in parts(upload.size, upload.bytes_each) if part.number not in copied]
        missing.reverse()
        running: set[Future[CopiedPart]] = set()
        needed_s = _seconds_for(upload.bytes_each)
        try:
            while running or (missing and seconds_left() > needed_s):
                while missing and len(running) < self._width and seconds_left() > needed_s:
                    running.add(self._executor.submit(self._store.copy_part, upload, missing.pop()))
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    part = future.result()
                    copied[part.number] = part
        finally:
            # A part that arrives after an abort would be stored, and paid for, until the lifecycle rule finds it.
            for future in wait(running).done:
                if future.exception() is None:
                    part = future.result()
                    copied[part.number] = part
        return not missing

    def _abort(self, upload: OpenUpload) -> None:
        try:
            self._store.abort(upload)
        except CopytrailError as error:
            self._warn(
                "an upload could not be aborted; the bucket's lifecycle rule will",
                {"upload_id": upload.id, "explanation": error.message},
            )


def checksum_algorithm(found: SourceObject) -> str:
    """The source's own algorithm, where S3 can compute it for the whole from parts; else the one that S3 prefers."""
    algorithm = found.checksum.algorithm if found.checksum else None
    return algorithm if algorithm in _OF_WHOLE_FROM_PARTS else "CRC64NVME"


def _seconds_for(bytes_each: int) -> float:
    return _RESERVE_S + seconds_to_copy(bytes_each)


def _pinned(continuation: Continuation, source: Location, target: Target, *, size: int) -> OpenUpload:
    return OpenUpload(
        continuation.upload_id,
        source,
        continuation.etag,
        continuation.version_id,
        target,
        size,
        continuation.bytes_each,
    )
