"""Owns a difference: what is told of it, and what is kept of it until it is repaired."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType

import msgspec

from ops.reconcile.judging import Finding, Kind
from ops.reconcile.scope import Scope
from ops.terminal.formats import cause_first
from ops.terminal.json import Told
from shared import times
from shared.events import Upload
from shared.routes import LONGEST_KEY_BYTES, can_be_a_key

_MOST_IN_MEMORY = 1 << 20

_EXPLANATIONS = {
    Kind.MISSING: "not at its destination",
    Kind.GONE: "gone from its destination",
    Kind.UNRECORDED: "no record of this upload",
    Kind.EXTRA: "not in the source",
    Kind.UNCLEAR: "could not be looked at",
}

_TOO_LONG = f"its key at the destination would have {{:,}} bytes, and S3 takes {LONGEST_KEY_BYTES:,}"


class Difference(Told, frozen=True, kw_only=True):
    """One key whose source, destination and records do not agree, or do not tell. What there is not is None.

    `message`: why it is told as it is listed, or why no copy can end it.
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
        """What is wrong, for a person; of what could not be looked at, why not."""
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
        if self.kind is Kind.GONE and self.size is None:
            return "gone from both ends"
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


_REPAIRABLE = frozenset({Kind.MISSING, Kind.GONE, Kind.DIFFERENT})


def difference(finding: Finding, scope: Scope, *, counts: bool, why_unseen: str = "") -> Difference:
    """What is told of a finding. `why_unseen`: why nobody could look at it more closely."""
    route, pair = scope.route, finding.pair
    copy_key = route.destination_key(pair.key)
    too_long = "" if can_be_a_key(copy_key) else _TOO_LONG.format(len(copy_key.encode(errors="surrogatepass")))
    source, copy, copied = pair.source, pair.copy, pair.last_copied
    return Difference(
        kind=finding.kind,
        is_difference=counts,
        route=scope.number,
        source_bucket=route.source_bucket,
        object_key=pair.key,
        destination_bucket=route.destination_bucket,
        destination_key=copy_key,
        aspects=finding.aspects,
        archived=finding.is_archived,
        message=(source and too_long) or why_unseen or None,
        size=source and source.size,
        source_etag=source and source.etag,
        uploaded_at=source and source.last_modified,
        destination_size=copy and copy.size,
        destination_etag=copy and copy.etag,
        destination_modified_at=copy and copy.last_modified,
        log_id=copied and copied.log_id,
        copied_at=copied and copied.finished_at,
    )


class Kept:
    """Differences that are needed once more; when they are many, they are on the disk."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_MOST_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Difference)
        self.count = 0
        self.bytes = 0

    def __enter__(self) -> "Kept":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Difference]:
        self._file.seek(0)
        for line in self._file:
            yield self._decoder.decode(line)

    def keep(self, found: Difference) -> None:
        """Keep one more. Not while they are gone over."""
        self._file.write(self._encoder.encode(found) + b"\n")
        self.count += 1
        self.bytes += found.bytes
