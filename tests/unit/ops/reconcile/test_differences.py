"""What is wrong with a pair, if anything.

A difference says what is wrong, and is spooled until it is repaired.
"""

from contextlib import closing
from typing import Any

import pytest

from ops.aws.list_pages import Listed
from ops.params.keys import KeyFilter
from ops.reconcile.differences import Classifier, Difference, Finding, Kind, difference, head_may_tell, is_difference
from ops.reconcile.heads import Heads
from ops.reconcile.pairs import Pair
from ops.reconcile.repair import Spool
from ops.reconcile.scope import Scope
from shared.events import Upload
from shared.routes import Route
from shared.times import from_text
from tests.unit.ops.reconcile.examples import (
    DESTINATION,
    IN_FLIGHT_SINCE,
    OLD,
    SOURCE,
    YOUNG,
    heads,
    listed,
    object_head,
    pair,
    record,
    scope,
)

LATER = "2026-11-23T11:00:05.000Z"
DELETED_SINCE = record(is_deletion=True, finished_at=LATER, source_etag="")


def classified(
    found: Pair, seen_now: Heads | None = None, *, of: Scope | None = None, with_records: bool = True
) -> Finding:
    finding = Classifier(of or scope(), with_records=with_records).classify(found, seen_now)
    assert finding is not None
    return finding


def kind(found: Pair, seen_now: Heads | None = None, **how: Any) -> Kind:
    return classified(found, seen_now, **how).kind


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (pair(listed(), listed(), record()), Kind.SAME),
        (pair(listed(), None), Kind.MISSING),
        (pair(listed(), None, record(source_etag="before")), Kind.MISSING),
        (pair(listed(), None, record()), Kind.COPY_DELETED),
        (pair(None, None, record()), Kind.COPY_DELETED),
        (pair(listed(), listed(size=27), record()), Kind.DIFFERENT),
        (pair(listed(), listed()), Kind.NO_RECORD),
        (pair(listed(), listed(), record(source_etag="before")), Kind.NO_RECORD),
        (pair(None, listed(), record()), Kind.NO_SOURCE),
    ],
)
def test_each_pair_is_of_one_kind(found: Pair, expected: Kind) -> None:
    assert kind(found) is expected


def test_without_records_nothing_is_unrecorded_or_gone() -> None:
    assert kind(pair(listed(), listed()), with_records=False) is Kind.SAME
    assert kind(pair(listed(), None), with_records=False) is Kind.MISSING


def test_what_followed_a_deletion_is_not_gone() -> None:
    deleted = record(is_deletion=True, finished_at=IN_FLIGHT_SINCE, source_etag="")
    assert Classifier(scope(deletes=True), with_records=True).classify(pair(None, None, record(), deleted)) is None


@pytest.mark.parametrize(
    "found",
    [
        pair(listed(last_modified=YOUNG), None),
        pair(listed(last_modified=YOUNG), None, record()),
        pair(listed(last_modified=YOUNG, size=1), listed(), record()),
        pair(listed(last_modified=IN_FLIGHT_SINCE), None),
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
        (pair(listed(last_modified=YOUNG), None, record(finished_at=LATER)), Kind.COPY_DELETED),
        (pair(listed(last_modified=YOUNG), None, record(finished_at=YOUNG)), Kind.COPY_DELETED),
        (pair(listed(last_modified=YOUNG), listed(size=1), record(finished_at=LATER)), Kind.DIFFERENT),
        (pair(None, None, record(finished_at=YOUNG)), Kind.COPY_DELETED),
    ],
)
def test_what_is_on_record_as_copied_is_not_under_way_however_new_it_is(found: Pair, expected: Kind) -> None:
    assert kind(found) is expected


def test_where_deletions_follow_one_may_be_under_way() -> None:
    assert kind(pair(None, None, record(finished_at=YOUNG)), of=scope(deletes=True)) is Kind.IN_FLIGHT


def test_an_object_that_only_the_destination_was_changed_in_lately_is_different() -> None:
    assert kind(pair(listed(), listed(last_modified=YOUNG, size=1), record())) is Kind.DIFFERENT


def test_an_object_without_source_is_a_difference_only_where_deletions_follow() -> None:
    assert is_difference(Kind.NO_SOURCE, scope(deletes=True).route)
    assert not is_difference(Kind.NO_SOURCE, scope().route)
    assert not is_difference(Kind.IN_FLIGHT, scope(deletes=True).route)
    assert is_difference(Kind.COPY_DELETED, scope().route)


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
    assert Classifier(of, with_records=True).classify(found) is None


def test_what_another_route_may_have_brought_is_not_extra() -> None:
    other = Route(source_bucket="other", destination_bucket=DESTINATION, suffixes=("a",))
    elsewhere = Route(source_bucket="other", destination_bucket=DESTINATION, destination_prefix="other/")
    classify = Classifier(scope(others=(other,)), with_records=True)
    assert classify.classify(pair(None, listed())) is None
    assert kind(pair(None, listed()), of=scope(others=(elsewhere,))) is Kind.NO_SOURCE


def test_two_etags_of_one_size_are_by_size_only_until_head_tells() -> None:
    found = classified(pair(listed(etag="x"), listed(etag="y"), record(source_etag="x")))
    assert (found.kind, found.by_size_only) == (Kind.SAME, True)
    assert head_may_tell(found)


def test_head_tells_nothing_cheap_of_uploads_in_parts() -> None:
    found = classified(pair(listed(etag="x-2"), listed(etag="y-3"), record(source_etag="x-2")))
    assert found.by_size_only
    assert not head_may_tell(found)


