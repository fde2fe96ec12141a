"""Delete markers on either S3: under a condition, and never where they would delete for good."""

import pytest

from services.copier.model import ConditionRefusedError, Location
from tests.integration.copier.sides import OUT, VERSIONED_OUT, Side

KEPT = Location(VERSIONED_OUT, "a key+with%20bites/ü.txt")
PLAIN = Location(OUT, "k")


def test_a_bucket_tells_whether_it_keeps_versions(side: Side) -> None:
    assert side.store.keeps_versions(KEPT.bucket)
    assert not side.store.keeps_versions(PLAIN.bucket)


def test_a_marker_hides_the_object_and_has_a_version_of_its_own(side: Side) -> None:
    etag = side.put(KEPT, b"A").etag

    assert side.store.put_delete_marker(KEPT, if_match=etag)
    assert side.store.head_destination(KEPT).etag is None


def test_a_marker_is_refused_when_the_destination_has_changed(side: Side) -> None:
    etag = side.put(KEPT, b"A").etag
    newer = side.put(KEPT, b"B").etag

    with pytest.raises(ConditionRefusedError):
        side.store.put_delete_marker(KEPT, if_match=etag)
    assert side.store.head_destination(KEPT).etag == newer


def test_a_marker_is_refused_when_there_is_nothing_to_hide(side: Side) -> None:
    with pytest.raises(ConditionRefusedError):
        side.store.put_delete_marker(KEPT, if_match="d41d8cd98f00b204e9800998ecf8427e")
