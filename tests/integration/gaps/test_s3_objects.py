"""Objects on the emulated S3: their keys as they are, their dates, their checksums, uploads in parts."""

from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.gaps import s3_copies

_SOURCE = {"Bucket": "source", "Key": "key"}
_DESTINATION = {"Bucket": "destination", "Key": "key"}
# Its checksums are published as check values of the algorithms.
_CHECKED = b"123456789"

KEYS = [
    "with space",
    "plus+sign",
    "percent%20sign",
    "ünïcödé/日本語/🦊",
    "\"double\" 'single'",
    "folder/",
    "/leading",
    "twice//slashed",
    "dots/../and/./dots",
    "semi;colon,comma&amp=equals?question#hash",
    "back\\slash|<id>{curly}^~`",
    "k" * 1024,
    "é" * 512,
]


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_a_key_is_stored_copied_listed_and_told_of_as_it_is(aws: Any, key: str) -> None:
    aws.make_source_and_destination()
    queue = aws.make_queue()
    aws.make_rule({"source": ["aws.s3"]})

    aws.s3.put_object(Bucket="source", Key=key, Body=b"body")
    aws.s3.copy_object(Bucket="destination", Key=key, CopySource={"Bucket": "source", "Key": key})

    assert aws.s3.get_object(Bucket="destination", Key=key)["Body"].read() == b"body"
    assert [found["Key"] for found in aws.s3.list_objects_v2(Bucket="destination")["Contents"]] == [key]
    assert [event["detail"]["object"]["key"] for event in aws.events_in(queue)] == [key]


@pytest.mark.parametrize("key", ["folder/", "empty"])
def test_an_object_of_no_bytes_is_an_object(aws: Any, key: str) -> None:
    aws.make_source_and_destination()
    aws.s3.put_object(Bucket="source", Key=key)

    aws.s3.copy_object(Bucket="destination", Key=key, CopySource={"Bucket": "source", "Key": key})

    assert aws.s3.head_object(Bucket="destination", Key=key)["ContentLength"] == 0


