"""What is wrong with a pair, if anything."""

from typing import Any

import pytest

from ops.aws.listing import Listed
from ops.params.keys import KeyFilter
from ops.reconcile.judging import Finding, Judge, Kind, is_worth_a_look
from ops.reconcile.looking import Look
from ops.reconcile.pairs import Pair
from ops.reconcile.scope import Scope
from shared.routes import Route
from tests.unit.ops.reconcile.ends import DESTINATION, OLD, SETTLED, YOUNG, listed, look, pair, record, scope, seen

LATER = "2026-11-23T11:00:05.000Z"
DELETED_SINCE = record(is_deletion=True, finished_at=LATER, source_etag="")


def judged(found: Pair, seen_now: Look | None = None, *, of: Scope | None = None, with_records: bool = True) -> Finding:
    finding = Judge(of or scope(), with_records=with_records).judge(found, seen_now)
    assert finding is not None
    return finding


def kind(found: Pair, seen_now: Look | None = None, **how: Any) -> Kind:
    return judged(found, seen_now, **how).kind


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (pair(listed(), listed(), record()), Kind.SAME),
        (pair(listed(), None), Kind.MISSING),
        (pair(listed(), None, record(source_etag="before")), Kind.MISSING),
        (pair(listed(), None, record()), Kind.GONE),
        (pair(None, None, record()), Kind.GONE),
        (pair(listed(), listed(size=27), record()), Kind.DIFFERENT),
        (pair(listed(), listed()), Kind.UNRECORDED),
        (pair(listed(), listed(), record(source_etag="before")), Kind.UNRECORDED),
        (pair(None, listed(), record()), Kind.EXTRA),
    ],
)
def test_each_pair_is_of_one_kind(found: Pair, expected: Kind) -> None:
    assert kind(found) is expected


def test_without_records_nothing_is_unrecorded_or_gone() -> None:
    assert kind(pair(listed(), listed()), with_records=False) is Kind.SAME
    assert kind(pair(listed(), None), with_records=False) is Kind.MISSING


def test_what_followed_a_deletion_is_not_gone() -> None:
    deleted = record(is_deletion=True, finished_at=SETTLED, source_etag="")
    assert Judge(scope(deletes=True), with_records=True).judge(pair(None, None, record(), deleted)) is None


@pytest.mark.parametrize(
    "found",
    [
        pair(listed(last_modified=YOUNG), None),
        pair(listed(last_modified=YOUNG), None, record()),
        pair(listed(last_modified=YOUNG, size=1), listed(), record()),
        pair(listed(last_modified=SETTLED), None),
        pair(listed(), listed(last_modified=YOUNG)),
        pair(None, listed(last_modified=YOUNG)),
        pair(listed(last_modified=YOUNG), None, record(finished_at=YOUNG, source_etag="before")),
        pair(listed(last_modified=YOUNG), None, record(finished_at=YOUNG), DELETED_SINCE),
        pair(listed(last_modified=LATER), None, record(finished_at=YOUNG)),
        pair(listed(last_modified=LATER, size=1), listed(), record(finished_at=YOUNG)),
    ],
)
def test_what_is_new_may_be_under_way(found: Pair) -> None:
    assert kind(found) is Kind.IN_FLIGHT


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (pair(listed(last_modified=YOUNG), None, record(finished_at=LATER)), Kind.GONE),
        (pair(listed(last_modified=YOUNG), None, record(finished_at=YOUNG)), Kind.GONE),
        (pair(listed(last_modified=YOUNG), listed(size=1), record(finished_at=LATER)), Kind.DIFFERENT),
        (pair(None, None, record(finished_at=YOUNG)), Kind.GONE),
    ],
)
def test_what_is_on_record_as_copied_is_not_under_way_however_new_it_is(found: Pair, expected: Kind) -> None:
    assert kind(found) is expected


def test_where_deletions_follow_one_may_be_under_way() -> None:
    assert kind(pair(None, None, record(finished_at=YOUNG)), of=scope(deletes=True)) is Kind.IN_FLIGHT


def test_an_object_that_only_the_destination_was_changed_in_lately_is_different() -> None:
    assert kind(pair(listed(), listed(last_modified=YOUNG, size=1), record())) is Kind.DIFFERENT


def test_an_extra_object_is_a_difference_only_where_deletions_follow() -> None:
    assert Judge(scope(deletes=True), with_records=True).counts(Kind.EXTRA)
    assert not Judge(scope(), with_records=True).counts(Kind.EXTRA)
    assert not Judge(scope(deletes=True), with_records=True).counts(Kind.IN_FLIGHT)
    assert Judge(scope(), with_records=True).counts(Kind.GONE)


@pytest.mark.parametrize(
    ("found", "of"),
    [
        (pair(listed(), None), scope(min_size=27)),
        (pair(listed(), None), scope(keys=KeyFilter(glob="b*"))),
        (pair(listed(), None), scope(since=YOUNG)),
        (pair(None, listed()), scope(since=YOUNG)),
        (pair(None, listed()), scope(max_size=25)),
        (pair(None, None, record()), scope(max_size=25)),
        (pair(None, None), scope()),
    ],
)
def test_what_is_out_of_scope_is_passed_over(found: Pair, of: Scope) -> None:
    assert Judge(of, with_records=True).judge(found) is None


