"""Owns the checksums that S3 keeps with an object: read from the request's end, given back with their type.

moto looks for a trailing checksum in the whole body, where it may find the user's own bytes, and never tells the type
of a checksum in a HEAD; after a copy it passes off the checksum over parts as that of the whole.

Source: "Checking object integrity", S3 user guide.
"""

import re
from collections.abc import Callable
from typing import Any

from moto.s3.models import FakeKey, S3Backend
from moto.s3.responses import S3Response
from moto.s3.utils import compute_checksum

from localaws.gaps import patching

_ALGORITHMS = ("CRC64NVME", "CRC32", "CRC32C", "SHA1", "SHA256")
_LONGEST_TRAILER = 1024
_TRAILER = re.compile(rb"x-amz-checksum-\w+:([A-Za-z0-9+/]+=*)")


def close() -> None:
    """Replace how moto reads a checksum, and add the type where it shows one."""
    patching.replace(S3Response, "_get_checksum", lambda _: _get_checksum)
    patching.replace(S3Response, "head_object", _with_type)
    patching.replace(S3Response, "get_object", _with_type)
    patching.replace(S3Backend, "copy_object", _of_the_whole)


def _get_checksum(response: Any, response_headers: dict[str, Any]) -> tuple[str, str | None]:
    """The stand-in for moto's method: the algorithm, or "", and the value in base64."""
    algorithm = _algorithm(response)
    if not algorithm:
        return "", None
    header = f"x-amz-checksum-{algorithm.lower()}"
    value = response.headers.get(header) or _trailing(response.raw_body)
    if value is None:
        value = compute_checksum(response.body or b"", algorithm).decode()
    response_headers[header] = value
    return algorithm, value


def _algorithm(response: Any) -> str:
    if named := response.headers.get("x-amz-sdk-checksum-algorithm"):
        return str(named).upper()
    trailer = response.headers.get("x-amz-trailer", "")
    return next(
        (
            algorithm
            for algorithm in _ALGORITHMS
            if (header := f"x-amz-checksum-{algorithm.lower()}") in response.headers or header == trailer
        ),
        "",
    )


def _trailing(raw_body: Any) -> str | None:
    found = _TRAILER.findall(raw_body[-_LONGEST_TRAILER:]) if isinstance(raw_body, bytes) else []
    return found[-1].decode() if found else None


def _with_type(original: Callable[..., Any]) -> Callable[..., Any]:
    def respond(self: Any, *more: Any, **named: Any) -> Any:
        status, headers, body = original(self, *more, **named)
        if status in (200, 206) and self.headers.get("x-amz-checksum-mode") == "ENABLED":
            version_id = self.querystring.get("versionId", [None])[0]
            key = self.backend.get_object(self.bucket_name, self.parse_key_name(), version_id=version_id)
            headers.update(_headers(key))
        return status, headers, body

    return respond


def _headers(key: FakeKey) -> dict[str, str]:
    if not key.checksum_algorithm or not key.checksum_value:
        return {}
    composite = key.checksum_type == "COMPOSITE"
    return {
        f"x-amz-checksum-{key.checksum_algorithm.lower()}": key.checksum_value
        + (f"-{key.checksum_parts}" if composite else ""),
        "x-amz-checksum-type": "COMPOSITE" if composite else "FULL_OBJECT",
    }


def _of_the_whole(original: Callable[..., Any]) -> Callable[..., Any]:
    def copy_object(self: S3Backend, src_key: FakeKey, dest_bucket_name: str, dest_key_name: str, **more: Any) -> None:
        original(self, src_key, dest_bucket_name, dest_key_name, **more)
        copied = self.get_bucket(dest_bucket_name).keys[dest_key_name]
        copied.checksum_type = "FULL_OBJECT"
        if src_key.checksum_type == "COMPOSITE" and src_key.checksum_algorithm:
            copied.checksum_value = compute_checksum(copied.value, src_key.checksum_algorithm).decode()

    return copy_object
