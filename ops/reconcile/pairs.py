"""Pairs of source and copy with their records: three streams in the order of keys, joined in constant memory."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ops.aws.list_pages import Listed

# The longest key has 1,024 bytes, and this is longer than one of the highest characters only.
_AFTER_ALL = "\U0010ffff" * 257


class CopyRecord(NamedTuple):
    """One record of a key: its upload was copied, or (`is_deletion`) its deletion followed."""

    key: str
    finished_at: str
    log_id: str
    is_deletion: bool
    source_etag: str
    destination_etag: str
    size: int


class Pair(NamedTuple):
    """What there is under a source key and at its destination, and what is on record of it, the oldest first."""

    key: str
    source: Listed | None
    copy: Listed | None
    records: Sequence[CopyRecord]

    @property
    def is_recorded(self) -> bool:
        """Whether a copy of what the source holds is on record."""
        if self.source is not None:
            for record in self.records:
                if record.source_etag == self.source.etag and not record.is_deletion:
                    return True
        return False

    @property
    def is_copied(self) -> bool:
        """Whether the copy of what the source holds had been made, by its record: it is not in flight any more."""
        copied = self.last_copied
        return (
            copied is not None
            and self.source is not None
            and copied.source_etag == self.source.etag
            # The same content may have been uploaded again since.
            and copied.finished_at >= self.source.last_modified
        )

    @property
    def last_copied(self) -> CopyRecord | None:
        """The newest copy on record, unless a deletion followed it."""
        newest = self.records[-1] if self.records else None
        return None if newest is None or newest.is_deletion else newest


def pairs(
    source: Iterable[Listed], copies: Iterable[Listed], records: Iterable[CopyRecord], *, destination_prefix: str
) -> Iterator[Pair]:
    """Every key of any of the streams, once, in order. All begin in the order of keys, and so they are given."""
    sources = iter(source)
    copied = iter(copies)
    recorded = ((key, tuple(of_key)) for key, of_key in groupby(records, key=itemgetter(0)))
    cut = len(destination_prefix)
    here, there, known = next(sources, None), next(copied, None), next(recorded, None)
    while True:
        source_key = here.key if here else _AFTER_ALL
        copy_key = there.key[cut:] if there else _AFTER_ALL
        key = source_key if source_key <= copy_key else copy_key
        if known and known[0] < key:
            key = known[0]
        if key is _AFTER_ALL:
            return
        at_source: Listed | None = None
        at_copy: Listed | None = None
        on_record: Sequence[CopyRecord] = ()
        if source_key == key:
            at_source, here = here, next(sources, None)
        if copy_key == key:
            at_copy, there = there, next(copied, None)
        if known and known[0] == key:
            on_record, known = known[1], next(recorded, None)
        yield Pair(key, at_source, at_copy, on_record)
