"""A comparison yields differences that still are, in the order of keys, and counts the rest."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from ops.aws.list_pages import Listed
from ops.params.keys import S3Url
from ops.reconcile.comparison import Comparison
from ops.reconcile.differences import Difference, Kind
from ops.reconcile.heads import Heads, ObjectHead
from ops.reconcile.pairs import CopyRecord, Pair
from ops.reconcile.scope import Scope
from shared.errors import CopytrailError, PermanentError, TransientError
from tests.unit.ops.reconcile.examples import DESTINATION, SOURCE, listed, record, scope


class Ends:
    """What is at both ends by now. `reads`: how often they were read."""

    def __init__(self, **now: tuple[Listed | None, Listed | None]) -> None:
        self._now = now
        self.reads = 0

    def read(self, source: S3Url, copy: S3Url) -> Heads:
        assert (source.bucket, copy.bucket) == (SOURCE, DESTINATION)
        self.reads += 1
        at_source, at_copy = self._now.get(source.key, (None, None))
        return Heads(at_source and ObjectHead(at_source), at_copy and ObjectHead(at_copy))


class Blind:
    """HeadObject fails for some keys, or for any."""

    def __init__(self, *keys: str, error: type[CopytrailError] = PermanentError) -> None:
        self._keys = keys
        self._error = error

    def read(self, source: S3Url, copy: S3Url) -> Heads:
        if not self._keys or source.key in self._keys:
            raise self._error("AccessDenied", f"s3:GetObject on {source.key}: Forbidden")
        return Heads(ObjectHead(listed(source.key)), None)


def missing(key: str) -> Pair:
    return Pair(key, listed(key), None, ())


def same(key: str) -> Pair:
    return Pair(key, listed(key), listed(key), (record(key),))


def compare(
    pairs: Iterable[Pair], ends: Any, *, of: Scope | None = None, records: Iterable[CopyRecord] = (), deep: bool = False
) -> tuple[list[Difference], Comparison]:
    comparison = Comparison(of or scope(), ends.read, deep=deep, records_of=lambda _: records, advance=lambda _: None)
    return list(comparison.run(pairs)), comparison


def test_what_is_the_same_is_counted_and_not_rechecked() -> None:
    ends = Ends()
    found, comparison = compare([same("a"), same("b")], ends)
    assert found == []
    assert comparison.tally.objects == {Kind.SAME: 2}
    assert comparison.tally.bytes == {Kind.SAME: 52}
    assert ends.reads == 0


def test_a_difference_that_is_over_is_not_shown() -> None:
    ends = Ends(b=(listed("b"), None), c=(listed("c"), listed("c")))
    found, comparison = compare([missing("a"), missing("b"), missing("c")], ends, records=[record()])
    assert [(each.kind, each.object_key) for each in found] == [(Kind.MISSING, "b")]
    assert comparison.tally.objects == {Kind.MISSING: 1, Kind.SAME: 1}
    assert comparison.tally.differences == 1


def test_a_record_that_came_meanwhile_counts() -> None:
    unrecorded = Pair("a", listed(), listed(), ())
    ends = Ends(a=(listed(), listed()))
    assert compare([unrecorded], ends, records=[record()])[0] == []
    assert [each.kind for each in compare([unrecorded], ends)[0]] == [Kind.NO_RECORD]


def test_differences_come_in_the_order_of_keys() -> None:
    names = [f"{number:03}" for number in range(100)]
    found, _ = compare(map(missing, names), Ends(**{name: (listed(name), None) for name in names}))
    assert [each.object_key for each in found] == names


def test_where_all_is_different_only_the_first_thousands_are_rechecked() -> None:
    names = [f"{number:05}" for number in range(6000)]
    ends = Ends(**{name: (listed(name), None) for name in names})
    found, _ = compare(map(missing, names), ends)
    assert len(found) == 6000
    assert ends.reads == 5000


def test_deep_rechecks_every_pair() -> None:
    ends = Ends(a=(listed("a"), listed("a")), b=(listed("b"), listed("b", size=1)))
    found, _ = compare([same("a"), same("b")], ends, deep=True)
    assert [(each.object_key, each.aspects) for each in found] == [("b", ("size",))]
    assert ends.reads == 2


def test_pairs_are_read_while_the_first_heads_are_read() -> None:
    def endless() -> Iterator[Pair]:
        number = 0
        while True:
            number += 1
            yield missing(f"{number:05}")

    comparison = Comparison(scope(), Blind().read, deep=False, records_of=None, advance=lambda _: None)
    found = comparison.run(endless())
    assert next(found).object_key == "00001"
    found.close()  # type: ignore[attr-defined]


def test_what_head_fails_for_is_shown_as_it_is_listed() -> None:
    found, comparison = compare([missing("a"), missing("b")], Blind())
    assert [each.kind for each in found] == [Kind.MISSING, Kind.MISSING]
    assert comparison.tally.head_failed == 2
    assert comparison.tally.why_head_failed == "s3:GetObject on a: Forbidden (AccessDenied)"


@pytest.mark.parametrize("error", [PermanentError, TransientError])
def test_one_that_head_fails_for_is_shown_with_the_reason_and_the_rest_goes_on(error: type[CopytrailError]) -> None:
    found, comparison = compare([missing("a"), missing("b"), missing("c")], Blind("b", error=error))
    assert [(each.object_key, each.message) for each in found] == [
        ("a", None),
        ("b", "s3:GetObject on b: Forbidden (AccessDenied)"),
        ("c", None),
    ]
    assert comparison.tally.head_failed == 1


def test_what_is_listed_alike_and_head_fails_for_is_unclear_and_no_difference() -> None:
    found, comparison = compare([same("a"), same("b")], Blind("a"), deep=True)
    unclear = [each for each in found if each.object_key == "a"]
    assert [(each.kind, each.is_difference, each.may_be_repaired) for each in unclear] == [(Kind.UNCLEAR, False, False)]
    assert comparison.tally.objects[Kind.UNCLEAR] == comparison.tally.head_failed == 1


def test_a_key_that_would_be_too_long_at_the_destination_is_missing_and_cannot_be_repaired() -> None:
    keys = ["k" * 1023, "k" * 1024]
    ends = Ends(**{key: (listed(key), None) for key in keys})
    found, comparison = compare(map(missing, keys), ends, of=scope(destination_prefix="x"))
    assert [(each.kind, each.is_difference, each.may_be_repaired) for each in found] == [
        (Kind.MISSING, True, True),
        (Kind.MISSING, True, False),
    ]
    assert found[1].explanation == (
        "key too long to be there; its key at the destination would have 1,025 bytes, and S3 takes 1,024"
    )
    assert comparison.tally.too_long == 1


def test_what_only_sizes_tell_of_is_counted() -> None:
    in_parts = Pair("a", listed(etag="x-2"), listed(etag="y-3"), (record(source_etag="x-2"),))
    found, comparison = compare([in_parts], Ends())
    assert found == []
    assert comparison.tally.by_size_only == 1


def test_an_object_without_a_source_is_shown_and_no_difference_where_deletions_do_not_follow() -> None:
    extra = Pair("a", None, listed(), (record(),))
    ends = Ends(a=(None, listed()))
    spooled, comparison = compare([extra], ends)
    assert [(each.kind, each.is_difference) for each in spooled] == [(Kind.NO_SOURCE, False)]
    assert comparison.tally.differences == 0
    left, comparison = compare([extra], ends, of=scope(deletes=True))
    assert [(each.kind, each.is_difference) for each in left] == [(Kind.NO_SOURCE, True)]
    assert comparison.tally.differences == 1


def test_progress_is_told_of_every_pair() -> None:
    told: list[int] = []
    comparison = Comparison(scope(), Ends().read, deep=False, records_of=None, advance=told.append)
    list(comparison.run(same(f"{number:05}") for number in range(2500)))
    assert sum(told) == 2500
