"""The checksums that S3 keeps with an object: read from the request's end, given back with their type by every call.

moto looks for a trailing checksum in the whole body, where it may find the user's own bytes, and never tells the type
of a checksum in a HEAD; after a copy it passes off the checksum over parts as that of the whole. It leaves objects
without the checksum that S3 gives them, computes CRC32C as CRC32 and unknown algorithms as SHA-256, takes any
combination of algorithm and type for parts, and tells no type after a copy and nothing after a completion.

Source: "Checking object integrity", S3 user guide.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any

from awscrt import checksums as crt
from moto.s3 import models, responses
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeKey, S3Backend
from moto.s3.responses import S3Response

from localaws.gaps.patching import Patch, around

_DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "CRC64NVME": lambda body: crt.crc64nvme(body).to_bytes(8),
    "CRC32": lambda body: crt.crc32(body).to_bytes(4),
    "CRC32C": lambda body: crt.crc32c(body).to_bytes(4),
    "SHA1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "SHA256": lambda body: hashlib.sha256(body).digest(),
    "SHA512": lambda body: hashlib.sha512(body).digest(),
    "MD5": lambda body: hashlib.md5(body, usedforsecurity=False).digest(),
    "XXHASH64": crt.XXHash.compute_xxhash64,
    "XXHASH3": crt.XXHash.compute_xxhash3_64,
    "XXHASH128": crt.XXHash.compute_xxhash3_128,
}
# What S3 computes where nobody asked for another.
_DEFAULT = "CRC64NVME"
# Of parts that it never has together, S3 can compute these for the whole; the others only over the parts' checksums.
_OF_WHOLE_FROM_PARTS = frozenset({"CRC64NVME", "CRC32", "CRC32C"})
_WHOLE = "FULL_OBJECT"
_OVER_PARTS = "COMPOSITE"
_LONGEST_TRAILER = 1024
_TRAILER = re.compile(rb"x-amz-checksum-\w+:([A-Za-z0-9+/]+=*)")


def patches() -> Iterator[Patch]:
    """Replace how moto reads and computes a checksum, and add the type where it shows one."""
    for module in (models, responses):
        yield Patch(module, "compute_checksum", lambda _: compute)
    yield around(S3Response, "_get_checksum", _as_given)
    yield around(S3Response, "head_object", _with_type)
    yield around(S3Response, "get_object", _with_type)
    yield around(S3Response, "copy_object", _telling_checksum)
    yield around(S3Response, "_key_response_post", _telling_checksum_of_completed)
    yield around(S3Backend, "put_object", _with_default)
    yield around(S3Backend, "copy_object", _of_the_whole)
    yield around(S3Backend, "create_multipart_upload", _of_a_possible_type)


def compute(body: bytes, algorithm: str, encode_base64: bool = True) -> bytes:
    """The stand-in for moto's function: the checksum, in base64 unless its bytes are asked for.

    Raises:
        S3ClientError: S3 does not know the algorithm.
    """
    if algorithm not in _DIGESTS:
        raise S3ClientError("InvalidRequest", "Checksum algorithm provided is unsupported.")
    digest = _DIGESTS[algorithm](body)
    return base64.b64encode(digest) if encode_base64 else digest


def _as_given(_original: Callable[..., Any], response: Any, response_headers: dict[str, Any]) -> tuple[str, str | None]:
    """The algorithm, or "", and the value in base64."""
    algorithm = _algorithm(response)
    if not algorithm:
        return "", None
    header = f"x-amz-checksum-{algorithm.lower()}"
    value = response.headers.get(header) or _trailing(response.raw_body)
    if value is None:
        value = compute(response.body or b"", algorithm).decode()
    response_headers[header] = value
    return algorithm, value


def _algorithm(response: Any) -> str:
    if named := response.headers.get("x-amz-sdk-checksum-algorithm"):
        return str(named).upper()
    trailer = response.headers.get("x-amz-trailer", "")
    return next(
        (
            algorithm
            for algorithm in _DIGESTS
            if (header := f"x-amz-checksum-{algorithm.lower()}") in response.headers or header == trailer
        ),
        "",
    )


def _trailing(raw_body: Any) -> str | None:
    found = _TRAILER.findall(raw_body[-_LONGEST_TRAILER:]) if isinstance(raw_body, bytes) else []
    return found[-1].decode() if found else None


def _with_type(original: Callable[..., Any], self: Any, *more: Any, **named: Any) -> Any:
    status, headers, body = original(self, *more, **named)
    if status in (200, 206) and self.headers.get("x-amz-checksum-mode") == "ENABLED":
        version_id = self.querystring.get("versionId", [None])[0]
        key = self.backend.get_object(self.bucket_name, self.parse_key_name(), version_id=version_id)
        headers.update(_headers(key))
    return status, headers, body


def _headers(key: FakeKey) -> dict[str, str]:
    if not key.checksum_algorithm or not key.checksum_value:
        return {}
    return {
        f"x-amz-checksum-{key.checksum_algorithm.lower()}": _value(key),
        "x-amz-checksum-type": _OVER_PARTS if key.checksum_type == _OVER_PARTS else _WHOLE,
    }


def _value(key: FakeKey) -> str:
    return str(key.checksum_value) if key.checksum_type != _OVER_PARTS else f"{key.checksum_value}-{key.checksum_parts}"


def _telling_checksum(original: Callable[..., Any], self: Any) -> Any:
    status, headers, body = original(self)
    # moto tells the algorithm and the value, not the type.
    key = self.backend.get_object(self.bucket_name, self.parse_key_name())
    return status, headers, _inserted(body, "CopyObjectResult", {"ChecksumType": key.checksum_type or _WHOLE})


def _telling_checksum_of_completed(
    original: Callable[..., Any], self: Any, request: Any, body: bytes, bucket_name: str, *more: Any
) -> Any:
    status, headers, answer = original(self, request, body, bucket_name, *more)
    if status == 200 and "uploadId" in more[0]:  # noqa: PLR2004 - HTTP's OK
        key = self.backend.get_object(bucket_name, self.parse_key_name())
        told = {f"Checksum{key.checksum_algorithm}": _value(key), "ChecksumType": key.checksum_type}
        answer = _inserted(answer, "CompleteMultipartUploadResult", told)
    return status, headers, answer


def _inserted(body: str | bytes, root: str, elements: dict[str, str]) -> str:
    text = body.decode() if isinstance(body, bytes) else body
    written = "".join(f"<{name}>{value}</{name}>" for name, value in elements.items())
    return text.replace(f"</{root}>", f"{written}</{root}>")


def _with_default(original: Callable[..., Any], self: S3Backend, *more: Any, **named: Any) -> Any:
    key = original(self, *more, **named)
    if not key.checksum_value:
        key.checksum_algorithm, key.checksum_value = _DEFAULT, compute(key.value, _DEFAULT).decode()
    return key


def _of_the_whole(
    original: Callable[..., Any],
    self: S3Backend,
    src_key: FakeKey,
    dest_bucket_name: str,
    dest_key_name: str,
    **more: Any,
) -> None:
    original(self, src_key, dest_bucket_name, dest_key_name, **more)
    copied = self.get_bucket(dest_bucket_name).keys[dest_key_name]
    copied.checksum_type = _WHOLE
    if src_key.checksum_type == _OVER_PARTS and src_key.checksum_algorithm:
        copied.checksum_value = compute(copied.value, src_key.checksum_algorithm).decode()


def _of_a_possible_type(
    original: Callable[..., Any], self: S3Backend, bucket_name: str, key_name: str, metadata: Any, *more: Any
) -> Any:
    algorithm = (metadata.get("x-amz-checksum-algorithm") or _DEFAULT).upper()
    if algorithm not in _DIGESTS:
        raise S3ClientError("InvalidRequest", "Checksum algorithm provided is unsupported.")
    kind = metadata.get("x-amz-checksum-type") or (_WHOLE if algorithm == _DEFAULT else _OVER_PARTS)
    if (kind == _WHOLE and algorithm not in _OF_WHOLE_FROM_PARTS) or (kind, algorithm) == (_OVER_PARTS, _DEFAULT):
        raise S3ClientError(
            "InvalidRequest",
            f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm.",
        )
    metadata.update({"x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": kind})
    return original(self, bucket_name, key_name, metadata, *more)
