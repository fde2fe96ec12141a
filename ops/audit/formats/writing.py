"""Owns what every format has in common: what it is given, and where it writes to."""

import hashlib
import io
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Protocol

from shared.audit_log.record import Record

if TYPE_CHECKING:
    from typing_extensions import Buffer

# Writes some more records: every format is a context manager that gives one.
WriteRecords = Callable[[Sequence[Record]], None]


class Writable(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> int:
        """Take some more bytes, all of them."""


class Sink(io.RawIOBase):
    """Where an export's bytes go: into `file`, counted and hashed on the way. Closing it leaves `file` open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: "Buffer", /) -> int:
        """Write all of it; how many bytes it was."""
        self._file.write(data)
        self._sha256.update(data)
        written = memoryview(data).nbytes
        self.size += written
        return written

    @property
    def sha256(self) -> str:
        """The SHA-256 of what has been written, in hex, as `sha256sum` prints it."""
        return self._sha256.hexdigest()
