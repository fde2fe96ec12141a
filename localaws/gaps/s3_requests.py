"""Owns what goes around each S3 request: one at a time, for the right owner, its events once everything is in place.

moto serves S3 requests concurrently without a lock: it closes an object's buffer while another request reads it, checks
a condition and writes later, and shows an object before its metadata and tags are there.
"""

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.s3.responses import S3Response

from localaws.gaps import patching, s3_events
from localaws.gaps.s3_errors import S3RefusedError, access_denied

_LONGEST_KEY = 1024

_one_at_a_time = threading.RLock()


def close() -> None:
    """Put it around requests on objects and on buckets."""
    patching.replace(S3Response, "_key_response", _around)
    patching.replace(S3Response, "_bucket_response", _around)


def _around(original: Callable[..., Any]) -> Callable[..., Any]:
    def respond(self: Any, request: Any, full_url: str) -> Any:
        with _one_at_a_time, s3_events.held_back(_facts(self, request)):
            _check_owners(self)
            _check_key(self)
            return original(self, request, full_url)

    return respond


def _facts(response: Any, request: Any) -> s3_events.RequestFacts:
    tagging, acl = "tagging" in request.args, "acl" in request.args
    return s3_events.RequestFacts(
        requester=response.current_account, source_ip=request.remote_addr or "127.0.0.1", about_object=not tagging | acl
    )


def _check_owners(response: Any) -> None:
    expectations = [(response.bucket_name, response.headers.get("x-amz-expected-bucket-owner"))]
    if source := response.headers.get("x-amz-copy-source"):
        source_bucket = unquote(source).lstrip("/").partition("/")[0]
        expectations.append((source_bucket, response.headers.get("x-amz-source-expected-bucket-owner")))
    for bucket, expected in expectations:
        if expected and response.backend.get_bucket(bucket).account_id != expected:
            raise access_denied()


def _check_key(response: Any) -> None:
    if len(response.parse_key_name().encode("utf-8", "surrogateescape")) > _LONGEST_KEY:
        raise S3RefusedError("KeyTooLongError", "Your key is too long")
