"""One contract, two version stores: the fake, and the S3 adapter on an S3 whose gaps are closed."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import NamedTuple

import boto3
import pytest

from localaws.server import MotoServer
from services.copier.adapters.s3 import S3ObjectStore
from services.copier.adapters.s3_parameters import BucketOwners
from services.copier.model import ConditionRefusedError, Location, Target, Version
from services.copier.ports import VersionStore
from tests.fakes.placements import FakeVersionedS3

KEY = "a key+with%20bites/ü.txt"
TARGET = Target(Location("versions-out", KEY))
_names = count()


class Side(NamedTuple):
    """A version store, a source key of its own, and a way to upload it and remove a version."""

    store: VersionStore
    source: Location
    put: Callable[[bytes], Version]
    remove: Callable[[Version], object]


@pytest.fixture(scope="module")
def endpoint_url() -> Iterator[str]:
    with MotoServer() as server:
        yield server.endpoint_url


@pytest.fixture(params=["fake", "server"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "fake":
        fake = FakeVersionedS3(lambda: datetime.now(UTC), versioned=("versions-in", "versions-out"))
        source = Location("versions-in", KEY)

        def upload(body: bytes) -> Version:
            made = fake.upload(source.bucket, source.key, body)
            return Version(made.version_id or "", "", made.etag, made.size)

        yield Side(fake, source, upload, lambda version: fake.versions.pop((source, version.id)))
        return
    client = boto3.client(
        "s3",
        endpoint_url=request.getfixturevalue("endpoint_url"),
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    source = Location(f"versions-in-{next(_names)}", KEY)
    for bucket in (source.bucket, TARGET.location.bucket):
        client.create_bucket(Bucket=bucket)
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    client.delete_object(Bucket=TARGET.location.bucket, Key=KEY)

    def put(body: bytes) -> Version:
        made = client.put_object(Bucket=source.bucket, Key=source.key, Body=body)
        client.put_object(Bucket=source.bucket, Key=f"{source.key}.longer", Body=b"a neighbour")
        return Version(made["VersionId"], "", made["ETag"].strip('"'), len(body))

    yield Side(
        S3ObjectStore(client, BucketOwners({})),
        source,
        put,
        lambda version: client.delete_object(Bucket=source.bucket, Key=source.key, VersionId=version.id),
    )
    client.close()


def test_an_older_version_is_copied_by_its_id(side: Side) -> None:
    older, _ = side.put(b"A"), side.put(b"B")

    copy = side.store.copy(side.source, older.etag, TARGET, if_match=None, version_id=older.id)

    current = side.store.current_version(TARGET.location)
    assert current is not None
    assert (copy.etag, copy.source_version_id) == (older.etag, older.id)
    assert (current.etag, current.version_id, current.size) == (older.etag, copy.version_id, 1)


def test_a_copy_is_refused_when_the_destination_is_not_as_it_was_read(side: Side) -> None:
    older, newer = side.put(b"A"), side.put(b"B")
    side.store.copy(side.source, newer.etag, TARGET, if_match=None, version_id=newer.id)

    for if_match in (None, older.etag):
        with pytest.raises(ConditionRefusedError):
            side.store.copy(side.source, older.etag, TARGET, if_match=if_match, version_id=older.id)


def test_a_removed_version_is_nothing_and_cannot_be_copied(side: Side) -> None:
    removed = side.put(b"A")
    side.put(b"B")
    side.remove(removed)

    assert side.store.head_source(side.source, removed.id) is None
    with pytest.raises(ConditionRefusedError):
        side.store.copy(side.source, removed.etag, TARGET, if_match=None, version_id=removed.id)


def test_one_version_is_told_by_its_id(side: Side) -> None:
    older, _ = side.put(b"A"), side.put(b"BB")

    found = side.store.head_source(side.source, older.id)

    assert found is not None
    assert (found.etag, found.version_id, found.size) == (older.etag, older.id, 1)


def test_a_destination_without_an_object_holds_nothing(side: Side) -> None:
    assert side.store.current_version(TARGET.location) is None


def test_older_versions_of_the_same_key_come_newest_first(side: Side) -> None:
    made = [side.put(body) for body in (b"A", b"BB", b"CCC", b"DDDD")]

    listed = list(side.store.older_versions(side.source, made[2].id))

    assert [(version.id, version.etag, version.size) for version in listed] == [
        (version.id, version.etag, version.size) for version in (made[1], made[0])
    ]
    assert list(side.store.older_versions(side.source, made[0].id)) == []
