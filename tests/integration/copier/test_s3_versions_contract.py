"""Versions on either S3: copied, told and listed by their ids."""

import pytest

from services.copier.model import ConditionRefusedError, Location, Target
from shared.events import Upload
from tests.integration.copier.sides import VERSIONED_IN, VERSIONED_OUT, Side

SOURCE = Location(VERSIONED_IN, "a key+with%20bites/ü.txt")
TARGET = Target(Location(VERSIONED_OUT, "a key+with%20bites/ü.txt"))


def upload(side: Side, body: bytes) -> Upload:
    """Upload a version, and a neighbour whose key begins alike."""
    side.put(Location(SOURCE.bucket, f"{SOURCE.key}.longer"), b"a neighbour")
    return side.put(SOURCE, body)


def test_an_older_version_is_copied_by_its_id(side: Side) -> None:
    older, _ = upload(side, b"A"), upload(side, b"B")

    copy = side.store.copy(SOURCE, older.etag, TARGET, if_match=None, version_id=older.version_id)

    current = side.store.head_object(TARGET.location)
    assert current is not None
    assert (copy.etag, copy.source_version_id) == (older.etag, older.version_id)
    assert (current.etag, current.version_id, current.size) == (older.etag, copy.version_id, 1)


def test_a_copy_is_refused_when_the_destination_is_not_as_it_was_read(side: Side) -> None:
    older, newer = upload(side, b"A"), upload(side, b"B")
    side.store.copy(SOURCE, newer.etag, TARGET, if_match=None, version_id=newer.version_id)

    for if_match in (None, older.etag):
        with pytest.raises(ConditionRefusedError):
            side.store.copy(SOURCE, older.etag, TARGET, if_match=if_match, version_id=older.version_id)


def test_a_removed_version_is_nothing_and_cannot_be_copied(side: Side) -> None:
    removed = upload(side, b"A")
    upload(side, b"B")
    side.remove_version(removed)

    assert side.store.head_object(SOURCE, removed.version_id) is None
    with pytest.raises(ConditionRefusedError):
        side.store.copy(SOURCE, removed.etag, TARGET, if_match=None, version_id=removed.version_id)


def test_one_version_is_told_by_its_id(side: Side) -> None:
    older, _ = upload(side, b"A"), upload(side, b"BB")

    found = side.store.head_object(SOURCE, older.version_id)

    assert found is not None
    assert (found.etag, found.version_id, found.size) == (older.etag, older.version_id, 1)


def test_a_destination_without_an_object_holds_nothing(side: Side) -> None:
    assert side.store.head_object(TARGET.location) is None


def test_older_versions_of_the_same_key_come_newest_first(side: Side) -> None:
    made = [upload(side, body) for body in (b"A", b"BB", b"CCC", b"DDDD")]

    listed = list(side.store.older_versions(SOURCE, str(made[2].version_id)))

    assert [(version.id, version.etag, version.size) for version in listed] == [
        (version.version_id, version.etag, version.size) for version in (made[1], made[0])
    ]
    assert list(side.store.older_versions(SOURCE, str(made[0].version_id))) == []