def test_a_key_over_1024_bytes_is_refused(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()

    with pytest.raises(ClientError) as refused:
        gap_aws.s3.put_object(Bucket="source", Key="é" * 512 + "x", Body=b"")

    assert refused.value.response["Error"]["Code"] == "KeyTooLongError"


def test_a_missing_key_is_404_and_every_answer_has_the_clock_of_s3(aws: Any) -> None:
    aws.make_source_and_destination()

    with pytest.raises(ClientError) as missing:
        aws.s3.head_object(**_SOURCE)

    response = missing.value.response["ResponseMetadata"]
    assert response["HTTPStatusCode"] == 404
    assert abs((parsedate_to_datetime(response["HTTPHeaders"]["date"]) - datetime.now(UTC)).total_seconds()) < 60


def test_an_object_has_its_checksum_and_the_type_of_it(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    put = gap_aws.s3.put_object(**_SOURCE, Body=b"body")
    gap_aws.s3.copy_object(**_DESTINATION, CopySource=_SOURCE)

    source = gap_aws.s3.head_object(**_SOURCE, ChecksumMode="ENABLED")
    copied = gap_aws.s3.head_object(**_DESTINATION, ChecksumMode="ENABLED")

    assert source["ChecksumCRC32"] == copied["ChecksumCRC32"] == put["ChecksumCRC32"]
    assert source["ChecksumType"] == copied["ChecksumType"] == "FULL_OBJECT"


def test_a_checksum_is_not_looked_for_in_the_users_own_bytes(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    body = b"x-amz-checksum-crc32:AAAAAA==\r\n" + b"x" * 2000

    # A client that names the algorithm and gives no value, before the body or after it.
    gap_aws.s3.meta.events.register(
        "before-sign.s3.PutObject", lambda request, **_: request.headers.__delitem__("x-amz-checksum-crc32")
    )
    gap_aws.s3.put_object(**_SOURCE, Body=body)

    assert gap_aws.s3.head_object(**_SOURCE, ChecksumMode="ENABLED")["ChecksumCRC32"] != "AAAAAA=="


def _upload(aws: Any, **more: Any) -> str:
    return str(aws.s3.create_multipart_upload(**_DESTINATION, **more)["UploadId"])


def _copy_part(aws: Any, upload: str, **more: Any) -> Any:
    return aws.s3.upload_part_copy(**_DESTINATION, UploadId=upload, PartNumber=1, CopySource=_SOURCE, **more)


def _complete(aws: Any, upload: str, etag: str, **more: Any) -> Any:
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    return aws.s3.complete_multipart_upload(**_DESTINATION, UploadId=upload, MultipartUpload=parts, **more)


def test_a_part_is_not_copied_from_a_source_with_another_etag(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_SOURCE, Body=b"body")
    upload = _upload(gap_aws)

    with pytest.raises(ClientError) as refused:
        _copy_part(gap_aws, upload, CopySourceIfMatch='"0123456789abcdef0123456789abcdef"')

    assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
    assert "Parts" not in gap_aws.s3.list_parts(**_DESTINATION, UploadId=upload)


def test_a_part_may_be_cut_from_a_source_over_the_limit_of_one_copy(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_copies, "largest_copy_source", 10)
    aws.make_source_and_destination()
    aws.s3.put_object(**_SOURCE, Body=b"0123456789abcdef")
    upload = _upload(aws)

    part = _copy_part(aws, upload, CopySourceRange="bytes=6-15")["CopyPartResult"]["ETag"]
    _complete(aws, upload, part)

    assert aws.s3.get_object(**_DESTINATION)["Body"].read() == b"6789abcdef"


def test_a_part_beyond_the_end_of_its_source_is_refused(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_SOURCE, Body=b"body")
    upload = _upload(gap_aws)

    with pytest.raises(ClientError) as refused:
        _copy_part(gap_aws, upload, CopySourceRange="bytes=0-4")

    assert refused.value.response["Error"]["Code"] == "InvalidArgument"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_upload_that_was_aborted_takes_no_part(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_SOURCE, Body=b"body")
    upload = _upload(gap_aws)
    gap_aws.s3.abort_multipart_upload(**_DESTINATION, UploadId=upload)

    with pytest.raises(ClientError) as refused:
        _copy_part(gap_aws, upload)

    assert refused.value.response["Error"]["Code"] == "NoSuchUpload"


def test_completing_an_upload_over_another_object_than_expected_is_refused(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_SOURCE, Body=b"new")
    gap_aws.s3.put_object(**_DESTINATION, Body=b"old")
    upload = _upload(gap_aws)
    part = _copy_part(gap_aws, upload)["CopyPartResult"]["ETag"]

    with pytest.raises(ClientError) as refused:
        _complete(gap_aws, upload, part, IfMatch='"0123456789abcdef0123456789abcdef"')

    assert refused.value.response["Error"]["Code"] == "PreconditionFailed"
    assert gap_aws.s3.get_object(**_DESTINATION)["Body"].read() == b"old"


def test_completing_an_upload_of_another_size_than_expected_is_refused(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_SOURCE, Body=b"body")
    upload = _upload(gap_aws)
    part = _copy_part(gap_aws, upload)["CopyPartResult"]["ETag"]

    with pytest.raises(ClientError) as refused:
        _complete(gap_aws, upload, part, MpuObjectSize=5)

    assert refused.value.response["Error"]["Code"] == "InvalidRequest"
    _complete(gap_aws, upload, part, MpuObjectSize=4)


def test_an_upload_in_parts_is_dated_by_its_beginning(aws: Any) -> None:
    aws.make_source_and_destination()
    aws.s3.put_object(**_SOURCE, Body=b"body")
    upload = _upload(aws)
    initiated = aws.s3.list_multipart_uploads(Bucket="destination")
    part = _copy_part(aws, upload)["CopyPartResult"]["ETag"]

    _complete(aws, upload, part)

    assert initiated["Uploads"][0]["UploadId"] == upload
    assert aws.s3.head_object(**_DESTINATION)["LastModified"] <= datetime.now(UTC)


def test_an_object_without_a_checksum_gets_that_of_s3(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    _put_raw(gap_aws, _CHECKED, {})

    head = gap_aws.s3.head_object(**_SOURCE, ChecksumMode="ENABLED")

    assert (head["ChecksumCRC64NVME"], head["ChecksumType"]) == ("rosUhgp5mIg=", "FULL_OBJECT")


def test_a_copy_tells_the_type_of_its_checksum(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_SOURCE, Body=_CHECKED, ChecksumAlgorithm="CRC32C")

    copied = gap_aws.s3.copy_object(**_DESTINATION, CopySource=_SOURCE)["CopyObjectResult"]

    assert (copied["ChecksumCRC32C"], copied["ChecksumType"]) == ("4waSgw==", "FULL_OBJECT")


@pytest.mark.parametrize(
    ("algorithm", "kind", "told"),
    [
        ("CRC32", "FULL_OBJECT", "y/Q5Jg=="),
        ("CRC32C", "FULL_OBJECT", "4waSgw=="),
        ("CRC32C", "COMPOSITE", "pzJFoA==-1"),
        ("CRC64NVME", "FULL_OBJECT", "rosUhgp5mIg="),
    ],
)
def test_completing_an_upload_tells_its_checksum(gap_aws: Any, algorithm: str, kind: str, told: str) -> None:
    gap_aws.make_source_and_destination()
    upload = gap_aws.s3.create_multipart_upload(**_DESTINATION, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    place = {**_DESTINATION, "UploadId": upload["UploadId"]}
    gap_aws.s3.put_object(**_SOURCE, Body=_CHECKED)
    part = gap_aws.s3.upload_part_copy(**place, PartNumber=1, CopySource=_SOURCE)["CopyPartResult"]

    completed = gap_aws.s3.complete_multipart_upload(
        **place, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    )

    assert (completed[f"Checksum{algorithm}"], completed["ChecksumType"]) == (told, kind)
    assert gap_aws.s3.head_object(**_DESTINATION, ChecksumMode="ENABLED")[f"Checksum{algorithm}"] == told


@pytest.mark.parametrize(("algorithm", "kind"), [("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")])
def test_no_upload_begins_with_a_checksum_that_parts_cannot_give(gap_aws: Any, algorithm: str, kind: str) -> None:
    gap_aws.make_source_and_destination()

    with pytest.raises(ClientError) as refused:
        gap_aws.s3.create_multipart_upload(**_DESTINATION, ChecksumAlgorithm=algorithm, ChecksumType=kind)

    assert refused.value.response["Error"]["Code"] == "InvalidRequest"


@pytest.mark.parametrize("call", ["HEAD", "GET", "CopyObject", "UploadPartCopy"])
@pytest.mark.parametrize("in_parts", [False, True], ids=["in one request", "in parts"])
def test_an_object_under_a_customers_key_is_read_by_nobody_without_it(gap_aws: Any, call: str, in_parts: bool) -> None:
    gap_aws.make_source_and_destination()
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"0" * 32}
    if in_parts:
        upload = gap_aws.s3.create_multipart_upload(**_SOURCE, **key)["UploadId"]
        part = gap_aws.s3.upload_part(**_SOURCE, **key, UploadId=upload, PartNumber=1, Body=_CHECKED)["ETag"]
        gap_aws.s3.complete_multipart_upload(
            **_SOURCE, UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]}
        )
    else:
        gap_aws.s3.put_object(**_SOURCE, **key, Body=_CHECKED)
    to = gap_aws.s3.create_multipart_upload(**_DESTINATION)["UploadId"]

    calls = {
        "HEAD": lambda: gap_aws.s3.head_object(**_SOURCE),
        "GET": lambda: gap_aws.s3.get_object(**_SOURCE),
        "CopyObject": lambda: gap_aws.s3.copy_object(**_DESTINATION, CopySource=_SOURCE),
        "UploadPartCopy": lambda: gap_aws.s3.upload_part_copy(
            **_DESTINATION, UploadId=to, PartNumber=1, CopySource=_SOURCE
        ),
    }
    with pytest.raises(ClientError) as refused:
        calls[call]()

    assert refused.value.response["Error"]["Code"] == ("400" if call == "HEAD" else "InvalidRequest")
    assert gap_aws.s3.head_object(**_SOURCE, **key)["ContentLength"] == len(_CHECKED)


def test_metadata_that_is_no_ascii_comes_back_as_rfc_2047_says(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    headers = {"x-amz-meta-raw": "ü €".encode(), "x-amz-meta-encoded": "=?UTF-8?Q?=C3=BC_=E2=82=AC?="}
    _put_raw(gap_aws, b"", headers)

    metadata = gap_aws.s3.head_object(**_SOURCE)["Metadata"]

    assert metadata == {"raw": "=?UTF-8?B?w7wg4oKs?=", "encoded": "=?UTF-8?B?w7wg4oKs?="}


@pytest.mark.parametrize("key", ["a\x01", "a\ufffe", "a+b%20 c/\r"])
def test_versions_of_any_key_are_listed_by_its_encoded_name(gap_aws: Any, key: str) -> None:
    gap_aws.make_source_and_destination(versioned=True)
    gap_aws.s3.put_object(Bucket="source", Key=key, Body=b"1")

    [version] = gap_aws.s3.list_object_versions(Bucket="source", Prefix=key)["Versions"]

    assert version["Key"] == key


@pytest.mark.parametrize("listing", ["list_objects", "list_objects_v2", "list_object_versions"])
def test_a_listing_of_a_bucket_that_is_not_there_says_so(aws: Any, listing: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(aws.s3, listing)(Bucket="nobodys")

    assert refused.value.response["Error"]["Code"] == "NoSuchBucket"


def test_a_listing_repeats_where_it_began_by_its_encoded_name(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(Bucket="source", Key="b")

    listed = gap_aws.s3.list_objects_v2(Bucket="source", StartAfter="a+%20\x01")

    assert (listed["StartAfter"], [item["Key"] for item in listed["Contents"]]) == ("a+%20\x01", ["b"])


def _put_raw(aws: Any, body: bytes, headers: dict[str, Any]) -> None:
    """PutObject as no SDK sends it: without a checksum, and header values as they are."""
    with closing(HTTPConnection("localhost", aws.server.port)) as connection:
        connection.request("PUT", "/source/key", body, {"Content-Type": "application/octet-stream", **headers})
        assert connection.getresponse().status == 200
