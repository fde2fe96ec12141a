"""Owns the checkpoint file: how far a backfill has come, so that it goes on there when it is started again."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Literal

import msgspec

from ops.backfill.existing import Position
from ops.errors import UsageError


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A backfill under way.

    `arguments` are what it was asked for, as it was written; `since` and `until` are what that meant when it began.
    All up to `position` has been requested: `requested` of `objects`, without those that were `gone`, or that S3 did
    not tell of (`failed`).
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
    gone: int = 0
    failed: int = 0
    position: Position = Position()


class CheckpointFile:
    """The checkpoint on the disk: always a whole one, whenever the machine stops."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unfinished = path.with_name(f"{path.name}.unfinished")
        self._lock = path.with_name(f"{path.name}.lock")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """For as long as the block takes, this backfill is the only one at work with the checkpoint.

        The lock is the kernel's: it ends with the process, however that ends.

        Raises:
            CommandError: another backfill is at work with it, or no lock can be had there.
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
            CommandError: the file is of another backfill, is damaged, or cannot be read.
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
                f"{self.path} is of another backfill ({_told(checkpoint)}), with other {', '.join(differing)}:"
                f" {_ANOTHER}, or move it away to give that one up"
            )
        return checkpoint

    def check(self) -> None:
        """Let a place pass at which a checkpoint can be written, before much is done for it.

        Raises:
            CommandError: the file cannot be written.
        """
        try:
            self._unfinished.open("ab").close()
            self._unfinished.unlink()
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, checkpoint: Checkpoint) -> None:
        """Put this checkpoint in the place of the one before.

        Raises:
            CommandError: the file cannot be written.
        """
        try:
            with self._unfinished.open("wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(checkpoint), indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            self._unfinished.replace(self.path)
        except OSError as error:
            raise self._unwritable(error) from error

    def remove(self) -> None:
        """The backfill has come to its end."""
        self.path.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(f"{self.path} cannot be written ({error.strerror}): {_ANOTHER}")


_ANOTHER = "name another with --checkpoint"


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _differing(arguments: Mapping[str, str], kept: Mapping[str, str]) -> list[str]:
    names = [*arguments, *(name for name in kept if name not in arguments)]
    return [name for name in names if arguments.get(name) != kept.get(name)]


def _told(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.requested:,} of {checkpoint.objects:,} copies requested"
