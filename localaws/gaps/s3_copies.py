"""CopyObject: its conditions on both sides, what it refuses, and what of the source it takes along.

moto ignores CopySourceIfMatch, IfMatch and IfNoneMatch, has another code for archived sources, copies any size, keeps
the tags of the object it overwrites, and copies the website redirect.

Sources: "CopyObject" and "UploadPartCopy", S3 API reference; "Conditional writes", S3 user guide.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.core.utils import str_to_rfc_1123_datetime
from moto.s3.exceptions import InvalidObjectState, MissingKey, PreconditionFailed, S3ClientError
from moto.s3.models import FakeKey, S3Backend
from moto.s3.responses import S3Response
from moto.s3.utils import ARCHIVE_STORAGE_CLASSES

from localaws.gaps import s3_customer_keys
from localaws.gaps.patching import Patch, around

# Tests lower it: nobody uploads 5 GiB to a laptop.
largest_copy_source = 5 * 1024**3

_REDIRECT = "x-amz-website-redirect-location"


def patches() -> Iterator[Patch]:
    """Check before moto copies, and put right what it took along."""
    yield around(S3Response, "copy_object", _on_conditions)
    yield around(S3Backend, "copy_object", _taking_along_what_s3_does)
    yield around(S3Response, "put_object", _on_destination_conditions)


def check_source(response: Any) -> FakeKey | None:
    """The source of a CopyObject or UploadPartCopy, if there is one and it may be copied.

    Raises:
        S3ClientError: a condition on the source does not hold, or it is archived.
    """
    source: FakeKey | None = _source(response)
    if source is not None:
        _check_source_conditions(response.headers, source)
        s3_customer_keys.check_copy_source(response.headers, source)
        if source.storage_class in ARCHIVE_STORAGE_CLASSES and not _is_restored(source):
            raise InvalidObjectState(storage_class=source.storage_class)
    return source


def check_size(size: int) -> None:
    """Raise S3's error when one request is to copy more than 5 GiB; `size` in bytes."""
    if size > largest_copy_source:
        raise S3ClientError(
            "InvalidRequest",
            "The specified copy source is larger than the maximum allowable size for a copy source: "
            f"{largest_copy_source}",
        )


def check_destination(response: Any) -> None:
    """Check IfMatch and IfNoneMatch against the object that a write would replace.

    Raises:
        S3ClientError: 412 when they do not hold; 404 for IfMatch where nothing is, or a delete marker.
    """
    if_match, if_none_match = response.headers.get("If-Match"), response.headers.get("If-None-Match")
    if if_match is None and if_none_match is None:
        return
    key_name = response.parse_key_name()
    existing = response.backend.get_object(response.bucket_name, key_name)
    if if_none_match is not None:
        if if_none_match != "*":
            raise S3ClientError("NotImplemented", "A header you provided implies functionality that is not implemented")
        if existing is not None:
            raise PreconditionFailed("If-None-Match")
    if if_match is not None:
        if existing is None:
            raise MissingKey(key=key_name)
        if not _same_etag(if_match, existing):
            raise PreconditionFailed("If-Match")


def _on_conditions(original: Callable[..., Any], self: Any) -> Any:
    if (source := check_source(self)) is not None:
        check_size(source.size)
        check_destination(self)
    return original(self)


def _on_destination_conditions(original: Callable[..., Any], self: Any) -> Any:
    check_destination(self)
    return original(self)


def _taking_along_what_s3_does(
    original: Callable[..., Any],
    self: S3Backend,
    src_key: FakeKey,
    dest_bucket_name: str,
    dest_key_name: str,
    **more: Any,
) -> None:
    tags = dict(self.tagger.get_tag_dict_for_resource(src_key.arn))
    original(self, src_key, dest_bucket_name, dest_key_name, **more)
    copied = self.get_bucket(dest_bucket_name).keys[dest_key_name]
    self.tagger.delete_all_tags_for_resource(copied.arn)
    self.tagger.tag_resource(copied.arn, self.tagger.convert_dict_to_tags_input(tags))
    # The copy has one part: its own.
    copied.multipart = None
    if not more.get("website_redirect_location"):
        copied.metadata.pop(_REDIRECT, None)


def _source(response: Any) -> Any:
    path, _, query = response.headers["x-amz-copy-source"].partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    version_id = parse_qs(query).get("versionId", [None])[0]
    return response.backend.get_object(bucket, key, version_id=version_id)


def _check_source_conditions(headers: Mapping[str, str], source: FakeKey) -> None:
    modified = source.last_modified.replace(microsecond=0, tzinfo=UTC)
    if_match = headers.get("x-amz-copy-source-if-match")
    if if_match is not None and not _same_etag(if_match, source):
        raise PreconditionFailed("x-amz-copy-source-If-Match")
    unmodified_since = headers.get("x-amz-copy-source-if-unmodified-since")
    # "If both are present and the ETag matches, S3 copies, even if the object was modified since."
    if unmodified_since is not None and if_match is None and modified > _moment(unmodified_since):
        raise PreconditionFailed("x-amz-copy-source-If-Unmodified-Since")
    if_none_match = headers.get("x-amz-copy-source-if-none-match")
    if if_none_match is not None and _same_etag(if_none_match, source):
        raise PreconditionFailed("x-amz-copy-source-If-None-Match")
    modified_since = headers.get("x-amz-copy-source-if-modified-since")
    if modified_since is not None and modified <= _moment(modified_since):
        raise PreconditionFailed("x-amz-copy-source-If-Modified-Since")


def _moment(text: str) -> datetime:
    return str_to_rfc_1123_datetime(text).replace(tzinfo=UTC)


def _same_etag(asked: str, key: FakeKey) -> bool:
    return asked.strip('"') == key.etag.strip('"')


def _is_restored(key: FakeKey) -> bool:
    return 'ongoing-request="false"' in key.response_dict.get("x-amz-restore", "")
