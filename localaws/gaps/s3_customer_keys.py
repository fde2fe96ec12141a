"""Encryption with customer-provided keys (SSE-C): S3 keeps no such key, and reads the object for nobody who has it not.

moto takes the key with an upload, and then gives the object to anybody.

Source: "Using server-side encryption with customer-provided keys (SSE-C)", S3 user guide.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeKey, FakeMultipart, S3Backend
from moto.s3.responses import S3Response

from localaws.gaps.patching import Patch, around

_WITH_UPLOAD = "x-amz-server-side-encryption-customer-key-md5"
_OF_COPY_SOURCE = "x-amz-copy-source-server-side-encryption-customer-key-md5"

# The digest of its key, of each object and each multipart upload that has one.
_digests: "WeakKeyDictionary[FakeKey | FakeMultipart, str]" = WeakKeyDictionary()


def patches() -> Iterator[Patch]:
    """Note the keys that come with uploads, and ask for them when an object is read."""
    yield around(S3Response, "put_object", _noting_key_of_object)
    yield around(S3Response, "_key_response_post", _noting_key_of_upload)
    yield around(S3Backend, "complete_multipart_upload", _handing_key_on)
    for name in ("head_object", "get_object"):
        yield around(S3Response, name, _asking_for_key)


def check_copy_source(headers: Mapping[str, str], source: FakeKey) -> None:
    """Raise what S3 answers to a CopyObject or UploadPartCopy without the source's key."""
    _check(source, headers.get(_OF_COPY_SOURCE))


def _check(key: FakeKey, given: str | None) -> None:
    if _digests.get(key) != given:
        raise S3ClientError(
            "InvalidRequest",
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to "
            "retrieve the object."
            if given is None
            else "The encryption parameters are not applicable to this object.",
        )


def _noting_key_of_object(original: Callable[..., Any], self: Any) -> Any:
    answer = original(self)
    if digest := self.headers.get(_WITH_UPLOAD):
        _digests[self.backend.get_object(self.bucket_name, self.parse_key_name())] = digest
    return answer


def _noting_key_of_upload(
    original: Callable[..., Any], self: Any, request: Any, body: bytes, bucket_name: str, *more: Any
) -> Any:
    uploads = self.backend.get_bucket(bucket_name).multiparts
    before = set(uploads)
    answer = original(self, request, body, bucket_name, *more)
    if digest := request.headers.get(_WITH_UPLOAD):
        _digests.update({uploads[upload_id]: digest for upload_id in set(uploads) - before})
    return answer


def _handing_key_on(original: Callable[..., Any], self: S3Backend, *more: Any, **named: Any) -> Any:
    key = original(self, *more, **named)
    if key.multipart in _digests:
        _digests[key] = _digests[key.multipart]
    return key


def _asking_for_key(original: Callable[..., Any], self: Any, *more: Any, **named: Any) -> Any:
    version_id = self.querystring.get("versionId", [None])[0]
    key = self.backend.get_object(self.bucket_name, self.parse_key_name(), version_id=version_id)
    if key is not None:
        _check(key, self.headers.get(_WITH_UPLOAD))
    return original(self, *more, **named)
