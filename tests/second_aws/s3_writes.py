"""What S3 refuses: conditions on both ends of a copy, owners, sizes, and sources that cannot be read."""

import time
from datetime import UTC, datetime
from typing import Any

from tests.second_aws.rules import DONE, Site, attempt, rule

_COPY = "AmazonS3/latest/API/API_CopyObject.html"
_PART = "AmazonS3/latest/API/API_UploadPartCopy.html"
_COMPLETE = "AmazonS3/latest/API/API_CompleteMultipartUpload.html"
_CONDITIONS = "AmazonS3/latest/userguide/conditional-writes.html"
_NEWEST = "never backwards: `services/copier/newest_only.py`"
_OTHER = '"0123456789abcdef0123456789abcdef"'
_KEY_OF_ITS_OWNER = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"0" * 32}


def _begun(aws: Site, source: dict[str, str], destination: dict[str, str]) -> dict[str, Any]:
    """An upload with the source as its only part; what completes it."""
    upload = {**destination, "UploadId": aws.s3.create_multipart_upload(**destination)["UploadId"]}
    part = aws.s3.upload_part_copy(**upload, PartNumber=1, CopySource=source)["CopyPartResult"]["ETag"]
    return {**upload, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part}]}}


@rule(
    "S3",
    "CopyObject with `If-None-Match: *` is refused where the key is taken",
    page=_COPY,
    rests=_NEWEST,
    aws="412 PreconditionFailed",
    second=DONE,
)
def copy_to_a_key_that_must_be_new(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    aws.s3.put_object(**destination, Body=b"old")
    return attempt(aws.s3.copy_object, **destination, CopySource=source, IfNoneMatch="*")


@rule(
    "S3",
    "CopyObject with `If-Match` is refused where another object is",
    page=_COPY,
    rests=_NEWEST,
    aws="412 PreconditionFailed",
    second=DONE,
)
def copy_over_another_object(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    aws.s3.put_object(**destination, Body=b"old")
    return attempt(aws.s3.copy_object, **destination, CopySource=source, IfMatch=_OTHER)


@rule(
    "S3",
    "CopyObject with `If-Match` is refused where no object is",
    page=_CONDITIONS,
    rests=_NEWEST,
    aws="404 NoSuchKey",
    second=DONE,
)
def copy_over_no_object(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    return attempt(aws.s3.copy_object, **destination, CopySource=source, IfMatch=_OTHER)


@rule(
    "S3",
    "A delete marker is no object: `If-None-Match: *` holds",
    page=_CONDITIONS,
    rests="copies after a deletion: `services/copier/deletions.py`",
)
def copy_over_a_delete_marker(aws: Site) -> str:
    source, destination = aws.two(versioned=True)
    aws.s3.put_object(**source, Body=b"new")
    aws.s3.put_object(**destination, Body=b"old")
    aws.s3.delete_object(**destination)
    return attempt(aws.s3.copy_object, **destination, CopySource=source, IfNoneMatch="*")


@rule(
    "S3",
    "CopyObject with `x-amz-copy-source-if-match` is refused where the source has another ETag",
    page=_COPY,
    rests=_NEWEST,
    aws="412 PreconditionFailed",
)
def copy_of_another_upload(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    return attempt(aws.s3.copy_object, **destination, CopySource=source, CopySourceIfMatch=_OTHER)


@rule(
    "S3",
    "UploadPartCopy with `x-amz-copy-source-if-match` is refused where the source has another ETag",
    page=_PART,
    rests="parts of two uploads are never mixed: `services/copier/multipart.py`",
    aws="412 PreconditionFailed",
)
def part_of_another_upload(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    upload = aws.s3.create_multipart_upload(**destination)["UploadId"]
    part = {**destination, "UploadId": upload, "PartNumber": 1, "CopySource": source}
    return attempt(aws.s3.upload_part_copy, **part, CopySourceIfMatch=_OTHER)


@rule(
    "S3",
    "CompleteMultipartUpload with `If-None-Match: *` is refused where the key is taken",
    page=_COMPLETE,
    rests=_NEWEST,
    aws="412 PreconditionFailed",
)
def complete_to_a_key_that_must_be_new(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    aws.s3.put_object(**destination, Body=b"old")
    return attempt(aws.s3.complete_multipart_upload, **_begun(aws, source, destination), IfNoneMatch="*")


@rule(
    "S3",
    "CompleteMultipartUpload with `If-Match` is refused where another object is",
    page=_COMPLETE,
    rests=_NEWEST,
    aws="412 PreconditionFailed",
)
def complete_over_another_object(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    aws.s3.put_object(**destination, Body=b"old")
    return attempt(aws.s3.complete_multipart_upload, **_begun(aws, source, destination), IfMatch=_OTHER)


@rule(
    "S3",
    "CompleteMultipartUpload with another `x-amz-mp-object-size` is refused",
    page=_COMPLETE,
    rests="a copy in parts is whole: `services/copier/multipart.py`",
    aws="400 InvalidRequest",
)
def complete_with_another_size(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    return attempt(aws.s3.complete_multipart_upload, **_begun(aws, source, destination), MpuObjectSize=4)


@rule(
    "S3",
    "An upload that was aborted takes no part",
    page=_PART,
    rests="a continued copy whose upload is gone begins anew: `services/copier/multipart.py`",
    aws="404 NoSuchUpload",
)
def part_of_an_aborted_upload(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    upload = {**destination, "UploadId": aws.s3.create_multipart_upload(**destination)["UploadId"]}
    aws.s3.abort_multipart_upload(**upload)
    return attempt(aws.s3.upload_part_copy, **upload, PartNumber=1, CopySource=source)


@rule(
    "S3",
    "DeleteObject with `If-Match` is refused where another object is",
    page="AmazonS3/latest/API/API_DeleteObject.html",
    rests="deletions that follow: `services/copier/deletions.py`",
    aws="412 PreconditionFailed",
)
def delete_of_another_object(aws: Site) -> str:
    _, destination = aws.two(versioned=True)
    aws.s3.put_object(**destination, Body=b"newer")
    return attempt(aws.s3.delete_object, **destination, IfMatch=_OTHER)


@rule(
    "S3",
    "A request with another `x-amz-expected-bucket-owner` is refused",
    page="AmazonS3/latest/userguide/bucket-owner-condition.html",
    rests="buckets of other accounts: `services/copier/adapters/s3_parameters.py`",
    aws="403",
    second="done",
)
def read_of_another_owner(aws: Site) -> str:
    source, _ = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    return attempt(aws.s3.head_object, **source, ExpectedBucketOwner="999999999999")


@rule(
    "S3",
    "CopyObject with another `x-amz-source-expected-bucket-owner` is refused",
    page="AmazonS3/latest/userguide/bucket-owner-condition.html",
    rests="buckets of other accounts: `services/copier/adapters/s3_parameters.py`",
    aws="403 AccessDenied",
    second="done",
)
def copy_of_another_owner(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    return attempt(aws.s3.copy_object, **destination, CopySource=source, ExpectedSourceBucketOwner="999999999999")


@rule(
    "S3",
    "CopyObject of an archived object is refused",
    page="AmazonS3/latest/userguide/archived-objects.html",
    rests="`Archived`: `services/copier/adapters/s3_refusals.py`",
    aws="403 InvalidObjectState",
    second=DONE,
)
def copy_of_an_archived_object(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"cold", StorageClass="GLACIER")
    return attempt(aws.s3.copy_object, **destination, CopySource=source)


@rule(
    "S3",
    "CopyObject of an object under its uploader's key (SSE-C) is refused without that",
    page="AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html",
    rests="`EncryptedWithCustomerKey`: `services/copier/adapters/s3_refusals.py`",
    aws="400 InvalidRequest",
)
def copy_of_an_object_under_its_uploaders_key(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"secret", **_KEY_OF_ITS_OWNER)
    return attempt(aws.s3.copy_object, **destination, CopySource=source)


@rule(
    "S3",
    "A key over 1,024 bytes of UTF-8 is refused",
    page="AmazonS3/latest/userguide/object-keys.html",
    rests="`KeyTooLong`: `shared/routes.py`",
    aws="400 KeyTooLongError",
    second="done",
)
def put_under_a_long_key(aws: Site) -> str:
    return attempt(aws.s3.put_object, Bucket=aws.bucket(), Key="é" * 512 + "x", Body=b"")


@rule(
    "S3",
    "A copy to a bucket that is not there is refused as `NoSuchBucket`",
    page="AmazonS3/latest/API/ErrorResponses.html",
    rests="permanent, not retried: `shared/errors.py`",
    aws="404 NoSuchBucket",
)
def copy_to_no_bucket(aws: Site) -> str:
    source, _ = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    return attempt(aws.s3.copy_object, Bucket=aws.name(), Key="key", CopySource=source)


@rule(
    "S3",
    "HEAD of a key that is not there, or has a delete marker, is 404 without a code",
    page="AmazonS3/latest/API/API_HeadObject.html",
    rests="`SourceDeleted`: `services/copier/adapters/s3.py`",
    aws="404, 404",
)
def head_of_no_object(aws: Site) -> str:
    source, other = aws.two(versioned=True)
    aws.s3.put_object(**source, Body=b"old")
    aws.s3.delete_object(**source)
    return f"{attempt(aws.s3.head_object, **source)}, {attempt(aws.s3.head_object, **other)}"


@rule(
    "S3",
    "`LastModified` of an upload in parts is when it began",
    page="AmazonS3/latest/userguide/UsingMetadata.html",
    rests="what an overwrite is checked by: `services/copier/newest_only.py`",
    aws="its beginning",
    second="its end",
)
def date_of_an_upload_in_parts(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"new")
    begun = _begun(aws, source, destination)
    began = datetime.now(UTC)
    # S3 tells whole seconds.
    time.sleep(2.1)
    aws.s3.complete_multipart_upload(**begun)
    told = aws.s3.head_object(**destination)["LastModified"]
    return "its beginning" if told <= began else "its end"
