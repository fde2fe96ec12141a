"""Whether a dead letter's upload is still the one to copy, by what S3 tells of its source."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from msgspec import structs

from ops.aws.object_reads import why_not
from ops.dlq.freshness import Freshness, Sources
from shared.errors import CopytrailError
from shared.events import Upload
from shared.routes import Route

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
A, B = "a" * 32, "b" * 32


@dataclass
class FakeHeads:
    """HeadObject: what is under a key, or under a key and a version id, or the status that S3 answers with."""

    found: dict[tuple[str, str], dict[str, Any] | str] = field(default_factory=dict)

    def put(self, key: str, etag: str, *, version_id: str = "", size: int = 4, at: datetime = NOON) -> None:
        """An object, as S3 tells of it: its ETag in quotes."""
        told = {"ETag": f'"{etag}"', "ContentLength": size, "LastModified": at}
        self.found[key, ""] = told | ({"VersionId": version_id} if version_id else {})

    def head_object(self, *, Bucket: str, Key: str, VersionId: str = "") -> dict[str, Any]:  # noqa: N803 - boto3's
        """What is there."""
        found = self.found.get((Key, VersionId), "404") if Bucket == "in" else "404"
        if isinstance(found, str):
            raise ClientError({"Error": {"Code": found, "Message": "?"}}, "HeadObject")
        return found

    def head_bucket(self, *, Bucket: str) -> None:  # noqa: N803 - boto3's
        """One bucket is there."""
        if Bucket != "in":
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadBucket")


UPLOAD = Upload(bucket="in", key="a.csv", etag=A, size=4, uploaded_at=NOON)
DELETION = structs.replace(UPLOAD, etag="", size=0)


@pytest.fixture
def heads() -> FakeHeads:
    return FakeHeads()


def freshness(heads: FakeHeads, upload: Upload, *routes: Route) -> Freshness:
    return Sources(heads, routes).freshness(upload)  # type: ignore[arg-type]  # as much of a client as is needed


def test_an_upload_that_is_there_is_current(heads: FakeHeads) -> None:
    heads.put("a.csv", A)
    assert freshness(heads, UPLOAD) is Freshness.CURRENT


def test_an_upload_under_whose_key_is_another_etag_is_superseded(heads: FakeHeads) -> None:
    heads.put("a.csv", B)
    assert freshness(heads, UPLOAD) is Freshness.SUPERSEDED


def test_an_upload_whose_key_is_empty_is_deleted(heads: FakeHeads) -> None:
    assert freshness(heads, UPLOAD) is Freshness.SOURCE_DELETED


def test_the_version_id_tells_equal_bytes_apart(heads: FakeHeads) -> None:
    heads.put("a.csv", A, version_id="v2")
    assert freshness(heads, structs.replace(UPLOAD, version_id="v1")) is Freshness.SUPERSEDED
    assert freshness(heads, structs.replace(UPLOAD, version_id="v2")) is Freshness.CURRENT


def test_the_version_id_null_tells_nothing_apart(heads: FakeHeads) -> None:
    heads.put("a.csv", A, version_id="null")
    assert freshness(heads, structs.replace(UPLOAD, version_id="v1")) is Freshness.CURRENT


def test_a_deletion_is_current_while_its_key_is_empty(heads: FakeHeads) -> None:
    assert freshness(heads, DELETION) is Freshness.CURRENT
    heads.put("a.csv", A)
    assert freshness(heads, DELETION) is Freshness.SUPERSEDED


def test_of_a_route_of_every_version_an_older_one_is_current_as_long_as_it_is_kept(heads: FakeHeads) -> None:
    every = Route(source_bucket="in", destination_bucket="out", versions="every")
    older = structs.replace(UPLOAD, version_id="v1")
    heads.put("a.csv", B, version_id="v2")
    heads.found["a.csv", "v1"] = {"ETag": f'"{A}"', "ContentLength": 4, "LastModified": NOON, "VersionId": "v1"}
    assert freshness(heads, older, every) is Freshness.CURRENT
    assert freshness(heads, older) is Freshness.SUPERSEDED


@pytest.mark.parametrize("status", ["404", "405"])
def test_of_a_route_of_every_version_one_that_is_gone_is_deleted(heads: FakeHeads, status: str) -> None:
    every = Route(source_bucket="in", destination_bucket="out", versions="every")
    heads.put("a.csv", B, version_id="v2")
    heads.found["a.csv", "v1"] = status
    assert freshness(heads, structs.replace(UPLOAD, version_id="v1"), every) is Freshness.SOURCE_DELETED


@pytest.mark.parametrize("status", ["400", "403", "405", "500", "503"])
def test_what_s3_does_not_tell_is_not_known(heads: FakeHeads, status: str) -> None:
    heads.found["a.csv", ""] = status
    with pytest.raises(CopytrailError) as raised:
        freshness(heads, UPLOAD)
    assert why_not(raised.value).startswith("s3:GetObject on s3://in/a.csv: ?")


def test_of_a_bucket_that_is_not_there_nothing_is_known(heads: FakeHeads) -> None:
    with pytest.raises(CopytrailError) as raised:
        freshness(heads, structs.replace(UPLOAD, bucket="gone"))
    assert why_not(raised.value) == "s3:GetObject on s3://gone/a.csv: the bucket does not exist (NoSuchBucket)"


def test_a_key_is_taken_raw(heads: FakeHeads) -> None:
    heads.put("100%20sure+.txt", A)
    heads.put("100 sure .txt", B)
    assert freshness(heads, structs.replace(UPLOAD, key="100%20sure+.txt")) is Freshness.CURRENT


def test_a_key_that_came_encoded_is_found_under_the_decoded_key(heads: FakeHeads) -> None:
    heads.put("a b.csv", A)
    assert freshness(heads, structs.replace(UPLOAD, key="a%20b.csv")) is Freshness.CURRENT


@pytest.mark.parametrize("other", [{"etag": B}, {"size": 5}, {"at": NOON + timedelta(seconds=1)}], ids=str)
def test_another_upload_under_the_decoded_key_is_not_the_one_that_was_meant(
    heads: FakeHeads, other: dict[str, Any]
) -> None:
    heads.put("a b.csv", **{"etag": A, **other})
    assert freshness(heads, structs.replace(UPLOAD, key="a%20b.csv")) is Freshness.SOURCE_DELETED
