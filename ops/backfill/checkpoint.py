"""Checkpoint file: how far a backfill has come, so that it goes on there when it is started again."""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Literal

import msgspec
from msgspec import structs

from ops.backfill.objects import Position
from ops.errors import UsageError

_ANOTHER = "name another with --checkpoint"
_WRITTEN_EVERY_S = 1.0


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A backfill under way.

    `arguments` are what it was asked for, as it was written; `since` and `until` are what that meant when it began.
    All up to `position` has been requested: `requested` of `objects`, without those that were deleted from the
    source meanwhile, or that could not be read (`failed`).
    """

    version: Literal[1] = 1
    operation_id: str
    arguments: Mapping[str, str]
    begun_at: datetime
    since: datetime | None
    until: datetime | None
    objects: int
    size: int
    requested: int = 0
    source_deleted: int = msgspec.field(default=0, name="gone")
    failed: int = 0
    position: Position = Position()

    @property
    def in_words(self) -> str:
        """How far it has come, for a person."""
        return f"{self.requested:,} of {self.objects:,} copies requested"


class CheckpointFile:
    """The checkpoint on the disk: always a whole one, whenever the machine stops."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Its name is no longer than the lock's: where that is, this can be.
        self._new = path.with_name(f"{path.name}.new")
        self._lock = path.with_name(f"{path.name}.lock")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """For as long as the block takes, this backfill is the only one at work with the checkpoint.

        The lock is the kernel's: it ends with the process, however that ends.

        Raises:
            UsageError: another backfill is at work with it, or no lock can be had there.
        """
        with self._acquired() as lock:
            try:
                yield
            finally:
                if _is_at(lock, self._lock):
                    self._lock.unlink()

    def _acquired(self) -> IO[bytes]:
        while True:
            try:
                lock = self._lock.open("ab")
            except OSError as error:
                raise self._unwritable(error) from error
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                lock.close()
                raise UsageError(
                    f"another backfill is at work with {self.path}: wait for its end, stop it, or {_ANOTHER}"
                ) from error
            except OSError as error:
                lock.close()
                raise UsageError(f"{self._lock} cannot be locked ({error.strerror}): {_ANOTHER}") from error
            if _is_at(lock, self._lock):
                return lock
            # The one that held it was quicker to remove it.
            lock.close()

    def read(self, arguments: Mapping[str, str]) -> Checkpoint | None:
        """How far the backfill with these arguments has come; None when it is not under way.

        Raises:
            UsageError: the file is of another backfill, is damaged, or cannot be read.
        """
        try:
            checkpoint = msgspec.json.decode(self.path.read_bytes(), type=Checkpoint)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read ({error.strerror}): {_ANOTHER}") from error
        except (msgspec.DecodeError, RecursionError) as error:
            raise UsageError(
                f"{self.path} is no whole checkpoint, and is left as it is: {_ANOTHER}, or move it away to begin again,"
                " which requests again what has been requested"
            ) from error
        if differing := _differing(arguments, checkpoint.arguments):
            raise UsageError(
                f"{self.path} is of another backfill ({checkpoint.in_words}), with other {', '.join(differing)}:"
                f" {_ANOTHER}, or move it away to give that one up"
            )
        return checkpoint

    def write(self, checkpoint: Checkpoint) -> None:
        """Put this checkpoint in the place of the one before.

        Raises:
            UsageError: the file cannot be written.
        """
        try:
            with self._new.open("wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(checkpoint), indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            self._new.replace(self.path)
        except OSError as error:
            raise self._unwritable(error) from error

    def remove(self) -> None:
        """The backfill has come to its end."""
        self.path.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(f"{self.path} cannot be written ({error.strerror}): {_ANOTHER}")


class CheckpointWriter:
    """Writes the checkpoint about once a second, and when it is asked to.

    `under_way`: something has been requested before. Else there is no checkpoint until something is about to be.
    """

    def __init__(
        self,
        file: CheckpointFile,
        checkpoint: Checkpoint,
        *,
        under_way: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = file
        self._clock = clock
        self._written_at = clock()
        self._beginning = threading.Lock()
        self.checkpoint = checkpoint
        self.under_way = under_way

    def begin(self) -> None:
        """Something is about to be requested. May be called by any thread. Raises CommandError as `write`."""
        with self._beginning:
            if not self.under_way:
                self.write()

    def advance(self, position: Position, *, requested: int, source_deleted: int, failed: int) -> None:
        """All up to this position has been requested, so many more than before. Raises CommandError as `write`."""
        self.checkpoint = structs.replace(
            self.checkpoint,
            position=position,
            requested=self.checkpoint.requested + requested,
            source_deleted=self.checkpoint.source_deleted + source_deleted,
            failed=self.checkpoint.failed + failed,
        )
        self.under_way = True
        if self._clock() - self._written_at >= _WRITTEN_EVERY_S:
            self.write()

    def write(self) -> None:
        """Write the checkpoint. Raises CommandError when that is not possible."""
        self._file.write(self.checkpoint)
        self._written_at = self._clock()
        self.under_way = True


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _differing(arguments: Mapping[str, str], earlier: Mapping[str, str]) -> list[str]:
    names = [*arguments, *(name for name in earlier if name not in arguments)]
    return [name for name in names if arguments.get(name) != earlier.get(name)]
