"""CopyObject on the emulated S3 keeps S3's conditions and takes along what S3 takes along."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import S3Backend

from localaws.gaps import s3_copies

_FROM_SOURCE = {"Bucket": "source", "Key": "key"}
_TO_DESTINATION = {"Bucket": "destination", "Key": "key"}


def _status_and_code(error: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def _copy(aws: Any, **more: Any) -> Any:
    return aws.s3.copy_object(**{**_TO_DESTINATION, "CopySource": _FROM_SOURCE, **more})


def _body(aws: Any) -> bytes:
    return bytes(aws.s3.get_object(**_TO_DESTINATION)["Body"].read())


def test_a_copy_is_refused_when_the_source_has_another_etag(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    first = gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"first")["ETag"]
    gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"second")

    with pytest.raises(ClientError) as refused:
        _copy(gap_aws, CopySourceIfMatch=first)

    assert _status_and_code(refused) == (412, "PreconditionFailed")
    assert "Contents" not in gap_aws.s3.list_objects_v2(Bucket="destination")


def test_a_copy_is_made_when_the_source_has_the_etag_with_or_without_quotes(aws: Any) -> None:
    aws.make_source_and_destination()
    etag = aws.s3.put_object(**_FROM_SOURCE, Body=b"body")["ETag"]

    _copy(aws, CopySourceIfMatch=etag)
    _copy(aws, CopySourceIfMatch=etag.strip('"'))

    assert _body(aws) == b"body"


def test_a_copy_to_a_key_that_must_be_new_is_refused_when_it_is_not(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"new")
    gap_aws.s3.put_object(**_TO_DESTINATION, Body=b"old")

    with pytest.raises(ClientError) as refused:
        _copy(gap_aws, IfNoneMatch="*")

    assert _status_and_code(refused) == (412, "PreconditionFailed")
    assert _body(gap_aws) == b"old"


def test_a_copy_over_another_object_than_expected_is_refused(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"new")
    gap_aws.s3.put_object(**_TO_DESTINATION, Body=b"old")

    with pytest.raises(ClientError) as refused:
        _copy(gap_aws, IfMatch='"0123456789abcdef0123456789abcdef"')

    assert _status_and_code(refused) == (412, "PreconditionFailed")
    assert _body(gap_aws) == b"old"


def test_a_copy_over_the_object_that_is_expected_is_made(aws: Any) -> None:
    aws.make_source_and_destination()
    aws.s3.put_object(**_FROM_SOURCE, Body=b"new")
    old = aws.s3.put_object(**_TO_DESTINATION, Body=b"old")["ETag"]

    _copy(aws, IfMatch=old)

    assert _body(aws) == b"new"


def test_a_copy_over_an_object_that_is_gone_is_refused_as_not_found(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"new")

    with pytest.raises(ClientError) as refused:
        _copy(gap_aws, IfMatch='"0123456789abcdef0123456789abcdef"')

    assert _status_and_code(refused) == (404, "NoSuchKey")


def test_a_delete_marker_is_no_object_to_either_condition(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination(versioned=True)
    gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"new")
    old = gap_aws.s3.put_object(**_TO_DESTINATION, Body=b"old")["ETag"]
    gap_aws.s3.delete_object(**_TO_DESTINATION)

    with pytest.raises(ClientError) as refused:
        _copy(gap_aws, IfMatch=old)
    _copy(gap_aws, IfNoneMatch="*")

    assert _status_and_code(refused) == (404, "NoSuchKey")
    assert _body(gap_aws) == b"new"


def test_of_two_copies_at_once_to_a_new_key_exactly_one_is_made(
    gap_aws: Any, at_once: Callable[..., list[Any]], meeting_point: Callable[[Any, str], None]
) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"body")
    meeting_point(S3Backend, "copy_object")

    results = at_once(*[lambda: _copy(gap_aws, IfNoneMatch="*")] * 2)

    refused = [result for result in results if isinstance(result, ClientError)]
    assert [error.response["Error"]["Code"] for error in refused] == ["PreconditionFailed"]


def test_of_two_puts_at_once_to_a_new_key_exactly_one_is_made(
    gap_aws: Any, at_once: Callable[..., list[Any]], meeting_point: Callable[[Any, str], None]
) -> None:
    gap_aws.make_source_and_destination()
    meeting_point(S3Backend, "put_object")

    results = at_once(*[lambda: gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"body", IfNoneMatch="*")] * 2)

    refused = [result for result in results if isinstance(result, ClientError)]
    assert [error.response["Error"]["Code"] for error in refused] == ["PreconditionFailed"]


@pytest.mark.parametrize("expectation", ["ExpectedBucketOwner", "ExpectedSourceBucketOwner"])
def test_a_copy_that_expects_another_owner_is_refused(gap_aws: Any, expectation: str) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"body")

    with pytest.raises(ClientError) as refused:
        _copy(gap_aws, **{expectation: "000000000000"})

    assert _status_and_code(refused) == (403, "AccessDenied")


@pytest.mark.parametrize("call", ["head_object", "get_object", "get_object_tagging", "list_objects_v2"])
def test_every_call_that_expects_another_owner_is_refused(gap_aws: Any, call: str) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"body")
    target = {"Bucket": "source"} if call == "list_objects_v2" else _FROM_SOURCE

    with pytest.raises(ClientError) as refused:
        getattr(gap_aws.s3, call)(**target, ExpectedBucketOwner="000000000000")

    assert _status_and_code(refused)[0] == 403


def test_a_copy_that_expects_the_right_owners_is_made(aws: Any) -> None:
    aws.make_source_and_destination()
    aws.s3.put_object(**_FROM_SOURCE, Body=b"body")

    _copy(aws, ExpectedBucketOwner="123456789012", ExpectedSourceBucketOwner="123456789012")

    assert _body(aws) == b"body"


def test_an_object_over_the_limit_is_not_copied_in_one_request(gap_aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_copies, "largest_copy_source", 10)
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"x" * 11)

    with pytest.raises(ClientError) as refused:
        _copy(gap_aws)

    assert _status_and_code(refused) == (400, "InvalidRequest")
    assert "copy source: 10" in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_is_not_copied(gap_aws: Any, storage_class: str) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"cold", StorageClass=storage_class)

    with pytest.raises(ClientError) as refused:
        _copy(gap_aws)

    assert _status_and_code(refused) == (403, "InvalidObjectState")


def test_a_restored_object_is_copied_and_its_storage_class_is_not(aws: Any) -> None:
    aws.make_source_and_destination()
    aws.s3.put_object(**_FROM_SOURCE, Body=b"cold", StorageClass="GLACIER")
    aws.s3.restore_object(**_FROM_SOURCE, RestoreRequest={"Days": 1})

    _copy(aws)

    assert _body(aws) == b"cold"
    assert "StorageClass" not in aws.s3.head_object(**_TO_DESTINATION)


def test_a_copy_keeps_content_headers_metadata_and_tags(aws: Any) -> None:
    aws.make_source_and_destination()
    properties = {
        "ContentType": "text/csv",
        "CacheControl": "no-cache",
        "ContentDisposition": 'attachment; filename="a.csv"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
    }
    aws.s3.put_object(
        **_FROM_SOURCE,
        Body=b"body",
        **properties,
        Expires="Thu, 01 Dec 2033 16:00:00 GMT",
        Metadata={"two-words": "a b", "under_score": "1"},
        Tagging="team=devops&note=a%20b",
    )
    source = aws.s3.head_object(**_FROM_SOURCE)

    _copy(aws)

    copied = aws.s3.head_object(**_TO_DESTINATION)
    assert {name: copied[name] for name in properties} == properties
    assert copied["Metadata"] == {"two-words": "a b", "under_score": "1"}
    assert copied["ExpiresString"] == source["ExpiresString"]
    tags = aws.s3.get_object_tagging(**_TO_DESTINATION)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "devops", "note": "a b"}


def test_a_copy_does_not_keep_the_tags_of_the_object_it_overwrites(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"new", Tagging="a=1")
    gap_aws.s3.put_object(**_TO_DESTINATION, Body=b"old", Tagging="b=2")

    _copy(gap_aws)

    assert gap_aws.s3.get_object_tagging(**_TO_DESTINATION)["TagSet"] == [{"Key": "a", "Value": "1"}]


def test_a_copy_has_no_website_redirect_of_its_source(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.s3.put_object(**_FROM_SOURCE, Body=b"body", WebsiteRedirectLocation="/elsewhere")

    _copy(gap_aws)

    assert gap_aws.s3.head_object(**_FROM_SOURCE)["WebsiteRedirectLocation"] == "/elsewhere"
    assert "WebsiteRedirectLocation" not in gap_aws.s3.head_object(**_TO_DESTINATION)


def test_a_copy_of_a_version_names_both_versions(aws: Any) -> None:
    aws.make_source_and_destination(versioned=True)
    first = aws.s3.put_object(**_FROM_SOURCE, Body=b"first")["VersionId"]
    aws.s3.put_object(**_FROM_SOURCE, Body=b"second")

    copied = _copy(aws, CopySource={**_FROM_SOURCE, "VersionId": first})

    assert copied["CopySourceVersionId"] == first
    assert copied["VersionId"] == aws.s3.head_object(**_TO_DESTINATION)["VersionId"]
    assert _body(aws) == b"first"


def test_a_copy_of_a_multipart_object_has_the_etag_of_its_bytes(aws: Any) -> None:
    aws.make_source_and_destination()
    upload = aws.s3.create_multipart_upload(**_FROM_SOURCE)["UploadId"]
    part = aws.s3.upload_part(**_FROM_SOURCE, UploadId=upload, PartNumber=1, Body=b"body")
    aws.s3.complete_multipart_upload(
        **_FROM_SOURCE, UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    )

    etag = _copy(aws)["CopyObjectResult"]["ETag"]

    assert aws.s3.head_object(**_FROM_SOURCE)["ETag"].endswith('-1"')
    assert etag == '"841a2d689ad86bd1611447453c22c6fc"'
    assert "PartsCount" not in aws.s3.head_object(**_TO_DESTINATION, PartNumber=1)
