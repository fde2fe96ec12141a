"""What botocore must be taught to carry any object: header values of any bytes, and keys that XML cannot hold."""

import re
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from shared.lambda_runtime.aws import NOT_XML, keep_expires_as_text

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest
    from mypy_boto3_s3 import S3Client

# The content headers by the names of their parameters. `Expires` goes by the name that HEAD gives it as text.
CONTENT_HEADERS = {
    "CacheControl": "Cache-Control",
    "ContentDisposition": "Content-Disposition",
    "ContentEncoding": "Content-Encoding",
    "ContentLanguage": "Content-Language",
    "ContentType": "Content-Type",
    "ExpiresString": "Expires",
}
# How the answers begin that name the key, of the calls that are made here without asking for an encoded one.
_NAMING_A_KEY = ("InitiateMultipartUpload", "CompleteMultipartUpload", "ListParts")
_HELD_BACK = "copytrail_content_headers"
_CHARACTER_REFERENCE = re.compile(r"&#(?:(?P<decimal>[0-9]{1,7})|x(?P<hexadecimal>[0-9a-fA-F]{1,6}));")


def carry_anything(s3: "S3Client") -> None:
    """Teach a client; a second time does no harm.

    CreateMultipartUpload takes `ExpiresString` (any text) beside the other content headers, each byte a character
    (Latin-1), as HEAD gives them. Answers that name such a key are read; they do not tell the key as it is.
    """
    keep_expires_as_text(s3)
    events = s3.meta.events
    events.register("before-parameter-build.s3.CreateMultipartUpload", _hold_back, unique_id="copytrail_hold_back")
    # Where the signer is registered, too: of a more specific name, it would be called before that.
    events.register_last("request-created.s3", _put_in, unique_id="copytrail_put_in")
    events.register("before-parse.s3", _make_readable, unique_id="copytrail_readable_xml")


def as_sent(value: str | None) -> str | None:
    """A header's value as botocore has to get it to send the same bytes again: it reads Latin-1 and writes UTF-8."""
    if value is None:
        return None
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _hold_back(params: MutableMapping[str, Any], context: MutableMapping[str, Any], **_: Any) -> None:
    """Take from the parameters what botocore would change: a date that is none, bytes that are not ASCII."""
    context[_HELD_BACK] = {
        CONTENT_HEADERS[name]: params.pop(name).encode("latin-1")
        for name in CONTENT_HEADERS
        if name in params and (name == "ExpiresString" or not params[name].isascii())
    }


def _put_in(request: "AWSRequest", **_: Any) -> None:
    # After signing: AWS asks for no signature of these, and does not say how it reads bytes that are no text.
    for name, value in request.context.get(_HELD_BACK, {}).items():
        request.headers[name] = value


def _make_readable(response_dict: MutableMapping[str, Any], **_: Any) -> None:
    """Undo that botocore takes an answer of 200 that it cannot parse for a 500, and asks again: each try would count.

    Source: `botocore.handlers._handle_200_error`.
    """
    body = response_dict["body"]
    if response_dict["status_code"] != 500 or not isinstance(body, bytes):  # noqa: PLR2004 - what botocore makes of it
        return
    readable = _CHARACTER_REFERENCE.sub(
        _xml_only, NOT_XML.sub("\N{REPLACEMENT CHARACTER}", body.decode(errors="replace"))
    )
    try:
        root = ET.fromstring(readable)  # noqa: S314 - S3's own answer, which botocore parses next
    except ET.ParseError:
        return
    # What S3 answers with a real 500, and whatever else stands in front of it, stays one.
    if root.tag.rpartition("}")[2].startswith(_NAMING_A_KEY):
        response_dict["status_code"], response_dict["body"] = 200, readable.encode()


def _xml_only(reference: re.Match[str]) -> str:
    decimal, hexadecimal = reference["decimal"], reference["hexadecimal"]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return reference[0] if code <= sys.maxunicode and not NOT_XML.match(chr(code)) else "\N{REPLACEMENT CHARACTER}"
