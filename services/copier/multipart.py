"""A copy in parts: side by side, all of one upload, and continued by a later invocation when time runs short."""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait

from services.copier.model import (
    CopiedPart,
    CopyCommand,
    CopyResult,
    ObjectHead,
    OpenUpload,
    UnfinishedError,
    UploadGoneError,
    Warn,
)
from services.copier.ports import MultipartStore
from shared.copy_plan import parts, seconds_to_copy
from shared.errors import CopytrailError, PermanentError, Reason, TransientError
from shared.events import Continuation

# A part begun now must be done, and its upload kept or completed, before the invocation ends.
_RESERVE_S = 15.0
# "Checking object integrity", S3 user guide: of parts, S3 computes any other checksum over the parts' checksums only.
_OF_WHOLE_FROM_PARTS = frozenset({"CRC32", "CRC32C", "CRC64NVME"})


class MultipartCopy:
    """Copies objects in parts. `width`: how many parts of one object are copied at a time."""

    def __init__(self, store: MultipartStore, executor: Executor, *, width: int, warn: Warn) -> None:
        self._store = store
        self._executor = executor
        self._width = width
        self._warn = warn

    def copy(self, command: CopyCommand, found: ObjectHead, *, bytes_each: int, if_match: str | None) -> CopyResult:
        """Copy what was found in parts of `bytes_each`, or continue where the command says.

        Raises:
            ConditionRefusedError: the source or the destination changed; nothing is left open.
            UnfinishedError: time ran short, or S3 did not answer any more; what is done is kept.
            CopytrailError: S3 refused, or did not take even one part; nothing is left open.
        """
        seconds_left = command.seconds_left
        if seconds_left() <= _seconds_for(bytes_each):
            raise TransientError(Reason.OUT_OF_TIME, f"too little time is left for a part of {bytes_each:,} bytes")
        upload, copied = self._open(command, found, bytes_each)
        done_before = len(copied)
        try:
            if self._copy_parts(upload, copied, seconds_left):
                return self._store.complete(upload, [copied[number] for number in sorted(copied)], if_match=if_match)
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

    def abandon(self, command: CopyCommand) -> None:
        """Abort what an earlier invocation left open for the command to continue, if anything."""
        if command.continuation:
            self._abort(_pinned(command, command.continuation, size=0))

    def _open(
        self, command: CopyCommand, found: ObjectHead, bytes_each: int
    ) -> tuple[OpenUpload, dict[int, CopiedPart]]:
        if continuation := command.continuation:
            upload = _pinned(command, continuation, size=found.size)
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
        target = command.target_for(found)
        upload_id = self._store.begin(command.source, found, target, checksum_algorithm=checksum_algorithm(found))
        return OpenUpload(upload_id, command.source, found.etag, found.version_id, target, found.size, bytes_each), {}

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


def checksum_algorithm(found: ObjectHead) -> str:
    """The source's own algorithm, where S3 can compute it for the whole from parts; else the one that S3 prefers."""
    algorithm = found.checksum.algorithm if found.checksum else None
    return algorithm if algorithm in _OF_WHOLE_FROM_PARTS else "CRC64NVME"


def _seconds_for(bytes_each: int) -> float:
    return _RESERVE_S + seconds_to_copy(bytes_each)


def _pinned(command: CopyCommand, continuation: Continuation, *, size: int) -> OpenUpload:
    return OpenUpload(
        continuation.upload_id,
        command.source,
        continuation.etag,
        continuation.version_id,
        command.target,
        size,
        continuation.bytes_each,
    )