def test_what_another_route_may_have_brought_is_not_extra() -> None:
    other = Route(source_bucket="other", destination_bucket=DESTINATION, suffixes=("a",))
    elsewhere = Route(source_bucket="other", destination_bucket=DESTINATION, destination_prefix="other/")
    judge = Judge(scope(others=(other,)), with_records=True)
    assert judge.judge(pair(None, listed())) is None
    assert kind(pair(None, listed()), of=scope(others=(elsewhere,))) is Kind.EXTRA


def test_two_etags_of_one_size_are_in_doubt_until_somebody_looks() -> None:
    found = judged(pair(listed(etag="x"), listed(etag="y"), record(source_etag="x")))
    assert (found.kind, found.in_doubt) == (Kind.SAME, True)
    assert is_worth_a_look(found)


def test_a_look_tells_nothing_cheap_of_uploads_in_parts() -> None:
    found = judged(pair(listed(etag="x-2"), listed(etag="y-3"), record(source_etag="x-2")))
    assert found.in_doubt
    assert not is_worth_a_look(found)


def test_a_record_knows_a_copy_whose_etag_is_another() -> None:
    found = judged(pair(listed(etag="x-2"), listed(etag="y"), record(source_etag="x-2", destination_etag="y")))
    assert found == Finding(Kind.SAME, found.pair)


def ends(source: Listed, copy: Listed, **of_both: Any) -> tuple[Pair, Look]:
    return pair(source, copy, record(source_etag=source.etag)), look(seen(source, **of_both), seen(copy, **of_both))


def test_a_look_finds_other_content_by_its_etag() -> None:
    found = judged(*ends(listed(etag="x"), listed(etag="y")))
    assert (found.kind, found.aspects, found.in_doubt) == (Kind.DIFFERENT, ("etag",), False)


def test_an_etag_tells_nothing_where_a_key_encrypts() -> None:
    found = judged(*ends(listed(etag="x"), listed(etag="y"), has_md5=False))
    assert (found.kind, found.in_doubt) == (Kind.SAME, True)


@pytest.mark.parametrize(
    ("ours", "theirs", "are_full", "aspects", "in_doubt"),
    [
        ({"CRC64NVME": "1"}, {"CRC64NVME": "1"}, True, (), False),
        ({"CRC64NVME": "1"}, {"CRC64NVME": "2"}, True, ("checksum",), False),
        ({"SHA256": "1-2"}, {"SHA256": "1-2"}, False, (), False),
        ({"SHA256": "1-2"}, {"SHA256": "2-3"}, False, (), True),
        ({"CRC64NVME": "1"}, {"SHA256": "2"}, True, (), True),
        ({}, {}, True, (), True),
    ],
)
def test_checksums_are_compared_where_they_are_of_one_kind(
    ours: dict[str, str], theirs: dict[str, str], are_full: bool, aspects: tuple[str, ...], in_doubt: bool
) -> None:
    source, copy = listed(etag="x-2"), listed(etag="y-3")
    both = look(
        seen(source, checksums=ours, are_full=are_full, has_md5=False),
        seen(copy, checksums=theirs, are_full=are_full, has_md5=False),
    )
    found = judged(pair(source, copy, record(source_etag="x-2")), both)
    assert (found.aspects, found.in_doubt) == (aspects, in_doubt)


def test_properties_are_compared_one_by_one() -> None:
    both = look(
        seen(properties={"content-type": "a", "metadata": {"k": "1"}, "expires": "soon"}),
        seen(properties={"content-type": "a", "metadata": {"k": "2"}, "tags": {"t": "1"}}),
    )
    found = judged(pair(listed(), listed(), record()), both)
    assert (found.kind, found.aspects) == (Kind.DIFFERENT, ("expires", "metadata", "tags"))


def test_a_look_overrules_the_listings() -> None:
    missing = pair(listed(), None)
    assert kind(missing, look(seen(), seen()), with_records=False) is Kind.SAME
    assert kind(missing, look(seen(listed(last_modified=YOUNG)), None)) is Kind.IN_FLIGHT
    assert Judge(scope(), with_records=True).judge(missing, look(None, None)) is None
    assert kind(pair(None, listed()), look(seen(), seen()), with_records=False) is Kind.SAME


@pytest.mark.parametrize(
    ("storage_class", "is_restored", "is_archived"),
    [("STANDARD", False, False), ("GLACIER_IR", False, False), ("GLACIER", False, True), ("DEEP_ARCHIVE", True, False)],
)
def test_a_missing_object_is_archived_until_it_is_restored(
    storage_class: str, is_restored: bool, is_archived: bool
) -> None:
    source = listed(storage_class=storage_class)
    found = judged(pair(source, None), look(seen(source, is_restored=is_restored), None))
    assert (found.kind, found.is_archived) == (Kind.MISSING, is_archived)


def test_since_is_when_an_object_was_modified() -> None:
    assert kind(pair(listed(), None), of=scope(since=OLD)) is Kind.MISSING
