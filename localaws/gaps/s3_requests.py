"""Every S3 request: found by any key, one at a time, for the right owner, its events once everything is in place.

moto serves S3 requests concurrently without a lock: it closes an object's buffer while another request reads it, checks
a condition and writes later, and shows an object before its metadata and tags are there. It finds no path whose key
holds a line end, and refuses what a condition of a bucket policy only might.
"""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.moto_server.utilities import RegexConverter
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from localaws.gaps import s3_events
from localaws.gaps.patching import Patch, around

_LONGEST_KEY = 1024

_one_at_a_time = threading.RLock()


def patches() -> Iterator[Patch]:
    """Put ours around requests on objects and on buckets."""
    yield around(S3Response, "_key_response", _around)
    yield around(S3Response, "_bucket_response", _around)
    yield around(RegexConverter, "__init__", _with_line_ends)
    yield around(FakeBucket, "get_permission", _by_unconditional_statements)


def _around(original: Callable[..., Any], self: Any, request: Any, full_url: str) -> Any:
    with _one_at_a_time, s3_events.held_back(_facts(self, request)):
        _check_owners(self)
        _check_key(self)
        return original(self, request, full_url)


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
            raise S3ClientError("AccessDenied", "Access Denied")


def _check_key(response: Any) -> None:
    if len(response.parse_key_name().encode("utf-8", "surrogateescape")) > _LONGEST_KEY:
        raise S3ClientError("KeyTooLongError", "Your key is too long")


def _with_line_ends(original: Callable[..., None], self: Any, url_map: Any, *items: Any) -> None:
    original(self, url_map, *items)
    self.regex = f"(?s:{self.regex})"


def _by_unconditional_statements(_original: Callable[..., Any], self: FakeBucket, action: str, resource: str) -> Any:
    """moto takes every unmet condition for a refusal, so "deny what does not use TLS" would close the bucket to all.

    Loopback stands for TLS here, and no other condition is in use.
    """
    if self.policy is None:
        return PermissionResult.NEUTRAL
    document = json.loads(self.policy)
    document["Statement"] = [statement for statement in document["Statement"] if "Condition" not in statement]
    return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)
