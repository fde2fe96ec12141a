"""Owns the comparison of one route: pairs in, differences out, and a tally of the rest."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from ops.aws.object_reads import why_not
from ops.reconcile.difference import Difference, difference
from ops.reconcile.judging import Finding, Judge, Kind, is_worth_a_look
from ops.reconcile.looking import Look, in_order
from ops.reconcile.pairs import Evidence, Pair
from ops.reconcile.scope import Scope
from shared.errors import CopytrailError

# Where almost everything is different, S3 is not asked about each object once more.
_MOST_LOOKS = 5000
_PAIRS_AT_ONCE = 1000


class Sight(Protocol):
    """How objects are looked at."""

    def look(self, source: tuple[str, str], copy: tuple[str, str]) -> Look:
        """Both ends as they are now. Raises CopytrailError."""


@dataclass
class Tally:
    """What a comparison came to: how many objects and bytes of each kind.

    `by_size_only`: nothing but the size could be compared. `unseen`: a closer look failed; `why_unseen`, of the first.
    `too_long`: the source key is one, and that at the destination would be none.
    """

    objects: Counter[Kind] = field(default_factory=Counter)
    bytes: Counter[Kind] = field(default_factory=Counter)
    differences: int = 0
    by_size_only: int = 0
    unseen: int = 0
    why_unseen: str = ""
    too_long: int = 0

    def add(self, kind: Kind, size: int, *, count: int = 1) -> None:
        """So many more of a kind, of `size` bytes together."""
        self.objects[kind] += count
        self.bytes[kind] += size


@dataclass(frozen=True)
class _Judged:
    finding: Finding | None
    why_unseen: str = ""


class Comparison:
    """One scope's comparison. `records_of` reads what is on record of a key by now; None: records do not count."""

    def __init__(
        self,
        scope: Scope,
        sight: Sight,
        *,
        deep: bool,
        records_of: Callable[[str], Iterable[Evidence]] | None,
        advance: Callable[[int], None],
    ) -> None:
        self._scope = scope
        self._sight = sight
        self._deep = deep
        self._records_of = records_of
        self._advance = advance
        self._judge = Judge(scope, with_records=records_of is not None)
        self._looks_left = _MOST_LOOKS
        self.tally = Tally()

    def run(self, pairs: Iterable[Pair]) -> Iterator[Difference]:
        """The differences in the order of keys. What looks different is looked at once more, while the rest goes on.

        A look that fails is told with its pair, and the rest goes on.

        Raises:
            CopytrailError, CommandError: while iterating, AWS does not answer at all, or refuses.
        """
        for judged in in_order(self._judged, self._remarkable(pairs)):
            if judged.why_unseen:
                self.tally.unseen += 1
                self.tally.why_unseen = self.tally.why_unseen or judged.why_unseen
            finding = judged.finding
            if finding is None:
                continue
            self._add(finding)
            if finding.kind in (Kind.SAME, Kind.IN_FLIGHT):
                continue
            counts = self._judge.counts(finding.kind)
            self.tally.differences += counts
            found = difference(finding, self._scope, counts=counts, why_unseen=judged.why_unseen)
            self.tally.too_long += found.is_too_long
            yield found

    def _remarkable(self, pairs: Iterable[Pair]) -> Iterator[tuple[Finding, bool]]:
        """What is not simply the same, and whether it is worth a look; the rest is added to the tally."""
        remaining = iter(pairs)
        while some := list(islice(remaining, _PAIRS_AT_ONCE)):
            self._advance(len(some))
            for finding in filter(None, map(self._judge.judge, self._not_plainly_same(some))):
                if self._is_worth_a_look(finding):
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
            if self._judge.is_plainly_same(pair):
                same += 1
                size += pair.source.size if pair.source else 0
            else:
                others.append(pair)
        if same:
            self.tally.add(Kind.SAME, size, count=same)
        return others

    def _is_worth_a_look(self, finding: Finding) -> bool:
        if finding.kind is Kind.IN_FLIGHT:
            return False
        if self._deep and finding.pair.source and finding.pair.copy:
            return True
        if self._looks_left and (finding.kind is not Kind.SAME or is_worth_a_look(finding)):
            self._looks_left -= 1
            return True
        return False

    def _judged(self, work: tuple[Finding, bool]) -> _Judged:
        finding, is_worth_a_look = work
        if not is_worth_a_look:
            return _Judged(finding)
        route, pair = self._scope.route, finding.pair
        try:
            look = self._sight.look(
                (route.source_bucket, pair.key), (route.destination_bucket, route.destination_key(pair.key))
            )
        except CopytrailError as error:
            seen_as = finding._replace(kind=Kind.UNCLEAR) if finding.kind is Kind.SAME else finding
            return _Judged(seen_as, why_not(error))
        judged = self._judge.judge(pair, look)
        if judged and self._records_of and _may_be_on_record_by_now(judged):
            records = tuple(self._records_of(pair.key))
            judged = self._judge.judge(pair._replace(records=records), look)
        return _Judged(judged)

    def _add(self, finding: Finding) -> None:
        pair = finding.pair
        ends = [end.size for end in (pair.source, pair.copy) if end]
        self.tally.add(finding.kind, ends[0] if ends else 0)
        self.tally.by_size_only += finding.in_doubt


def _may_be_on_record_by_now(finding: Finding) -> bool:
    """Whether another record may have ended it: that of the copy, or that of a deletion."""
    return finding.kind is Kind.UNRECORDED or (finding.kind is Kind.GONE and finding.pair.source is None)
