"""One contract, two object stores: the strict fake, and the S3 adapter on an S3 whose gaps are closed."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from services.copier.adapters.s3 import S3ObjectStore
from services.copier.adapters.s3_parameters import BucketOwners
from services.copier.model import ConditionRefusedError, Location, Target
from services.copier.ports import ObjectStore
from shared.errors import PermanentError, Reason
from tests.fakes.s3 import FakeS3

SOURCE = Location("contract-in", "a key+with%20bites/ü.txt")
TARGET = Location("contract-out", "copies/a key+with%20bites/ü.txt")
TO = Target(TARGET)
VERSIONED_SOURCE = Location("contract-versioned", "k")
SUSPENDED_SOURCE = Location("contract-suspended", "k")


class Side(Protocol):
    """An object store, and a way to change what is in it behind its back."""

    store: ObjectStore

    def put(self, at: Location, body: bytes, **properties: Any) -> str: ...
    def delete(self, at: Location) -> None: ...
    def read(self, at: Location) -> bytes: ...


class FakeSide:
    def __init__(self) -> None:
        self._s3 = FakeS3(lambda: datetime.now(UTC), versioned=(VERSIONED_SOURCE.bucket,))
        self.store: ObjectStore = self._s3

    def put(self, at: Location, body: bytes, **properties: Any) -> str:
        return self._s3.upload(
            at.bucket,
            at.key,
            body,
            metadata=properties.get("Metadata"),
            storage_class=properties.get("StorageClass", "STANDARD"),
        ).etag

    def delete(self, at: Location) -> None:
        self._s3.delete(at.bucket, at.key)

    def read(self, at: Location) -> bytes:
        return self._s3.objects[at].body


class ServerSide:
    def __init__(self, s3: Any, owners: dict[str, str]) -> None:
        self._s3 = s3
        self.store: ObjectStore = S3ObjectStore(s3, BucketOwners(owners))

    def put(self, at: Location, body: bytes, **properties: Any) -> str:
        return str(self._s3.put_object(Bucket=at.bucket, Key=at.key, Body=body, **properties)["ETag"]).strip('"')

    def delete(self, at: Location) -> None:
        self._s3.delete_object(Bucket=at.bucket, Key=at.key)

    def read(self, at: Location) -> bytes:
        return bytes(self._s3.get_object(Bucket=at.bucket, Key=at.key)["Body"].read())


@pytest.fixture(scope="module")
def s3(client_of: Callable[[str], Any]) -> Any:
    client = client_of("s3")
    for bucket in (SOURCE.bucket, TARGET.bucket, VERSIONED_SOURCE.bucket):
        client.create_bucket(Bucket=bucket)
    client.create_bucket(Bucket=SUSPENDED_SOURCE.bucket)
    for bucket in (VERSIONED_SOURCE.bucket, SUSPENDED_SOURCE.bucket):
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    client.put_bucket_versioning(Bucket=SUSPENDED_SOURCE.bucket, VersioningConfiguration={"Status": "Suspended"})
    return client


@pytest.fixture(params=["fake", "server"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "fake":
        yield FakeSide()
        return
    server_side = ServerSide(request.getfixturevalue("s3"), {SOURCE.bucket: "123456789012"})
    yield server_side
    for place in (SOURCE, TARGET, VERSIONED_SOURCE):
        server_side.delete(place)


def test_a_copy_to_a_new_key_brings_the_object_over(side: Side) -> None:
    etag = side.put(SOURCE, b"A")

    copy = side.store.copy(SOURCE, etag, TO, if_match=None)

    assert (copy.etag, copy.version_id, copy.source_version_id) == (etag, None, None)
    assert side.read(TARGET) == b"A"


def test_a_copy_to_a_new_key_is_refused_when_the_key_is_taken(side: Side) -> None:
    etag = side.put(SOURCE, b"A")
    side.put(TARGET, b"theirs")

    with pytest.raises(ConditionRefusedError):
        side.store.copy(SOURCE, etag, TO, if_match=None)
    assert side.read(TARGET) == b"theirs"


def test_a_copy_is_refused_when_the_source_has_another_etag(side: Side) -> None:
    older = side.put(SOURCE, b"A")
    side.put(SOURCE, b"B")

    with pytest.raises(ConditionRefusedError):
        side.store.copy(SOURCE, older, TO, if_match=None)
    assert side.store.head_destination(TARGET).etag is None


def test_a_copy_is_refused_when_the_source_is_gone(side: Side) -> None:
    etag = side.put(SOURCE, b"A")
    side.delete(SOURCE)

    with pytest.raises(ConditionRefusedError):
        side.store.copy(SOURCE, etag, TO, if_match=None)


def test_an_overwrite_goes_through_while_the_destination_is_what_it_was(side: Side) -> None:
    etag = side.put(SOURCE, b"A")
    held = side.put(TARGET, b"old")

    side.store.copy(SOURCE, etag, TO, if_match=held)

    assert side.read(TARGET) == b"A"


def change(side: Side) -> None:
    side.put(TARGET, b"newer")


def remove(side: Side) -> None:
    side.delete(TARGET)


@pytest.mark.parametrize("meanwhile", [change, remove])
def test_an_overwrite_is_refused_when_the_destination_has_changed(
    side: Side, meanwhile: Callable[[Side], None]
) -> None:
    etag = side.put(SOURCE, b"A")
    held = side.put(TARGET, b"old")
    meanwhile(side)

    with pytest.raises(ConditionRefusedError):
        side.store.copy(SOURCE, etag, TO, if_match=held)


def test_a_look_at_the_source_tells_what_makes_an_upload_another(side: Side) -> None:
    etag = side.put(SOURCE, b"A", Metadata={"n": "1"})
    first = side.store.head_source(SOURCE)
    side.put(SOURCE, b"A", Metadata={"n": "2"})
    second = side.store.head_source(SOURCE)

    assert first is not None
    assert second is not None
    assert (first.etag, first.size, first.version_id) == (etag, 1, None)
    assert first.etag == second.etag
    assert first.metadata != second.metadata
    assert first.last_modified.microsecond == 0


def test_a_missing_key_is_nothing_on_either_side(side: Side) -> None:
    assert side.store.head_source(SOURCE) is None
    assert side.store.head_destination(TARGET).etag is None


def test_a_look_at_the_destination_tells_s3s_own_time(side: Side) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    side.put(TARGET, b"A")

    for state in (side.store.head_destination(TARGET), side.store.head_destination(SOURCE)):
        assert before <= state.seen_at <= datetime.now(UTC)


def test_a_versioned_source_tells_which_version_was_copied(side: Side) -> None:
    etag = side.put(VERSIONED_SOURCE, b"A")
    source = side.store.head_source(VERSIONED_SOURCE)

    copy = side.store.copy(VERSIONED_SOURCE, etag, TO, if_match=None)

    assert source is not None
    assert source.version_id
    assert copy.source_version_id == source.version_id


def test_a_deleted_versioned_source_is_gone(side: Side) -> None:
    etag = side.put(VERSIONED_SOURCE, b"A")
    side.delete(VERSIONED_SOURCE)

    assert side.store.head_source(VERSIONED_SOURCE) is None
    with pytest.raises(ConditionRefusedError):
        side.store.copy(VERSIONED_SOURCE, etag, TO, if_match=None)


def test_an_archived_source_is_a_permanent_failure(side: Side) -> None:
    etag = side.put(SOURCE, b"A", StorageClass="GLACIER")

    with pytest.raises(PermanentError) as raised:
        side.store.copy(SOURCE, etag, TO, if_match=None)
    assert raised.value.reason == Reason.ARCHIVED


def test_a_bucket_of_another_owner_is_a_permanent_failure(s3: Any) -> None:
    """The adapter alone: the fake knows no owners."""
    stranger = ServerSide(s3, {SOURCE.bucket: "999999999999"})
    etag = stranger.put(SOURCE, b"A")

    with pytest.raises(PermanentError) as raised:
        stranger.store.copy(SOURCE, etag, TO, if_match=None)
    assert raised.value.reason == "AccessDenied"


def test_every_property_that_s3_copies_by_default_arrives(s3: Any) -> None:
    side = ServerSide(s3, {})
    properties = {"CacheControl": "max-age=1", "ContentType": "text/html", "Metadata": {"a": "b"}}
    etag = side.put(SOURCE, b"A", Tagging="team=devops", **properties)

    side.store.copy(SOURCE, etag, Target(Location(TARGET.bucket, "dressed")), if_match=None)

    head = s3.head_object(Bucket=TARGET.bucket, Key="dressed")
    assert {name: head[name] for name in properties} == properties
    tags = s3.get_object_tagging(Bucket=TARGET.bucket, Key="dressed")["TagSet"]
    assert tags == [{"Key": "team", "Value": "devops"}]


def test_with_versioning_suspended_version_ids_tell_nothing(s3: Any) -> None:
    """S3 says "null" of every write there: taken for an id, it would make all uploads the same one."""
    side = ServerSide(s3, {})
    etag = side.put(SUSPENDED_SOURCE, b"A")
    found = side.store.head_source(SUSPENDED_SOURCE)

    copy = side.store.copy(SUSPENDED_SOURCE, etag, TO, if_match=None)
    side.delete(TARGET)

    assert found is not None
    assert (found.version_id, copy.source_version_id) == (None, None)


def test_a_copy_gets_the_storage_class_of_its_route(s3: Any) -> None:
    side = ServerSide(s3, {})
    etag = side.put(SOURCE, b"A")

    side.store.copy(SOURCE, etag, Target(Location(TARGET.bucket, "cool"), "STANDARD_IA"), if_match=None)

    assert s3.head_object(Bucket=TARGET.bucket, Key="cool")["StorageClass"] == "STANDARD_IA"
