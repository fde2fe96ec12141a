"""Comparison of one route: pairs in, differences out, and a tally of the rest."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ops.aws.concurrency import results_in_order
from ops.aws.object_reads import why_not
from ops.params.keys import S3Url
from ops.reconcile.differences import Classifier, Difference, Finding, Kind, difference, head_may_tell
from ops.reconcile.heads import THREADS, Heads
from ops.reconcile.pairs import CopyRecord, Pair
from ops.reconcile.scope import Scope
from shared.errors import CopytrailError

# Where almost everything is different, S3 is not asked about each object once more.
_MOST_HEADS = 5000
_PAIRS_AT_ONCE = 1000

# Reads the heads of a source and of its copy. Raises CopytrailError.
ReadHeads = Callable[[S3Url, S3Url], Heads]


@dataclass
class Tally:
    """How many objects and bytes of each kind a comparison found.

    `by_size_only`: nothing but the size could be compared. `head_failed`: HeadObject failed; `why_head_failed`, of the
    first. `too_long`: the key at the destination would be too long for S3.
    """

    objects: Counter[Kind] = field(default_factory=Counter)
    bytes: Counter[Kind] = field(default_factory=Counter)
    differences: int = 0
    by_size_only: int = 0
    head_failed: int = 0
    why_head_failed: str = ""
    too_long: int = 0

    def add(self, kind: Kind, size: int, *, count: int = 1) -> None:
        """So many more of a kind, of `size` bytes together."""
        self.objects[kind] += count
        self.bytes[kind] += size


class Comparison:
    """One scope's comparison. `records_of` reads the records of a key anew; None: records do not count."""

    def __init__(
        self,
        scope: Scope,
        read_heads: ReadHeads,
        *,
        deep: bool,
        records_of: Callable[[str], Iterable[CopyRecord]] | None,
        advance: Callable[[int], None],
    ) -> None:
        self._scope = scope
        self._read_heads = read_heads
        self._deep = deep
        self._records_of = records_of
        self._advance = advance
        self._classifier = Classifier(scope, with_records=records_of is not None)
        self._heads_left = _MOST_HEADS
        self.tally = Tally()

    def run(self, pairs: Iterable[Pair]) -> Iterator[Difference]:
        """The differences in the order of keys. What is listed as different is rechecked by HEAD, as the rest goes on.

        Where HeadObject fails, the difference is that of the listings, with the reason, and the rest goes on.

        Raises:
            CopytrailError, CommandError: while iterating, AWS does not answer at all, or refuses.
        """
        for finding in results_in_order(self._recheck, self._suspects(pairs), threads=THREADS):
            if finding is None:
                continue
            self._add(finding)
            if finding.kind in (Kind.SAME, Kind.IN_FLIGHT):
                continue
            found = difference(finding, self._scope)
            self.tally.differences += found.is_difference
            self.tally.too_long += found.is_too_long
            yield found

    def _suspects(self, pairs: Iterable[Pair]) -> Iterator[tuple[Finding, bool]]:
        """What is not simply the same, and whether it is to be rechecked; the rest is added to the tally."""
        remaining = iter(pairs)
        while some := list(islice(remaining, _PAIRS_AT_ONCE)):
            self._advance(len(some))
            for finding in filter(None, map(self._classifier.classify, self._not_plainly_same(some))):
                if self._needs_recheck(finding):
                    yield finding, True
                elif finding.kind in (Kind.SAME, Kind.IN_FLIGHT):
                    self._add(finding)
                else:
                    yield finding, False

    def _not_plainly_same(self, some: Sequence[Pair]) -> Sequence[Pair]:
        if self._deep:
            return some
        others = []
        same = size = 0
        for pair in some:
            if self._classifier.is_plainly_same(pair):
                same += 1
                size += pair.source.size if pair.source else 0
            else:
                others.append(pair)
        if same:
            self.tally.add(Kind.SAME, size, count=same)
        return others

    def _needs_recheck(self, finding: Finding) -> bool:
        if finding.kind is Kind.IN_FLIGHT:
            return False
        if self._deep and finding.pair.source and finding.pair.copy:
            return True
        if self._heads_left and (finding.kind is not Kind.SAME or head_may_tell(finding)):
            self._heads_left -= 1
            return True
        return False

    def _recheck(self, work: tuple[Finding, bool]) -> Finding | None:
        finding, needs_recheck = work
        if not needs_recheck:
            return finding
        route, pair = self._scope.route, finding.pair
        try:
            heads = self._read_heads(
                S3Url(route.source_bucket, pair.key), S3Url(route.destination_bucket, route.destination_key(pair.key))
            )
        except CopytrailError as error:
            kind = Kind.UNCLEAR if finding.kind is Kind.SAME else finding.kind
            return finding._replace(kind=kind, why_head_failed=why_not(error))
        classified = self._classifier.classify(pair, heads)
        if classified and self._records_of and _may_be_on_record_by_now(classified):
            records = tuple(self._records_of(pair.key))
            classified = self._classifier.classify(pair._replace(records=records), heads)
        return classified

    def _add(self, finding: Finding) -> None:
        pair = finding.pair
        ends = [end.size for end in (pair.source, pair.copy) if end]
        self.tally.add(finding.kind, ends[0] if ends else 0)
        self.tally.by_size_only += finding.by_size_only
        if finding.why_head_failed:
            self.tally.head_failed += 1
            self.tally.why_head_failed = self.tally.why_head_failed or finding.why_head_failed


def _may_be_on_record_by_now(finding: Finding) -> bool:
    """Whether another record may have ended it: that of the copy, or that of a deletion."""
    return finding.kind is Kind.NO_RECORD or (finding.kind is Kind.COPY_DELETED and finding.pair.source is None)
