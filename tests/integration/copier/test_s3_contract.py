"""Whole objects on either S3: copies under conditions, and what HEAD tells."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from services.copier.adapters.s3 import S3ObjectStore
from services.copier.adapters.s3_parameters import BucketOwners
from services.copier.model import ConditionRefusedError, Location, Target
from shared.errors import PermanentError, Reason
from tests.integration.copier.sides import IN, OUT, VERSIONED_IN, Properties, ServerSide, Side

SOURCE = Location(IN, "a key+with%20bites/ü.txt")
TARGET = Location(OUT, "copies/a key+with%20bites/ü.txt")
TO = Target(TARGET)
VERSIONED_SOURCE = Location(VERSIONED_IN, "k")


def test_a_copy_to_a_new_key_brings_the_object_over(side: Side) -> None:
    etag = side.put(SOURCE, b"A").etag

    copy = side.store.copy(SOURCE, etag, TO, if_match=None)

    assert (copy.etag, copy.version_id, copy.source_version_id) == (etag, None, None)
    assert side.read(TARGET)["Body"] == b"A"


def test_a_copy_to_a_new_key_is_refused_when_the_key_is_taken(side: Side) -> None:
    etag = side.put(SOURCE, b"A").etag
    side.put(TARGET, b"theirs")

    with pytest.raises(ConditionRefusedError):
        side.store.copy(SOURCE, etag, TO, if_match=None)
    assert side.read(TARGET)["Body"] == b"theirs"


def test_a_copy_is_refused_when_the_source_has_another_etag(side: Side) -> None:
    older = side.put(SOURCE, b"A").etag
    side.put(SOURCE, b"B")

    with pytest.raises(ConditionRefusedError):
        side.store.copy(SOURCE, older, TO, if_match=None)
    assert side.store.head_destination(TARGET).etag is None


def test_a_copy_is_refused_when_the_source_is_gone(side: Side) -> None:
    etag = side.put(SOURCE, b"A").etag
    side.delete(SOURCE)

    with pytest.raises(ConditionRefusedError):
        side.store.copy(SOURCE, etag, TO, if_match=None)


def test_an_overwrite_goes_through_while_the_destination_is_what_it_was(side: Side) -> None:
    etag = side.put(SOURCE, b"A").etag
    held = side.put(TARGET, b"old").etag

    side.store.copy(SOURCE, etag, TO, if_match=held)

    assert side.read(TARGET)["Body"] == b"A"


def change(side: Side) -> None:
    side.put(TARGET, b"newer")


def remove(side: Side) -> None:
    side.delete(TARGET)


@pytest.mark.parametrize("meanwhile", [change, remove])
def test_an_overwrite_is_refused_when_the_destination_has_changed(
    side: Side, meanwhile: Callable[[Side], None]
) -> None:
    etag = side.put(SOURCE, b"A").etag
    held = side.put(TARGET, b"old").etag
    meanwhile(side)

    with pytest.raises(ConditionRefusedError):
        side.store.copy(SOURCE, etag, TO, if_match=held)


def test_a_look_at_the_source_tells_what_makes_an_upload_another(side: Side) -> None:
    etag = side.put(SOURCE, b"A", Properties(metadata={"n": "1"})).etag
    first = side.store.head_object(SOURCE)
    side.put(SOURCE, b"A", Properties(metadata={"n": "2"}))
    second = side.store.head_object(SOURCE)

    assert first is not None
    assert second is not None
    assert (first.etag, first.size, first.version_id) == (etag, 1, None)
    assert first.etag == second.etag
    assert first.metadata != second.metadata
    assert first.last_modified.microsecond == 0


def test_a_missing_key_is_nothing_on_either_side(side: Side) -> None:
    assert side.store.head_object(SOURCE) is None
    assert side.store.head_destination(TARGET).etag is None


def test_a_look_at_the_destination_tells_s3s_own_time(side: Side) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    side.put(TARGET, b"A")

    for state in (side.store.head_destination(TARGET), side.store.head_destination(SOURCE)):
        assert before <= state.seen_at <= datetime.now(UTC)


def test_a_versioned_source_tells_which_version_was_copied(side: Side) -> None:
    etag = side.put(VERSIONED_SOURCE, b"A").etag
    source = side.store.head_object(VERSIONED_SOURCE)

    copy = side.store.copy(VERSIONED_SOURCE, etag, TO, if_match=None)

    assert source is not None
    assert source.version_id
    assert copy.source_version_id == source.version_id


def test_a_deleted_versioned_source_is_gone(side: Side) -> None:
    etag = side.put(VERSIONED_SOURCE, b"A").etag
    side.delete(VERSIONED_SOURCE)

    assert side.store.head_object(VERSIONED_SOURCE) is None
    with pytest.raises(ConditionRefusedError):
        side.store.copy(VERSIONED_SOURCE, etag, TO, if_match=None)


def test_an_archived_source_is_a_permanent_failure(side: Side) -> None:
    etag = side.put(SOURCE, b"A", Properties(storage_class="GLACIER")).etag

    with pytest.raises(PermanentError) as raised:
        side.store.copy(SOURCE, etag, TO, if_match=None)
    assert raised.value.reason == Reason.ARCHIVED


def test_a_bucket_of_another_owner_is_a_permanent_failure(server_side: ServerSide) -> None:
    """The adapter alone: the fake knows no owners."""
    etag = server_side.put(SOURCE, b"A").etag
    stranger = S3ObjectStore(server_side.s3, BucketOwners({SOURCE.bucket: "999999999999"}))

    with pytest.raises(PermanentError) as raised:
        stranger.copy(SOURCE, etag, TO, if_match=None)
    assert raised.value.reason == "AccessDenied"


def test_every_property_that_s3_copies_by_default_arrives(side: Side) -> None:
    headers = {"CacheControl": b"max-age=1", "ContentType": b"text/html"}
    dressed = Properties(headers=headers, metadata={"a": "b"}, tags={"team": "devops"})
    etag = side.put(SOURCE, b"A", dressed).etag

    side.store.copy(SOURCE, etag, TO, if_match=None)

    told = side.read(TARGET)
    assert {name: told[name].encode() for name in headers} == headers
    assert (told["Metadata"], told["Tags"]) == ({"a": "b"}, {"team": "devops"})


def test_with_versioning_suspended_version_ids_tell_nothing(server_side: ServerSide) -> None:
    """S3 says "null" of every write there: taken for an id, it would make all uploads the same one."""
    suspended = Location("contract-suspended", "k")
    server_side.s3.create_bucket(Bucket=suspended.bucket)
    for status in ("Enabled", "Suspended"):
        server_side.s3.put_bucket_versioning(Bucket=suspended.bucket, VersioningConfiguration={"Status": status})
    etag = server_side.put(suspended, b"A").etag
    found = server_side.store.head_object(suspended)

    copy = server_side.store.copy(suspended, etag, TO, if_match=None)

    assert found is not None
    assert (found.version_id, copy.source_version_id) == (None, None)


def test_a_copy_gets_the_storage_class_of_its_route(side: Side) -> None:
    etag = side.put(SOURCE, b"A").etag

    side.store.copy(SOURCE, etag, Target(TARGET, "STANDARD_IA"), if_match=None)

    assert side.read(TARGET)["StorageClass"] == "STANDARD_IA"
