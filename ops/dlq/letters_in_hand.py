"""Owns which letters a sweep has in hand, and what each is given back with, which is long and waits in a file."""

import os
import threading
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from tempfile import gettempdir
from typing import IO

from ops.dlq.letter import Letter
from ops.failures import CommandError

# A place is where in the file a receipt handle begins and, in its last bits, how long it is: SQS's have some 400 bytes.
_LENGTH_BITS = 16
_LENGTH = (1 << _LENGTH_BITS) - 1


class LettersInHand:
    """What was received and not let go of since; in memory, about 150 bytes for each. May be shared by threads.

    Args:
        file: a file that nobody else uses.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._descriptor = file.fileno()
        self._end = 0
        self._places: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._places)

    def take(self, letters: Iterable[Letter]) -> list[Letter]:
        """Take letters in hand; those that were not before. Of the others, the newest receipt handle counts.

        Raises:
            CommandError: the disk does not take what they are given back with.
        """
        new: list[Letter] = []
        with self._lock:
            for letter in letters:
                key = _key(letter)
                if key not in self._places:
                    new.append(letter)
                self._places[key] = self._kept(letter.receipt_handle.encode())
        return new

    def handle(self, letter: Letter) -> str:
        """The newest receipt handle of a letter; once it was let go of, the one it came with."""
        place = self._places.get(_key(letter))
        return letter.receipt_handle if place is None else self._at(place)

    def let_go(self, letter: Letter) -> None:
        """A letter that is ours no more."""
        with self._lock:
            self._places.pop(_key(letter), None)

    def drain(self, count: int) -> Iterator[list[str]]:
        """Let go of all; their receipt handles, so many at a time."""
        while self._places:
            with self._lock:
                places = [self._places.popitem()[1] for _ in range(min(count, len(self._places)))]
            yield [self._at(place) for place in places]

    def handles(self, count: int) -> Iterator[list[str]]:
        """The receipt handles of all that are in hand now and still so when their turn comes, so many at a time."""
        with self._lock:
            keys = iter(list(self._places))
        while some := list(islice(keys, count)):
            places = [place for key in some if (place := self._places.get(key)) is not None]
            if places:
                yield [self._at(place) for place in places]

    def _kept(self, handle: bytes) -> int:
        place = self._end << _LENGTH_BITS | len(handle)
        written = 0
        try:
            while written < len(handle):
                written += os.pwrite(self._descriptor, handle[written:], self._end + written)
        except OSError as error:
            raise CommandError(
                f"the temporary folder {gettempdir()} takes no more ({error.strerror}): name another with TMPDIR"
            ) from error
        self._end += len(handle)
        return place

    def _at(self, place: int) -> str:
        return os.pread(self._descriptor, place & _LENGTH, place >> _LENGTH_BITS).decode()


def _key(letter: Letter) -> bytes:
    return blake2b(letter.id.encode(), digest_size=16).digest()
