"""The objects of two buckets: the same in both, but for a handful that a comparison has to find."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import md5
from typing import NamedTuple

from shared import times

SOURCE_BUCKET = "benchmark-source"
DESTINATION_BUCKET = "benchmark-destination"

_FOLDER_SIZE = 1000
_FIRST_UPLOAD = datetime(2026, 3, 1, tzinfo=UTC)
_COPIED_AFTER = timedelta(seconds=3)
_STALE_BY = timedelta(days=1)
_LARGEST = 1 << 20
# Ten places hold the differences, evenly over all keys.
_PLACES = 10


class StoredObject(NamedTuple):
    """One object of a bucket. `size` in bytes; `etag` without quotes: the MD5 of what would be its content."""

    key: str
    size: int
    etag: str
    modified: datetime

    @property
    def modified_text(self) -> str:
        """LastModified as a listing writes it."""
        return times.to_text(self.modified)


@dataclass(frozen=True)
class Objects:
    """So many objects of the source in folders of 1,000, and their copies. At least ten."""

    count: int

    @cached_property
    def missing(self) -> frozenset[str]:
        """Keys that the destination lacks."""
        return self._keys(range(4))

    @cached_property
    def resized(self) -> frozenset[str]:
        """Keys whose copy has another size and ETag."""
        return self._keys(range(4, 7))

    @cached_property
    def stale(self) -> frozenset[str]:
        """Keys whose copy has the same size, another ETag, and is older than the source."""
        return self._keys(range(7, 9))

    @cached_property
    def extra(self) -> frozenset[str]:
        """Keys that only the destination has."""
        return frozenset(f"{key}.bak" for key in self._keys(range(9, _PLACES)))

    def source(self) -> Iterator[StoredObject]:
        """The source's objects, in the order of their keys."""
        return map(self.uploaded, range(self.count))

    def destination(self) -> Iterator[StoredObject]:
        """The destination's objects, in the order of their keys."""
        for uploaded in self.source():
            if uploaded.key not in self.missing:
                yield self._copied(uploaded)
            backup = f"{uploaded.key}.bak"
            if backup in self.extra:
                yield uploaded._replace(key=backup)

    def uploaded(self, number: int) -> StoredObject:
        """The source's object of a number; keys sort as their numbers do."""
        key = _key(number)
        digest = md5(key.encode(), usedforsecurity=False)
        size = int.from_bytes(digest.digest()[:4], "big") % _LARGEST
        return StoredObject(key, size, digest.hexdigest(), _FIRST_UPLOAD + timedelta(seconds=number))

    def _copied(self, uploaded: StoredObject) -> StoredObject:
        key, size, etag, modified = uploaded
        if key in self.resized:
            return StoredObject(key, size + 1, etag[::-1], modified + _COPIED_AFTER)
        if key in self.stale:
            return StoredObject(key, size, etag[::-1], modified - _STALE_BY)
        return StoredObject(key, size, etag, modified + _COPIED_AFTER)

    def _keys(self, places: range) -> frozenset[str]:
        return frozenset(_key(place * self.count // _PLACES) for place in places)


def _key(number: int) -> str:
    folder, item = divmod(number, _FOLDER_SIZE)
    return f"customers/{folder:05d}/document-{item:06d}.pdf"
