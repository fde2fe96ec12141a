"""Delete markers: the strict fake, and the S3 adapter on an S3 whose gaps are closed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.copier.adapters.s3 import S3ObjectStore
from services.copier.adapters.s3_parameters import BucketOwners
from services.copier.model import ConditionRefusedError, Location
from services.copier.ports import DeletingStore
from tests.fakes.s3 import FakeS3

KEPT = Location("contract-kept", "a key+with%20bites/ü.txt")
PLAIN = Location("contract-plain", "k")


class Side:
    """A store, and a way to put objects behind its back."""

    def __init__(self, store: DeletingStore, s3: Any) -> None:
        self.store = store
        self._s3 = s3

    def put(self, at: Location, body: bytes) -> str:
        if isinstance(self._s3, FakeS3):
            return self._s3.upload(at.bucket, at.key, body).etag
        return str(self._s3.put_object(Bucket=at.bucket, Key=at.key, Body=body)["ETag"]).strip('"')


@pytest.fixture(params=["fake", "server"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "fake":
        fake = FakeS3(lambda: datetime.now(UTC), versioned=(KEPT.bucket,))
        yield Side(fake, fake)
        return
    client = request.getfixturevalue("client_of")("s3")
    for place in (KEPT, PLAIN):
        client.create_bucket(Bucket=place.bucket)
    client.put_bucket_versioning(Bucket=KEPT.bucket, VersioningConfiguration={"Status": "Enabled"})
    yield Side(S3ObjectStore(client, BucketOwners({})), client)
    client.delete_object(Bucket=KEPT.bucket, Key=KEPT.key)


def test_a_bucket_tells_whether_it_keeps_versions(side: Side) -> None:
    assert side.store.keeps_versions(KEPT.bucket)
    assert not side.store.keeps_versions(PLAIN.bucket)


def test_a_marker_hides_the_object_and_has_a_version_of_its_own(side: Side) -> None:
    etag = side.put(KEPT, b"A")

    assert side.store.put_delete_marker(KEPT, if_match=etag)
    assert side.store.head_destination(KEPT).etag is None


def test_a_marker_is_refused_when_the_destination_has_changed(side: Side) -> None:
    etag = side.put(KEPT, b"A")
    newer = side.put(KEPT, b"B")

    with pytest.raises(ConditionRefusedError):
        side.store.put_delete_marker(KEPT, if_match=etag)
    assert side.store.head_destination(KEPT).etag == newer


def test_a_marker_is_refused_when_there_is_nothing_to_hide(side: Side) -> None:
    with pytest.raises(ConditionRefusedError):
        side.store.put_delete_marker(KEPT, if_match="d41d8cd98f00b204e9800998ecf8427e")
