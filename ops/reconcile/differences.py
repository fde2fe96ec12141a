"""Kinds of difference between source, destination and records: which one a pair is of, and its fields.

Pure: what a pair is classified by, has been read before.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import msgspec

from ops.aws.list_pages import Listed, is_archived
from ops.reconcile.heads import Heads, has_md5
from ops.reconcile.pairs import Pair
from ops.reconcile.scope import Scope
from ops.terminal.formats import cause_first
from ops.terminal.json import JsonObject
from shared import times
from shared.events import Upload
from shared.routes import LONGEST_KEY_BYTES, Route, can_be_a_key


class Kind(StrEnum):
    """Kind of difference, or of none. A pair is of one kind: the first that fits.

    `CopyDeleted`: a copy is on record, and is not at the destination. `Unclear`: the same in the listings, which are
    not enough, and HeadObject failed.
    """

    SAME = "Same"
    IN_FLIGHT = "InFlight"
    MISSING = "Missing"
    COPY_DELETED = "CopyDeleted"
    DIFFERENT = "Different"
    NO_RECORD = "NoRecord"
    NO_SOURCE = "NoSource"
    UNCLEAR = "Unclear"


_EXPLANATIONS = {
    Kind.MISSING: "not at its destination",
    Kind.COPY_DELETED: "deleted at its destination",
    Kind.NO_RECORD: "no record of this upload",
    Kind.NO_SOURCE: "not in the source",
    Kind.UNCLEAR: "could not be read",
}

_TOO_LONG = f"its key at the destination would have {{:,}} bytes, and S3 takes {LONGEST_KEY_BYTES:,}"
_REPAIRABLE = frozenset({Kind.MISSING, Kind.COPY_DELETED, Kind.DIFFERENT})


class Finding(NamedTuple):
    """The kind of a pair. `aspects`: in what both ends differ. `by_size_only`: only their sizes could be compared.

    `why_head_failed`: why HeadObject failed; then this is what the listings say.
    """

    kind: Kind
    pair: Pair
    aspects: tuple[str, ...] = ()
    by_size_only: bool = False
    is_archived: bool = False
    why_head_failed: str = ""


@dataclass(frozen=True)
class Classifier:
    """Classifies the pairs of one scope. `with_records`: what is not on record is a difference."""

    scope: Scope
    with_records: bool

    def classify(self, pair: Pair, heads: Heads | None = None) -> Finding | None:
        """The kind of a pair; None: it is not compared. HEADs, if there were any, are newer than the listings."""
        if heads:
            source = heads.source.listed if heads.source else None
            copy = heads.copy.listed if heads.copy else None
            pair = pair._replace(source=source, copy=copy)
        if pair.source is None:
            return self._without_source(pair, pair.copy)
        if not self.scope.takes(pair.key, pair.source.size) or pair.source.last_modified < self.scope.since:
            return None
        if pair.copy is None:
            return self._without_copy(pair, pair.source, heads)
        return self._with_both(pair, pair.source, pair.copy, heads)

    def is_plainly_same(self, pair: Pair) -> bool:
        """Whether a pair is `Same` beyond doubt, as almost all are: the fast way."""
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

    def _without_source(self, pair: Pair, copy: Listed | None) -> Finding | None:
        if copy is not None:
            if not self.scope.takes_copy(pair.key, copy.size) or copy.last_modified < self.scope.since:
                return None
            return Finding(self._unless_new(Kind.NO_SOURCE, copy.last_modified), pair)
        copied = pair.last_copied
        if copied is None or not self.scope.takes(pair.key, copied.size):
            return None
        # Only where deletions follow may one be under way.
        kind = (
            self._unless_new(Kind.COPY_DELETED, copied.finished_at) if self.scope.route.deletes else Kind.COPY_DELETED
        )
        return Finding(kind, pair)

    def _without_copy(self, pair: Pair, source: Listed, heads: Heads | None) -> Finding:
        kind = self._unless_in_flight(Kind.COPY_DELETED if pair.is_recorded else Kind.MISSING, pair, source)
        is_restored = heads is not None and heads.source is not None and heads.source.is_restored
        return Finding(
            kind,
            pair,
            is_archived=is_archived(source.storage_class) and not is_restored,
        )

    def _with_both(self, pair: Pair, source: Listed, copy: Listed, heads: Heads | None) -> Finding:
        aspects, by_size_only = _differing(pair, source, copy, heads)
        if aspects:
            return Finding(self._unless_in_flight(Kind.DIFFERENT, pair, source), pair, aspects)
        if self.with_records and not pair.is_recorded:
            kind = self._unless_new(Kind.NO_RECORD, max(source.last_modified, copy.last_modified))
            return Finding(kind, pair, by_size_only=by_size_only)
        return Finding(Kind.SAME, pair, by_size_only=by_size_only)

    def _unless_in_flight(self, kind: Kind, pair: Pair, source: Listed) -> Kind:
        return kind if pair.is_copied else self._unless_new(kind, source.last_modified)

    def _unless_new(self, kind: Kind, moment: str) -> Kind:
        return Kind.IN_FLIGHT if moment >= self.scope.in_flight_since else kind


def _differing(pair: Pair, source: Listed, copy: Listed, heads: Heads | None) -> tuple[tuple[str, ...], bool]:
    """In what both ends differ, and whether only their sizes could be compared."""
    if source.size != copy.size:
        return ("size",), False
    content = heads.differences() if heads else None
    if content is None:
        content, by_size_only = (), not _is_known_copy(pair, source, copy)
    else:
        by_size_only = False
    properties = heads.property_differences() if heads else ()
    return content + properties, by_size_only


def _is_known_copy(pair: Pair, source: Listed, copy: Listed) -> bool:
    """Whether the same ETag, or a record, says that this is a copy of that."""
    return source.etag == copy.etag or any(
        record.source_etag == source.etag and record.destination_etag == copy.etag for record in pair.records
    )


def head_may_tell(finding: Finding) -> bool:
    """Whether HEADs may tell more of a pair than its sizes: of uploads in one part, mostly."""
    source, copy = finding.pair.source, finding.pair.copy
    return bool(finding.by_size_only and source and copy and has_md5(source.etag) and has_md5(copy.etag))


class Difference(JsonObject, frozen=True, kw_only=True):
    """One key whose source, destination and records do not agree. What there is not is None.

    `message`: why HeadObject failed, or why no copy can end it.
    """

    kind: Kind
    is_difference: bool
    route: int
    source_bucket: str
    object_key: str
    destination_bucket: str
    destination_key: str
    aspects: tuple[str, ...]
    archived: bool
    message: str | None = None
    size: int | None = None
    source_etag: str | None = msgspec.field(default=None, name="SourceETag")
    uploaded_at: str | None = None
    destination_size: int | None = None
    destination_etag: str | None = msgspec.field(default=None, name="DestinationETag")
    destination_modified_at: str | None = None
    log_id: str | None = msgspec.field(default=None, name="LogID")
    copied_at: str | None = None

    @property
    def source_url(self) -> str:
        """`s3://bucket/key` of the upload."""
        return f"s3://{self.source_bucket}/{self.object_key}"

    @property
    def bytes(self) -> int:
        """The size of the upload; where there is none any more, that of its copy."""
        return next((size for size in (self.size, self.destination_size) if size is not None), 0)

    @property
    def explanation(self) -> str:
        """What is wrong, for a person; where HeadObject failed, why."""
        reason = cause_first(self.message or "", self.object_key)
        if self.kind is Kind.UNCLEAR and reason:
            return reason
        return f"{self._what}; {reason}" if reason else self._what

    @property
    def is_too_long(self) -> bool:
        """Whether S3 takes no copy, because its key would be too long."""
        return self.size is not None and not can_be_a_key(self.destination_key)

    @property
    def _what(self) -> str:
        if self.is_too_long:
            return "key too long to be there"
        if self.archived:
            return "archived: restore it first"
        if self.kind is Kind.COPY_DELETED and self.size is None:
            return "deleted at both ends"
        return ", ".join(self.aspects) or _EXPLANATIONS[self.kind]

    @property
    def may_be_repaired(self) -> bool:
        """Whether a copy of what the source holds would end it."""
        return self.kind in _REPAIRABLE and self.size is not None and not (self.archived or self.is_too_long)

    @property
    def upload(self) -> Upload:
        """What is to be copied: what the source holds, as long as it has this ETag."""
        return Upload(
            bucket=self.source_bucket,
            key=self.object_key,
            etag=self.source_etag or "",
            size=self.size or 0,
            uploaded_at=times.from_text(self.uploaded_at or ""),
        )


def is_difference(kind: Kind, route: Route) -> bool:
    """Whether a finding of this kind is a difference, or only shown.

    Where deletions do not follow, the destination is to hold what the source has no more.
    """
    return kind not in (Kind.SAME, Kind.IN_FLIGHT, Kind.UNCLEAR) and (kind is not Kind.NO_SOURCE or route.deletes)


def difference(finding: Finding, scope: Scope) -> Difference:
    """The difference that a finding is."""
    route, pair = scope.route, finding.pair
    copy_key = route.destination_key(pair.key)
    too_long = "" if can_be_a_key(copy_key) else _TOO_LONG.format(len(copy_key.encode(errors="surrogatepass")))
    source, copy, copied = pair.source, pair.copy, pair.last_copied
    return Difference(
        kind=finding.kind,
        is_difference=is_difference(finding.kind, route),
        route=scope.number,
        source_bucket=route.source_bucket,
        object_key=pair.key,
        destination_bucket=route.destination_bucket,
        destination_key=copy_key,
        aspects=finding.aspects,
        archived=finding.is_archived,
        message=(source and too_long) or finding.why_head_failed or None,
        size=source and source.size,
        source_etag=source and source.etag,
        uploaded_at=source and source.last_modified,
        destination_size=copy and copy.size,
        destination_etag=copy and copy.etag,
        destination_modified_at=copy and copy.last_modified,
        log_id=copied and copied.log_id,
        copied_at=copied and copied.finished_at,
    )