def test_a_record_knows_a_copy_whose_etag_is_another() -> None:
    found = classified(pair(listed(etag="x-2"), listed(etag="y"), record(source_etag="x-2", destination_etag="y")))
    assert found == Finding(Kind.SAME, found.pair)


def ends(source: Listed, copy: Listed, **of_both: Any) -> tuple[Pair, Heads]:
    return pair(source, copy, record(source_etag=source.etag)), heads(
        object_head(source, **of_both), object_head(copy, **of_both)
    )


def test_head_finds_other_content_by_its_etag() -> None:
    found = classified(*ends(listed(etag="x"), listed(etag="y")))
    assert (found.kind, found.aspects, found.by_size_only) == (Kind.DIFFERENT, ("etag",), False)


def test_an_etag_tells_nothing_where_a_key_encrypts() -> None:
    found = classified(*ends(listed(etag="x"), listed(etag="y"), has_md5=False))
    assert (found.kind, found.by_size_only) == (Kind.SAME, True)


@pytest.mark.parametrize(
    ("ours", "theirs", "are_full", "aspects", "by_size_only"),
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
    ours: dict[str, str], theirs: dict[str, str], are_full: bool, aspects: tuple[str, ...], by_size_only: bool
) -> None:
    source, copy = listed(etag="x-2"), listed(etag="y-3")
    both = heads(
        object_head(source, checksums=ours, are_full=are_full, has_md5=False),
        object_head(copy, checksums=theirs, are_full=are_full, has_md5=False),
    )
    found = classified(pair(source, copy, record(source_etag="x-2")), both)
    assert (found.aspects, found.by_size_only) == (aspects, by_size_only)


def test_properties_are_compared_one_by_one() -> None:
    both = heads(
        object_head(properties={"content-type": "a", "metadata": {"k": "1"}, "expires": "soon"}),
        object_head(properties={"content-type": "a", "metadata": {"k": "2"}, "tags": {"t": "1"}}),
    )
    found = classified(pair(listed(), listed(), record()), both)
    assert (found.kind, found.aspects) == (Kind.DIFFERENT, ("expires", "metadata", "tags"))


def test_heads_overrule_the_listings() -> None:
    missing = pair(listed(), None)
    assert kind(missing, heads(object_head(), object_head()), with_records=False) is Kind.SAME
    assert kind(missing, heads(object_head(listed(last_modified=YOUNG)), None)) is Kind.IN_FLIGHT
    assert Classifier(scope(), with_records=True).classify(missing, heads(None, None)) is None
    assert kind(pair(None, listed()), heads(object_head(), object_head()), with_records=False) is Kind.SAME


@pytest.mark.parametrize(
    ("storage_class", "is_restored", "is_archived"),
    [("STANDARD", False, False), ("GLACIER_IR", False, False), ("GLACIER", False, True), ("DEEP_ARCHIVE", True, False)],
)
def test_a_missing_object_is_archived_until_it_is_restored(
    storage_class: str, is_restored: bool, is_archived: bool
) -> None:
    source = listed(storage_class=storage_class)
    found = classified(pair(source, None), heads(object_head(source, is_restored=is_restored), None))
    assert (found.kind, found.is_archived) == (Kind.MISSING, is_archived)


def test_since_is_when_an_object_was_modified() -> None:
    assert kind(pair(listed(), None), of=scope(since=OLD)) is Kind.MISSING


def a_difference(kind: Kind, found: Pair, **other: object) -> Difference:
    return difference(Finding(kind, found, **other), scope(destination_prefix="x/"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "explanation", "may_be_repaired"),
    [
        (a_difference(Kind.MISSING, pair(listed(), None)), "not at its destination", True),
        (
            a_difference(Kind.MISSING, pair(listed(), None), is_archived=True),
            "archived: restore it first",
            False,
        ),
        (a_difference(Kind.COPY_DELETED, pair(listed(), None, record())), "deleted at its destination", True),
        (a_difference(Kind.COPY_DELETED, pair(None, None, record())), "deleted at both ends", False),
        (
            a_difference(Kind.DIFFERENT, pair(listed(), listed(size=1)), aspects=("size", "metadata")),
            "size, metadata",
            True,
        ),
        (a_difference(Kind.NO_RECORD, pair(listed(), listed())), "no record of this upload", False),
        (a_difference(Kind.NO_SOURCE, pair(None, listed())), "not in the source", False),
    ],
)
def test_it_says_what_is_wrong_and_whether_a_copy_would_end_it(
    found: Difference, explanation: str, may_be_repaired: bool
) -> None:
    assert (found.explanation, found.may_be_repaired) == (explanation, may_be_repaired)


def test_the_copy_that_ends_it_is_one_of_what_the_source_holds() -> None:
    found = a_difference(Kind.MISSING, pair(listed(etag="now", size=7), None))
    assert found.upload == Upload(bucket=SOURCE, key="a", etag="now", size=7, uploaded_at=from_text(OLD))


def test_what_is_kept_comes_back_as_it_was_however_often() -> None:
    odd = "line\nbreak \u202e \x00 \U0010ffff"
    many = [a_difference(Kind.MISSING, pair(listed(odd * 100, size=number), None)) for number in range(2000)]
    with closing(Spool()) as spooled:
        for each in many:
            spooled.add(each)
        assert list(spooled) == many
        assert list(spooled) == many
        assert (spooled.count, spooled.bytes) == (2000, sum(range(2000)))
