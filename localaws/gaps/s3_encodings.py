"""Texts that S3 writes otherwise than they came: metadata that is not ASCII, and keys in a listing of versions.

S3 stores metadata decoded as RFC 2047 says, and gives it back encoded so; moto gives back the bytes that it got. It
lists versions without heeding `encoding-type=url`, which is the only readable way for keys that XML cannot hold, and
repeats `StartAfter` without.

Sources: "Working with object metadata", S3 user guide; "ListObjectVersions", S3 API reference.
"""

import base64
from collections.abc import Callable, Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Any
from urllib.parse import quote_plus

from moto.s3 import responses
from moto.s3.responses import S3Response

from localaws.gaps.patching import Patch, around

_METADATA = "x-amz-meta-"
_VERSIONS_TOLD = ("Prefix", "Delimiter", "KeyMarker", "NextKeyMarker")


def patches() -> Iterator[Patch]:
    """Decode metadata as it comes, encode it as it goes; encode the keys of versions for whoever asks."""
    yield around(responses, "metadata_from_headers", _decoding_metadata)
    for name in ("head_object", "get_object"):
        yield around(S3Response, name, _encoding_metadata)
    for name in ("list_objects_v2", "list_object_versions"):
        yield around(S3Response, name, _encoding_keys)


def _decoding_metadata(original: Callable[..., Any], headers: Any) -> Any:
    metadata = original(headers)
    for name in [name for name in metadata if name.lower().startswith(_METADATA)]:
        metadata[name] = _decoded(metadata[name])
    return metadata


def _decoded(value: str) -> str:
    # WSGI hands header bytes over as Latin-1.
    text = value.encode("latin-1", "replace").decode(errors="replace")
    try:
        return str(make_header(decode_header(text))) if "=?" in text else text
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text


def _encoding_metadata(original: Callable[..., Any], self: Any, *more: Any, **named: Any) -> Any:
    status, headers, body = original(self, *more, **named)
    for name in [name for name in headers if name.lower().startswith(_METADATA)]:
        if not headers[name].isascii():
            headers[name] = f"=?UTF-8?B?{base64.b64encode(headers[name].encode()).decode()}?="
    return status, headers, body


def _encoding_keys(original: Callable[..., Any], self: Any, *more: Any) -> Any:
    if self.querystring.get("encoding-type", [None])[0] != "url":
        return original(self, *more)
    write = self.serialized

    def serialized(action: Any) -> Any:
        told = action.result
        if not isinstance(told, dict):
            # An error, such as NoSuchBucket.
            return write(action)
        if "Versions" in told:
            for item in (*told["Versions"], *told["DeleteMarkers"]):
                item["Key"] = quote_plus(item["Key"], safe="/")
            for item in told.get("CommonPrefixes", ()):
                item["Prefix"] = quote_plus(item["Prefix"], safe="/")
            told |= {name: quote_plus(told[name], safe="/") for name in _VERSIONS_TOLD if told.get(name)}
            told["EncodingType"] = "url"
        elif "StartAfter" in told:
            told["StartAfter"] = quote_plus(told["StartAfter"], safe="/")
        return write(action)

    self.serialized = serialized
    return original(self, *more)
