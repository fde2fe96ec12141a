"""Owns the judgement of a pair: what is wrong with it, if anything. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ops.aws.listing import Listed, is_archived
from ops.reconcile.looking import Look, has_md5
from ops.reconcile.pairs import Pair
from ops.reconcile.scope import Scope


class Kind(StrEnum):
    """What a comparison comes to. A pair is of one kind: the first that fits.

    `Unclear`: the same as far as the listings tell, which are not enough, and S3 did not tell more.
    """

    SAME = "Same"
    IN_FLIGHT = "InFlight"
    MISSING = "Missing"
    GONE = "Gone"
    DIFFERENT = "Different"
    UNRECORDED = "Unrecorded"
    EXTRA = "Extra"
    UNCLEAR = "Unclear"


class Finding(NamedTuple):
    """What a pair comes to. `aspects`: in what both ends differ. `in_doubt`: only their sizes could be compared."""

    kind: Kind
    pair: Pair
    aspects: tuple[str, ...] = ()
    in_doubt: bool = False
    is_archived: bool = False


@dataclass(frozen=True)
class Judge:
    """Judges the pairs of one scope. `with_records`: what is not on record counts."""

    scope: Scope
    with_records: bool

    def judge(self, pair: Pair, look: Look | None = None) -> Finding | None:
        """What a pair comes to; None: it is not compared. A look, if there was one, is newer than the listings."""
        if look:
            source = look.source.listed if look.source else None
            copy = look.copy.listed if look.copy else None
            pair = pair._replace(source=source, copy=copy)
        if pair.source is None:
            return self._without_source(pair, pair.copy)
        if not self.scope.takes(pair.key, pair.source.size) or pair.source.last_modified < self.scope.since:
            return None
        if pair.copy is None:
            return self._without_copy(pair, pair.source, look)
        return self._with_both(pair, pair.source, pair.copy, look)

    def is_plainly_same(self, pair: Pair) -> bool:
        """Whether a pair is `Same` beyond doubt, as almost all are: found out with less ado."""
        source, copy = pair.source, pair.copy
        return (
            source is not None
            and copy is not None
            and source.etag == copy.etag
            and source.size == copy.size
            and (not self.with_records or pair.is_recorded)
            and source.last_modified >= self.scope.since
            and self.scope.takes(pair.key, source.size)
        )

    def counts(self, kind: Kind) -> bool:
        """Whether a finding of this kind is a difference.

        Where deletions do not follow, what the source has no more is what the destination is there for.
        """
        return kind not in (Kind.SAME, Kind.IN_FLIGHT, Kind.UNCLEAR) and (
            kind is not Kind.EXTRA or self.scope.route.deletes
        )

    def _without_source(self, pair: Pair, copy: Listed | None) -> Finding | None:
        if copy is not None:
            if not self.scope.takes_copy(pair.key, copy.size) or copy.last_modified < self.scope.since:
                return None
            return Finding(self._unless_young(Kind.EXTRA, copy.last_modified), pair)
        copied = pair.last_copied
        if copied is None or not self.scope.takes(pair.key, copied.size):
            return None
        # Only where deletions follow may one be under way.
        kind = self._unless_young(Kind.GONE, copied.finished_at) if self.scope.route.deletes else Kind.GONE
        return Finding(kind, pair)

    def _without_copy(self, pair: Pair, source: Listed, look: Look | None) -> Finding:
        kind = self._unless_under_way(Kind.GONE if pair.is_recorded else Kind.MISSING, pair, source)
        is_restored = look is not None and look.source is not None and look.source.is_restored
        return Finding(
            kind,
            pair,
            is_archived=is_archived(source.storage_class) and not is_restored,
        )

    def _with_both(self, pair: Pair, source: Listed, copy: Listed, look: Look | None) -> Finding:
        aspects, in_doubt = _differing(pair, source, copy, look)
        if aspects:
            return Finding(self._unless_under_way(Kind.DIFFERENT, pair, source), pair, aspects)
        if self.with_records and not pair.is_recorded:
            kind = self._unless_young(Kind.UNRECORDED, max(source.last_modified, copy.last_modified))
            return Finding(kind, pair, in_doubt=in_doubt)
        return Finding(Kind.SAME, pair, in_doubt=in_doubt)

    def _unless_under_way(self, kind: Kind, pair: Pair, source: Listed) -> Kind:
        return kind if pair.is_copied else self._unless_young(kind, source.last_modified)

    def _unless_young(self, kind: Kind, moment: str) -> Kind:
        return Kind.IN_FLIGHT if moment >= self.scope.settled_before else kind


def _differing(pair: Pair, source: Listed, copy: Listed, look: Look | None) -> tuple[tuple[str, ...], bool]:
    """In what both ends differ, and whether that is in doubt."""
    if source.size != copy.size:
        return ("size",), False
    content = look.differences() if look else None
    if content is None:
        content, in_doubt = (), not _is_known_copy(pair, source, copy)
    else:
        in_doubt = False
    properties = look.property_differences() if look else ()
    return content + properties, in_doubt


def _is_known_copy(pair: Pair, source: Listed, copy: Listed) -> bool:
    """Whether the same ETag, or a record, says that this is a copy of that."""
    return source.etag == copy.etag or any(
        record.source_etag == source.etag and record.destination_etag == copy.etag for record in pair.records
    )


def is_worth_a_look(finding: Finding) -> bool:
    """Whether a look at a pair in doubt may tell more than a listing: at uploads in one part, mostly."""
    source, copy = finding.pair.source, finding.pair.copy
    return bool(finding.in_doubt and source and copy and has_md5(source.etag) and has_md5(copy.etag))
