"""Multipart uploads: unknown uploads, conditions and ranges of part copies, what completing one checks.

moto fails inside on an unknown upload, ignores CopySourceIfMatch and IfMatch, cuts a range that reaches too far, and
dates the object by its completion, where S3 takes the initiation.

Sources: "UploadPartCopy" and "CompleteMultipartUpload", S3 API reference.
"""

from collections.abc import Callable, Iterator
from typing import Any

from moto.core.utils import utcnow
from moto.s3.exceptions import MissingKey, NoSuchUpload, S3ClientError
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

from localaws.gaps import s3_copies
from localaws.gaps.patching import Patch, around


def patches() -> Iterator[Patch]:
    """Check before moto takes a part or completes an upload."""
    yield around(S3Response, "upload_part_copy", _on_conditions)
    yield around(S3Response, "_key_response_post", _completing_on_conditions)
    for name in ("upload_part", "upload_part_copy", "complete_multipart_upload"):
        yield around(S3Backend, name, _of_a_known_upload)
    yield around(S3Backend, "create_multipart_upload", _noting_the_time)
    yield around(S3Backend, "complete_multipart_upload", _dating_from_the_start)


def _on_conditions(original: Callable[..., Any], self: Any) -> Any:
    source = s3_copies.check_source(self)
    if source is None:
        raise MissingKey
    s3_copies.check_size(_size_of_range(self.headers.get("x-amz-copy-source-range"), source.size))
    return original(self)


def _size_of_range(given: str | None, size: int) -> int:
    if given is None:
        return size
    first, _, last = given.removeprefix("bytes=").partition("-")
    if not (first.isdigit() and last.isdigit() and int(first) <= int(last)):
        raise S3ClientError(
            "InvalidArgument",
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
        )
    if int(last) >= size:
        raise S3ClientError("InvalidArgument", f"Range specified is not valid for source object of size: {size}")
    return int(last) - int(first) + 1


def _completing_on_conditions(
    original: Callable[..., Any], self: Any, request: Any, body: bytes, bucket_name: str, *more: Any
) -> Any:
    query = more[0]
    if query.get("uploadId"):
        upload = self.backend.get_bucket(bucket_name).multiparts.get(query["uploadId"][0])
        # Completing twice is allowed, and the second time there is no upload any more.
        if upload is not None:
            s3_copies.check_destination(self)
            _check_object_size(self.headers.get("x-amz-mp-object-size"), upload)
    return original(self, request, body, bucket_name, *more)


def _check_object_size(expected: str | None, upload: Any) -> None:
    size = sum(part.size for part in upload.parts.values())
    if expected is not None and int(expected) != size:
        raise S3ClientError(
            "InvalidRequest",
            f"The provided 'x-amz-mp-object-size' header value {expected} does not match what was computed: {size}",
        )


def _of_a_known_upload(
    original: Callable[..., Any], self: S3Backend, bucket_name: str, upload_id: str, *more: Any, **named: Any
) -> Any:
    if upload_id not in self.get_bucket(bucket_name).multiparts:
        raise NoSuchUpload(upload_id)
    return original(self, bucket_name, upload_id, *more, **named)


def _noting_the_time(original: Callable[..., Any], self: S3Backend, *more: Any, **named: Any) -> Any:
    upload = original(self, *more, **named)
    upload.initiated = utcnow()
    return upload


def _dating_from_the_start(original: Callable[..., Any], self: S3Backend, *more: Any, **named: Any) -> Any:
    key = original(self, *more, **named)
    key.last_modified = key.multipart.initiated
    return key
