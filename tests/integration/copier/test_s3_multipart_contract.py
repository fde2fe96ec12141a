"""One contract, two multipart stores: the strict fake, and the S3 adapter on an S3 whose gaps are closed."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from services.copier.adapters.s3 import S3ObjectStore
from services.copier.adapters.s3_multipart import S3MultipartStore
from services.copier.adapters.s3_parameters import BucketOwners
from services.copier.model import (
    ConditionRefusedError,
    CopiedPart,
    Location,
    OpenUpload,
    SourceObject,
    Target,
    UploadGoneError,
)
from services.copier.ports import MultipartStore, ObjectStore
from shared.copy_plan import MEBIBYTE, parts
from tests.fakes.s3 import FakeS3

SOURCE = Location("contract-in", "a key+with%20bites/ü.bin")
VERSIONED_SOURCE = Location("contract-versioned", "k")
TARGET = Location("contract-out", "copies/a key+with%20bites/ü.bin")
BYTES_EACH = 5 * MEBIBYTE
BODY = b"a" * BYTES_EACH + b"b" * 1000
PROPERTIES = {
    "CacheControl": "max-age=1",
    "ContentDisposition": "attachment",
    "ContentEncoding": "gzip",
    "ContentLanguage": "de",
    "ContentType": "text/html",
    "Expires": datetime(2037, 10, 21, 7, 28, tzinfo=UTC),
    "Metadata": {"a": "b"},
    "WebsiteRedirectLocation": "/elsewhere",
}


class Side(Protocol):
    """A multipart store, and a way to change what is in it behind its back."""

    store: MultipartStore
    objects: ObjectStore

    def put(self, at: Location, body: bytes) -> None: ...
    def delete(self, at: Location) -> None: ...
    def read(self, at: Location) -> bytes: ...


class FakeSide:
    def __init__(self) -> None:
        self._s3 = FakeS3(lambda: datetime.now(UTC), versioned=(VERSIONED_SOURCE.bucket,))
        self.store: MultipartStore = self._s3
        self.objects: ObjectStore = self._s3

    def put(self, at: Location, body: bytes) -> None:
        self._s3.upload(at.bucket, at.key, body)

    def delete(self, at: Location) -> None:
        self._s3.delete(at.bucket, at.key)

    def read(self, at: Location) -> bytes:
        return self._s3.objects[at].body


class ServerSide:
    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self.store: MultipartStore = S3MultipartStore(s3, BucketOwners({SOURCE.bucket: "123456789012"}))
        self.objects: ObjectStore = S3ObjectStore(s3, BucketOwners({}))

    def put(self, at: Location, body: bytes, **properties: Any) -> None:
        self._s3.put_object(Bucket=at.bucket, Key=at.key, Body=body, **properties)

    def delete(self, at: Location) -> None:
        self._s3.delete_object(Bucket=at.bucket, Key=at.key)

    def read(self, at: Location) -> bytes:
        return bytes(self._s3.get_object(Bucket=at.bucket, Key=at.key)["Body"].read())


@pytest.fixture(scope="module")
def s3(client_of: Callable[[str], Any]) -> Any:
    client = client_of("s3")
    for bucket in (SOURCE.bucket, TARGET.bucket, VERSIONED_SOURCE.bucket):
        client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=VERSIONED_SOURCE.bucket, VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture(params=["fake", "server"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "fake":
        yield FakeSide()
        return
    server_side = ServerSide(request.getfixturevalue("s3"))
    yield server_side
    for place in (SOURCE, TARGET, VERSIONED_SOURCE):
        server_side.delete(place)


def begin(side: Side, source: Location = SOURCE, target: Target | None = None) -> OpenUpload:
    found = found_at(side, source)
    to = target or Target(TARGET)
    upload_id = side.store.begin(source, found, to, checksum_algorithm="CRC64NVME")
    return OpenUpload(upload_id, source, found.etag, found.version_id, to, found.size, BYTES_EACH)


def found_at(side: Side, source: Location) -> SourceObject:
    found = side.objects.head_source(source)
    assert found is not None
    return found


def copy_all(side: Side, upload: OpenUpload) -> list[CopiedPart]:
    return [side.store.copy_part(upload, part) for part in parts(upload.size, BYTES_EACH)]


def test_all_parts_make_the_object(side: Side) -> None:
    side.put(SOURCE, BODY)
    upload = begin(side)

    result = side.store.complete(upload, copy_all(side, upload), if_match=None)

    assert side.read(TARGET) == BODY
    assert side.objects.head_destination(TARGET).etag == result.etag
    assert result.etag.endswith("-2")


def test_a_part_is_refused_when_the_source_is_another(side: Side) -> None:
    side.put(SOURCE, BODY)
    upload = begin(side)
    side.put(SOURCE, BODY[::-1])

    with pytest.raises(ConditionRefusedError):
        copy_all(side, upload)
    side.store.abort(upload)


def test_a_part_is_refused_when_the_source_is_gone(side: Side) -> None:
    side.put(SOURCE, BODY)
    upload = begin(side)
    side.delete(SOURCE)

    with pytest.raises(ConditionRefusedError):
        copy_all(side, upload)
    side.store.abort(upload)


def test_a_version_is_copied_though_a_newer_one_is_there(side: Side) -> None:
    side.put(VERSIONED_SOURCE, BODY)
    upload = begin(side, VERSIONED_SOURCE)
    side.put(VERSIONED_SOURCE, b"newer")

    result = side.store.complete(upload, copy_all(side, upload), if_match=None)

    assert side.read(TARGET) == BODY
    assert result.source_version_id == upload.version_id is not None


def test_completing_is_refused_when_the_new_key_was_taken_meanwhile(side: Side) -> None:
    side.put(SOURCE, BODY)
    upload = begin(side)
    copied = copy_all(side, upload)
    side.put(TARGET, b"theirs")

    with pytest.raises(ConditionRefusedError):
        side.store.complete(upload, copied, if_match=None)
    assert side.read(TARGET) == b"theirs"
    side.store.abort(upload)


def test_completing_is_refused_when_the_destination_changed_meanwhile(side: Side) -> None:
    side.put(SOURCE, BODY)
    side.put(TARGET, b"old")
    held = side.objects.head_destination(TARGET).etag
    upload = begin(side)
    copied = copy_all(side, upload)
    side.put(TARGET, b"theirs")

    with pytest.raises(ConditionRefusedError):
        side.store.complete(upload, copied, if_match=held)
    side.store.abort(upload)


def test_parts_that_are_there_are_told(side: Side) -> None:
    side.put(SOURCE, BODY)
    upload = begin(side)
    first = side.store.copy_part(upload, next(parts(upload.size, BYTES_EACH)))

    assert list(side.store.copied_parts(upload)) == [1]
    assert side.store.copied_parts(upload)[1].etag.strip('"') == first.etag.strip('"')
    side.store.abort(upload)


def test_an_upload_that_was_aborted_is_gone_and_aborting_it_again_is_no_error(side: Side) -> None:
    side.put(SOURCE, BODY)
    upload = begin(side)
    side.store.abort(upload)

    side.store.abort(upload)
    with pytest.raises(UploadGoneError):
        side.store.copied_parts(upload)


def dressed(s3: Any, tags: dict[str, str]) -> Any:
    side = ServerSide(s3)
    tagging = "&".join(f"{key}={value}" for key, value in tags.items())
    side.put(SOURCE, BODY, Tagging=tagging, **PROPERTIES)
    upload = begin(side, target=Target(TARGET, "STANDARD_IA", redirect="/elsewhere"))
    side.store.complete(upload, copy_all(side, upload), if_match=None)
    head = s3.head_object(Bucket=TARGET.bucket, Key=TARGET.key)
    tag_set = s3.get_object_tagging(Bucket=TARGET.bucket, Key=TARGET.key)["TagSet"]
    side.delete(TARGET)
    return head, {tag["Key"]: tag["Value"] for tag in tag_set}


def test_every_property_is_carried_over(s3: Any) -> None:
    head, tags = dressed(s3, {"team": "devops"})

    told = dict(head) | {"Expires": PROPERTIES["Expires"]}
    assert {name: told[name] for name in PROPERTIES} == PROPERTIES
    assert head["ExpiresString"] == "Wed, 21 Oct 2037 07:28:00 GMT"
    assert head["StorageClass"] == "STANDARD_IA"
    assert tags == {"team": "devops"}


def test_tags_that_no_header_can_carry_are_carried_over_too(s3: Any) -> None:
    tags = {f"{number}{'k' * 100}": "v" * 200 for number in range(10)}

    assert dressed(s3, tags)[1] == tags
