"""A bucket's listing, written once: a page of it is a slice of bytes."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.dataset.objects import StoredObject

# Keys of the data set are ASCII: this sorts after all that begin alike.
_AFTER_ALL = b"\xff"
_KEY_AT = len(b"<Contents><Key>")


@dataclass(frozen=True)
class Page:
    """One page: `contents` is XML; `after` is where the next one goes on, or None when there is none."""

    contents: bytes
    common_prefixes: tuple[bytes, ...]
    count: int
    after: bytes | None


class Listing:
    """The objects of a bucket, in the order of their keys, as ListObjectsV2 writes them."""

    def __init__(self, objects: Iterable[StoredObject]) -> None:
        written = bytearray()
        starts = array("Q")
        for stored in objects:
            starts.append(len(written))
            written += _contents(stored)
        starts.append(len(written))
        self._written = memoryview(bytes(written))
        self._starts = starts

    def __len__(self) -> int:
        return len(self._starts) - 1

    def page(self, *, prefix: bytes, after: bytes, delimiter: bytes, limit: int) -> Page:
        """What comes after `after` of what begins with `prefix`; up to the delimiter, if there is one."""
        begin = max(self._index(prefix), self._index_after(after) if after else 0)
        end = self._index(prefix + _AFTER_ALL) if prefix else len(self)
        if delimiter:
            return self._page_of_folder(begin, end, delimiter, len(prefix), limit)
        stop = max(begin, min(begin + limit, end))
        return Page(
            contents=self._slice(begin, stop),
            common_prefixes=(),
            count=stop - begin,
            after=self._key(stop - 1) if stop < end else None,
        )

    def find(self, key: bytes) -> memoryview | None:
        """What the listing says of a key, as XML, or None: there is no such object."""
        index = self._index(key)
        return self._slice_view(index, index + 1) if index < len(self) and self._key(index) == key else None

    def _page_of_folder(self, begin: int, end: int, delimiter: bytes, depth: int, limit: int) -> Page:
        contents: list[memoryview] = []
        folders: list[bytes] = []
        after = b""
        index = begin
        while index < end and len(contents) + len(folders) < limit:
            key = self._key(index)
            cut = key.find(delimiter, depth)
            if cut < 0:
                contents.append(self._slice_view(index, index + 1))
                after, index = key, index + 1
            else:
                folders.append(key[: cut + 1])
                after = folders[-1] + _AFTER_ALL
                index = self._index(after)
        return Page(
            contents=b"".join(contents),
            common_prefixes=tuple(folders),
            count=len(contents) + len(folders),
            after=after if index < end else None,
        )

    def _index(self, key: bytes) -> int:
        return bisect_left(range(len(self)), key, key=self._key)

    def _index_after(self, key: bytes) -> int:
        return bisect_right(range(len(self)), key, key=self._key)

    def _key(self, index: int) -> bytes:
        text = bytes(self._written[self._starts[index] + _KEY_AT : self._starts[index + 1]])
        return text[: text.index(b"<")]

    def _slice_view(self, begin: int, end: int) -> memoryview:
        return self._written[self._starts[begin] : self._starts[end]]

    def _slice(self, begin: int, end: int) -> bytes:
        return bytes(self._slice_view(begin, end))


def _contents(stored: StoredObject) -> bytes:
    return (
        f"<Contents><Key>{stored.key}</Key><LastModified>{stored.modified_text}</LastModified>"
        f"<ETag>&quot;{stored.etag}&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
        f"<ChecksumType>FULL_OBJECT</ChecksumType><Size>{stored.size}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
    ).encode()
